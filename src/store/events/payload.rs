//! What an event tells, as the JSON that it is stored and sent as.

use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{IsNull, Output, Result, ToSql};
use diesel::sql_types::Json;
use diesel::sqlite::Sqlite;
use serde::Serialize;
use serde_json::value::RawValue;

/// JSON that was written once: nothing inside of the engine looks into it.
#[derive(Clone, Debug, Serialize, AsExpression)]
#[diesel(sql_type = Json)]
pub struct Payload(Box<RawValue>);

impl Payload {
    /// The JSON of `value`, whose maps must have strings for keys; `null` of one that has no JSON.
    #[must_use]
    pub fn new(value: &impl Serialize) -> Self {
        Self(serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl ToSql<Json, Sqlite> for Payload {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> Result {
        out.set_value(self.0.get());
        Ok(IsNull::No)
    }
}

impl ToSql<Json, Pg> for Payload {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> Result {
        use std::io::Write as _;
        out.write_all(self.0.get().as_bytes())?;
        Ok(IsNull::No)
    }
}
