//! How our own types stand in a text column, on both databases.

use centrium_channels::ChannelKind;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::Serialize;

/// Writes and reads a type by its `as_str` and `FromStr`.
macro_rules! as_text {
    ($type:ty, $as_str:expr, $parse:expr) => {
        const _: () = {
            use std::io::Write as _;

            use diesel::deserialize::{FromSql, Result as Parsed};
            use diesel::pg::{Pg, PgValue};
            use diesel::serialize::{IsNull, Output, Result as Written, ToSql};
            use diesel::sqlite::{Sqlite, SqliteValue};

            impl ToSql<Text, Sqlite> for $type {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> Written {
                    out.set_value($as_str(self));
                    Ok(IsNull::No)
                }
            }
            impl ToSql<Text, Pg> for $type {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> Written {
                    out.write_all($as_str(self).as_bytes())?;
                    Ok(IsNull::No)
                }
            }
            impl FromSql<Text, Sqlite> for $type {
                fn from_sql(value: SqliteValue<'_, '_, '_>) -> Parsed<Self> {
                    $parse(&<String as FromSql<Text, Sqlite>>::from_sql(value)?)
                }
            }
            impl FromSql<Text, Pg> for $type {
                fn from_sql(value: PgValue<'_>) -> Parsed<Self> {
                    $parse(&<String as FromSql<Text, Pg>>::from_sql(value)?)
                }
            }
        };
    };
}
pub(crate) use as_text;

/// A [`ChannelKind`] in a column; the kind itself belongs to a crate that knows no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct StoredKind(pub ChannelKind);

as_text!(StoredKind, |kind: &StoredKind| kind.0.as_str(), |text: &str| Ok(Self(text.parse()?)));
