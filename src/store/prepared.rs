//! SQL of our own that a connection prepares once. What diesel's `sql_query` and `sql` are given is
//! prepared each time it runs, which on PostgreSQL is one more way there and back.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType, Text, Untyped};
use serde::Serialize;

/// A statement whose text is one of a few. Its placeholders, in the way of its database, stand for
/// the values in their order. Rows are read by the names of their columns.
pub(super) struct Prepared<'a> {
    sql: &'a str,
    values: Vec<Value<'a>>,
}

enum Value<'a> {
    Text(&'a str),
    Number(i64),
}

impl<'a> Prepared<'a> {
    pub fn new(sql: &'a str) -> Self {
        Self { sql, values: Vec::new() }
    }

    pub fn text(mut self, value: &'a str) -> Self {
        self.values.push(Value::Text(value));
        self
    }

    pub fn number(mut self, value: i64) -> Self {
        self.values.push(Value::Number(value));
        self
    }
}

/// Numbers as one value of a [`Prepared`], where a list of them is wanted.
pub(super) fn as_json(numbers: &[impl Serialize]) -> String {
    // Numbers can always be written.
    serde_json::to_string(numbers).unwrap_or_default()
}

impl Query for Prepared<'_> {
    type SqlType = Untyped;
}

impl QueryId for Prepared<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> diesel::RunQueryDsl<C> for Prepared<'_> {}

impl<DB> QueryFragment<DB> for Prepared<'_>
where
    DB: Backend + HasSqlType<Text> + HasSqlType<BigInt>,
    str: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.sql);
        for value in &self.values {
            match value {
                Value::Text(text) => out.push_bind_param_value_only::<Text, _>(*text)?,
                Value::Number(number) => out.push_bind_param_value_only::<BigInt, _>(number)?,
            }
        }
        Ok(())
    }
}

/// A condition that is always the same. An index may hold just the rows that fulfil it, which a
/// value that is bound would hide from the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixed(pub &'static str);

impl Expression for Fixed {
    type SqlType = Bool;
}

impl<Q> AppearsOnTable<Q> for Fixed {}
impl<Q> SelectableExpression<Q> for Fixed {}

impl<G> ValidGrouping<G> for Fixed {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for Fixed {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Fixed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}
