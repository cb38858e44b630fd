//! Writing many rows at once, in the way that is quick on each database.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::prelude::{Insertable, Table};
use diesel::query_builder::{AstPass, InsertStatement, QueryFragment, QueryId, ValuesClause};
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use serde::Serialize;
use serde::de::IgnoredAny;

use super::conn::{Conn, Link};
use super::{Error, Result};

/// Rows of one table that are to be written; see [`rows!`].
pub(super) trait Rows: Send {
    fn is_empty(&self) -> bool;
    fn insert(&self, conn: &mut SqliteConnection) -> QueryResult<()>;
    fn statement(&self) -> Result<ForPostgres<'_>>;
}

/// What writes the rows on PostgreSQL.
pub(super) struct ForPostgres<'a>(pub Box<dyn QueryFragment<Pg> + Send + 'a>);

impl QueryFragment<Pg> for ForPostgres<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl QueryId for ForPostgres<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> diesel::RunQueryDsl<C> for ForPostgres<'_> {}

/// Writes the rows of several tables, in this order. PostgreSQL is sent all statements before the
/// first one's end is waited for, and works through them one after the other.
pub(super) async fn write_all(conn: &Conn, tables: Vec<Box<dyn Rows>>) -> Result<()> {
    let tables = tables.into_iter().filter(|rows| !rows.is_empty());
    match &conn.link {
        Link::Sqlite(c) => {
            let (tables, cut): (Vec<_>, _) = (tables.collect(), conn.cut.clone());
            let insert = move |c: &mut SqliteConnection| {
                for rows in tables {
                    cut.step()?;
                    rows.insert(c)?;
                }
                Ok(())
            };
            c.lock().await.spawn_blocking(insert).await?;
        }
        Link::Postgres(c) => {
            let mut shared: &AsyncPgConnection = c;
            let mut sent = Vec::new();
            let tables: Vec<_> = tables.collect();
            for rows in &tables {
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
                let or_update = $crate::store::insert::or_update!($($($column),+)?);
                $crate::store::insert::in_chunks!(self, |r| {
                    let statement =
                        $crate::store::insert::Statement::new::<$row>($table::table, r, or_update);
                    diesel::RunQueryDsl::execute(statement, conn)?;
                });
                Ok(())
            }

            fn statement(&self) -> $crate::store::Result<$crate::store::insert::ForPostgres<'_>> {
                static FRAME: std::sync::OnceLock<$crate::store::insert::Frame> =
                    std::sync::OnceLock::new();
                let or_update = $crate::store::insert::or_update!($($($column),+)?);
                let rows = $crate::store::insert::JsonRows::new(
                    &FRAME,
                    stringify!($table),
                    self,
                    or_update,
                )?;
                Ok($crate::store::insert::ForPostgres(Box::new(rows)))
            }
        }
    };
}
pub(super) use rows;

/// What an insert does with rows that are there already.
macro_rules! or_update {
    () => {
        ""
    };
    ($first:ident $(, $column:ident)*) => {
        concat!(
            " ON CONFLICT (id) DO UPDATE SET ",
            stringify!($first), " = excluded.", stringify!($first)
            $(, ", ", stringify!($column), " = excluded.", stringify!($column))*
        )
    };
}
pub(super) use or_update;

/// An insert of `N` rows, and what it does with rows that are there already: always the same for its
/// table. It is prepared once, as diesel's own `on_conflict` never is.
pub(super) struct Statement<I, V, const N: usize> {
    first: I,
    others: Vec<V>,
    or_update: &'static str,
}

impl<T: Table, V, const N: usize> Statement<InsertStatement<T, ValuesClause<V, T>>, V, N> {
    pub fn new<'r, R>(table: T, rows: &'r [R; N], or_update: &'static str) -> Self
    where
        &'r R: Insertable<T, Values = ValuesClause<V, T>>,
    {
        // `N` is at least 1.
        let first = diesel::insert_into(table).values(&rows[0]);
        let others = rows.iter().skip(1).map(|row| row.values().values).collect();
        Self { first, others, or_update }
    }
}

impl<I, V, const N: usize> QueryFragment<Sqlite> for Statement<I, V, N>
where
    I: QueryFragment<Sqlite>,
    V: QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.first.walk_ast(out.reborrow())?;
        for row in &self.others {
            out.push_sql(", (");
            row.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(self.or_update);
        Ok(())
    }
}

impl<I: QueryId, V, const N: usize> QueryId for Statement<I, V, N> {
    type QueryId = Statement<I::QueryId, (), N>;

    const HAS_STATIC_QUERY_ID: bool = I::HAS_STATIC_QUERY_ID;
}

impl<C, I, V, const N: usize> diesel::RunQueryDsl<C> for Statement<I, V, N> {}

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
        or_update: &str,
    ) -> Result<Self> {
        let broken = |e: serde_json::Error| Error::Broken(format!("rows of {table}: {e}"));
        let json = serde_json::to_string(rows).map_err(broken)?;
        if let Some(frame) = frame.get() {
            return Ok(Self { frame, json });
        }
        // Not as `Value`, which would read JSON that stands in a text.
        let names: BTreeMap<String, IgnoredAny> = match rows.first() {
            Some(first) => serde_json::to_string(first).and_then(|row| serde_json::from_str(&row)),
            None => Ok(BTreeMap::new()),
        }
        .map_err(broken)?;
        let columns = names.into_keys().collect::<Vec<_>>().join(", ");
        let before = format!(
            "INSERT INTO {table} ({columns})
             SELECT {columns} FROM json_populate_recordset(NULL::{table}, "
        );
        Ok(Self { frame: frame.get_or_init(|| (before, format!("::json){or_update}"))), json })
    }
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
