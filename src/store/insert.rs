//! Writing many rows at once, in the way that is quick on each database.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Text;
use serde::Serialize;

use super::{Error, Result};

/// Inserts rows: `insert!(conn, rows, messages)`; with columns behind it, rows that are there
/// already get the new values of these: `insert!(conn, rows, tickets, [status, version])`.
///
/// SQLite takes them as bound values, in chunks of a few lengths; PostgreSQL takes them all as one
/// value of JSON. Both are so that a connection prepares each statement once: parsing one with a
/// thousand values takes longer than running it.
macro_rules! insert {
    ($conn:expr, $rows:expr, $table:ident $(, [$($column:ident),+ $(,)?])?) => {{
        let rows = $rows;
        if !rows.is_empty() {
            $conn.cut.step()?;
            match &mut $conn.link {
                $crate::store::conn::Link::Sqlite(c) => {
                    c.spawn_blocking(move |c| {
                        $crate::store::insert::in_chunks!(rows, |r| {
                            let statement = diesel::insert_into($table::table).values(r);
                            $(let statement = statement
                                .on_conflict($table::id)
                                .do_update()
                                .set(($($table::$column.eq(diesel::upsert::excluded($table::$column)),)+));)?
                            diesel::RunQueryDsl::execute(statement, c)?;
                        });
                        Ok(())
                    })
                    .await?;
                }
                $crate::store::conn::Link::Postgres(c) => {
                    let update = &[$($(stringify!($column)),+)?];
                    let statement =
                        $crate::store::insert::JsonRows::new(stringify!($table), &rows, update)?;
                    let done = diesel_async::RunQueryDsl::execute(statement, &mut **c).await;
                    done.map_err(|error| $conn.last.explain(error))?;
                }
            }
        }
    }};
}
pub(super) use insert;

/// Hands out rows as arrays of 64, 16, 4 and 1: few statements for any number of rows. 64 of the
/// widest table (21 columns) are 1,344 values; SQLite takes 32,766 a statement.
macro_rules! in_chunks {
    ($rows:ident, |$r:ident| $run:block) => {{
        let (chunks, rest) = $rows.as_chunks::<64>();
        for $r in chunks $run
        let (chunks, rest) = rest.as_chunks::<16>();
        for $r in chunks $run
        let (chunks, rest) = rest.as_chunks::<4>();
        for $r in chunks $run
        let (chunks, _) = rest.as_chunks::<1>();
        for $r in chunks $run
    }};
}
pub(super) use in_chunks;

/// Rows of a table of PostgreSQL. Their fields have the names of its columns.
pub(super) struct JsonRows {
    before: String,
    json: String,
    after: String,
}

impl JsonRows {
    pub fn new<T: Serialize>(table: &str, rows: &[T], update: &[&str]) -> Result<Self> {
        let broken = |e: serde_json::Error| Error::Broken(format!("rows of {table}: {e}"));
        let first = serde_json::to_value(rows.first()).map_err(broken)?;
        let names = first.as_object().into_iter().flatten();
        let columns = names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let before = format!(
            "INSERT INTO {table} ({columns})
             SELECT {columns} FROM json_populate_recordset(NULL::{table}, "
        );
        let mut after = "::json)".to_owned();
        if !update.is_empty() {
            let set: Vec<_> = update.iter().map(|c| format!("{c} = excluded.{c}")).collect();
            after.push_str(&format!(" ON CONFLICT (id) DO UPDATE SET {}", set.join(", ")));
        }
        Ok(Self { before, json: serde_json::to_string(rows).map_err(broken)?, after })
    }
}

impl QueryFragment<Pg> for JsonRows {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.before);
        out.push_bind_param::<Text, _>(&self.json)?;
        out.push_sql(&self.after);
        Ok(())
    }
}

impl QueryId for JsonRows {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> diesel::RunQueryDsl<C> for JsonRows {}
