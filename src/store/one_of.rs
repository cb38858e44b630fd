//! `column IN (values)` as one bound value: however many values there are, the text of the statement
//! is the same, and a connection prepares it once.

use std::marker::PhantomData;
use std::sync::OnceLock;

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Bool, SqlType, Text};
use diesel::sqlite::Sqlite;
use serde::Serialize;

/// Whether `column` has one of these values.
pub(super) fn one_of<C: Expression, T>(column: C, values: &[T]) -> OneOf<'_, C, T> {
    OneOf { column, values, json: OnceLock::new() }
}

/// See [`one_of`].
#[derive(Debug)]
pub(super) struct OneOf<'a, C, T> {
    column: C,
    values: &'a [T],
    /// The values as SQLite is given them; PostgreSQL never asks.
    json: OnceLock<String>,
}

/// What a value is to PostgreSQL.
pub(super) trait Element {
    type Sql: SqlType;
}

impl Element for i64 {
    type Sql = BigInt;
}

impl Element for String {
    type Sql = Text;
}

impl<C, T> Expression for OneOf<'_, C, T> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<Q>, T, Q> AppearsOnTable<Q> for OneOf<'_, C, T> {}
impl<C: SelectableExpression<Q>, T, Q> SelectableExpression<Q> for OneOf<'_, C, T> {}

impl<C: ValidGrouping<G>, T, G> ValidGrouping<G> for OneOf<'_, C, T> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryId, T: 'static> QueryId for OneOf<'_, C, T> {
    type QueryId = OneOf<'static, C::QueryId, PhantomData<T>>;

    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C: QueryFragment<Sqlite>, T: Serialize> QueryFragment<Sqlite> for OneOf<'_, C, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        // Numbers and text can always be written as JSON.
        let json = || serde_json::to_string(self.values).unwrap_or_default();
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, _>(self.json.get_or_init(json))?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C, T> QueryFragment<Pg> for OneOf<'_, C, T>
where
    C: QueryFragment<Pg>,
    T: Element,
    [T]: ToSql<Array<T::Sql>, Pg>,
    Pg: diesel::sql_types::HasSqlType<Array<T::Sql>>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY (");
        out.push_bind_param::<Array<T::Sql>, _>(self.values)?;
        out.push_sql(")");
        Ok(())
    }
}
