//! Writing many rows at once, in the way that is quick on each database.

use std::sync::OnceLock;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Text;
use diesel::sqlite::SqliteConnection;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use serde::Serialize;

use super::conn::{Conn, Link};
use super::{Error, Result};

/// Rows of one table that are to be written; see [`rows!`].
pub(super) trait Rows: Send {
    fn is_empty(&self) -> bool;
    fn insert(&self, conn: &mut SqliteConnection) -> QueryResult<()>;
    fn statement(&self) -> Result<JsonRows>;
}

/// Writes the rows of several tables, in this order. PostgreSQL is sent all statements before the
/// first one's end is waited for, and works through them one after the other.
pub(super) async fn write_all(conn: &mut Conn, tables: Vec<Box<dyn Rows>>) -> Result<()> {
    let tables = tables.into_iter().filter(|rows| !rows.is_empty());
    match &mut conn.link {
        Link::Sqlite(c) => {
            let (tables, cut): (Vec<_>, _) = (tables.collect(), conn.cut.clone());
            let insert = move |c: &mut SqliteConnection| {
                for rows in tables {
                    cut.step()?;
                    rows.insert(c)?;
                }
                Ok(())
            };
            c.spawn_blocking(insert).await?;
        }
        Link::Postgres(c) => {
            let mut shared: &AsyncPgConnection = c;
            let mut sent = Vec::new();
            for rows in tables {
                conn.cut.step()?;
                sent.push(rows.statement()?.execute(&mut shared));
            }
            try_join_all(sent).await.map_err(|error| conn.last.explain(error))?;
        }
    }
    Ok(())
}

/// Makes a list of these rows one that can be written: `rows!(Message, messages)`; with columns
/// behind it, rows that are there already get the new values of these:
/// `rows!(Ticket, tickets, [status, version])`.
///
/// SQLite takes them as bound values, in chunks of a few lengths; PostgreSQL takes them all as one
/// value of JSON. Both are so that a connection prepares each statement once: parsing one with a
/// thousand values takes longer than running it.
macro_rules! rows {
    ($row:ty, $table:ident $(, [$($column:ident),+ $(,)?])?) => {
        impl $crate::store::insert::Rows for Vec<$row> {
            fn is_empty(&self) -> bool {
                Vec::is_empty(self)
            }

            fn insert(
                &self,
                conn: &mut diesel::sqlite::SqliteConnection,
            ) -> diesel::QueryResult<()> {
                $crate::store::insert::in_chunks!(self, |r| {
                    let statement = diesel::insert_into($table::table).values(r);
                    $(let statement = statement
                        .on_conflict($table::id)
                        .do_update()
                        .set(($($table::$column.eq(diesel::upsert::excluded($table::$column)),)+));)?
                    diesel::RunQueryDsl::execute(statement, conn)?;
                });
                Ok(())
            }

            fn statement(&self) -> $crate::store::Result<$crate::store::insert::JsonRows> {
                static FRAME: std::sync::OnceLock<$crate::store::insert::Frame> =
                    std::sync::OnceLock::new();
                let update = &[$($(stringify!($column)),+)?];
                $crate::store::insert::JsonRows::new(&FRAME, stringify!($table), self, update)
            }
        }
    };
}
pub(super) use rows;

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

/// What stands before and behind a table's rows in its statement.
pub(super) type Frame = (String, String);

/// Rows of a table of PostgreSQL. Their fields have the names of its columns.
pub(super) struct JsonRows {
    frame: &'static Frame,
    json: String,
}

impl JsonRows {
    pub fn new<T: Serialize>(
        frame: &'static OnceLock<Frame>,
        table: &str,
        rows: &[T],
        update: &[&str],
    ) -> Result<Self> {
        let broken = |e: serde_json::Error| Error::Broken(format!("rows of {table}: {e}"));
        let json = serde_json::to_string(rows).map_err(broken)?;
        if let Some(frame) = frame.get() {
            return Ok(Self { frame, json });
        }
        let first = serde_json::to_value(rows.first()).map_err(broken)?;
        let names = first.as_object().into_iter().flatten();
        let columns = names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Self { frame: frame.get_or_init(|| make_frame(table, &columns, update)), json })
    }
}

fn make_frame(table: &str, columns: &str, update: &[&str]) -> Frame {
    let before = format!(
        "INSERT INTO {table} ({columns})
         SELECT {columns} FROM json_populate_recordset(NULL::{table}, "
    );
    let mut after = "::json)".to_owned();
    if !update.is_empty() {
        let set: Vec<_> = update.iter().map(|c| format!("{c} = excluded.{c}")).collect();
        after.push_str(&format!(" ON CONFLICT (id) DO UPDATE SET {}", set.join(", ")));
    }
    (before, after)
}

impl QueryFragment<Pg> for JsonRows {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (before, after) = self.frame;
        out.push_sql(before);
        out.push_bind_param::<Text, _>(&self.json)?;
        out.push_sql(after);
        Ok(())
    }
}

impl QueryId for JsonRows {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> diesel::RunQueryDsl<C> for JsonRows {}
