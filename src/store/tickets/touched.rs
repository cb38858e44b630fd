//! Tickets of which nothing but their version and the time of their last change is new, as with most
//! messages: one statement for all of them, and the indexes of what did not change stay as they are.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Array, BigInt};
use diesel::sqlite::SqliteConnection;

use super::Ticket;
use crate::store::Result;
use crate::store::insert::{ForPostgres, Rows};
use crate::store::prepared::{Prepared, as_json};

/// A ticket that was only touched.
#[derive(Debug)]
pub struct Touched(pub Ticket);

/// The tickets of a JSON array, each an array of id, version and time.
const SQLITE: &str = "UPDATE tickets SET version = new.value ->> 1, updated_at = new.value ->> 2
     FROM json_each(?1) AS new WHERE tickets.id = new.value ->> 0";

impl Rows for Vec<Touched> {
    fn is_empty(&self) -> bool {
        Vec::is_empty(self)
    }

    fn insert(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        let news = self.iter().map(|Touched(t)| (t.id, t.version, t.updated_at));
        let news = as_json(&news.collect::<Vec<_>>());
        diesel::RunQueryDsl::execute(Prepared::new(SQLITE).text(&news), conn)?;
        Ok(())
    }

    fn statement(&self) -> Result<ForPostgres<'_>> {
        Ok(ForPostgres(Box::new(Columns {
            ids: self.iter().map(|Touched(t)| t.id).collect(),
            versions: self.iter().map(|Touched(t)| t.version).collect(),
            times: self.iter().map(|Touched(t)| t.updated_at).collect(),
        })))
    }
}

/// The same as lists, one for each column. Not joined with the tickets, which would leave it to
/// PostgreSQL's planner whether it reads them all.
struct Columns {
    ids: Vec<i64>,
    versions: Vec<i64>,
    times: Vec<i64>,
}

impl QueryFragment<Pg> for Columns {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE tickets SET version = (");
        out.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        out.push_sql("::bigint[])[array_position($3, id)], updated_at = (");
        out.push_bind_param::<Array<BigInt>, _>(&self.times)?;
        out.push_sql("::bigint[])[array_position($3, id)] WHERE id = ANY (");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(")");
        Ok(())
    }
}
