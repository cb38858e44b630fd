//! `column IN (values)` as one bound value: however many values there are, the text of the statement
//! is the same, and a connection prepares it once.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, BigInt, Bool, SqlType, Text};
use diesel::sqlite::Sqlite;
use serde::Serialize;

/// Whether `column` has one of these values.
pub(super) fn one_of<C: Expression, T: Clone + Serialize>(column: C, values: &[T]) -> OneOf<C, T> {
    // Numbers and text can always be written as JSON.
    let json = serde_json::to_string(values).unwrap_or_default();
    OneOf { column, values: values.to_vec(), json }
}

/// See [`one_of`].
#[derive(Clone, Debug)]
pub(super) struct OneOf<C, T> {
    column: C,
    values: Vec<T>,
    json: String,
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

impl<C, T> Expression for OneOf<C, T> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<Q>, T, Q> AppearsOnTable<Q> for OneOf<C, T> {}
impl<C: SelectableExpression<Q>, T, Q> SelectableExpression<Q> for OneOf<C, T> {}

impl<C: ValidGrouping<G>, T, G> ValidGrouping<G> for OneOf<C, T> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryId, T: 'static> QueryId for OneOf<C, T> {
    type QueryId = OneOf<C::QueryId, PhantomData<T>>;

    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C: QueryFragment<Sqlite>, T> QueryFragment<Sqlite> for OneOf<C, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, _>(&self.json)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<C, T> QueryFragment<Pg> for OneOf<C, T>
where
    C: QueryFragment<Pg>,
    T: Element,
    Vec<T>: ToSql<Array<T::Sql>, Pg>,
    Pg: diesel::sql_types::HasSqlType<Array<T::Sql>>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY (");
        out.push_bind_param::<Array<T::Sql>, _>(&self.values)?;
        out.push_sql(")");
        Ok(())
    }
}
