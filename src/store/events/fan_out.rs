//! Events are written together with their deliveries to the webhooks that want them: whoever sees an
//! event also sees what follows from it. The database itself finds the webhooks, so that an engine
//! without any pays next to nothing.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sqlite::SqliteConnection;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::NewEvent;
use crate::store::conn::Link;
use crate::store::insert::{ForPostgres, Rows};
use crate::store::prepared::Prepared;
use crate::store::{Result, Tx};

/// The deliveries of the newest `?1` events. They are this transaction's own: SQLite has one writer,
/// who counts on from the last id.
const SQLITE: &str = "INSERT INTO webhook_deliveries
         (webhook_id, event_id, status, attempt_number, run_at, created_at)
     SELECT webhooks.id, events.id, 'pending', 0, events.created_at, events.created_at
     FROM events JOIN webhooks
     ON webhooks.is_active AND webhooks.event_type IN ('*', events.kind)
     WHERE events.id > (SELECT seq FROM sqlite_sequence WHERE name = 'events') - ?1
     ORDER BY events.id";

/// What stands before and behind the insert of events on PostgreSQL.
const POSTGRES: (&str, &str) = (
    "WITH told AS (",
    " RETURNING id, kind, created_at)
     INSERT INTO webhook_deliveries
         (webhook_id, event_id, status, attempt_number, run_at, created_at)
     SELECT webhooks.id, told.id, 'pending', 0, told.created_at, told.created_at
     FROM told JOIN webhooks
     ON webhooks.is_active AND webhooks.event_type IN ('*', told.kind)
     ORDER BY told.id",
);

/// Writes events, which get growing ids in this order, and their deliveries.
///
/// # Errors
/// As every statement.
pub(in crate::store) async fn write(tx: &Tx, events: Vec<NewEvent>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    tx.cut.step()?;
    let deliveries = match &tx.link {
        Link::Sqlite(c) => {
            let cut = tx.cut.clone();
            let both = move |c: &mut SqliteConnection| {
                events.insert(c)?;
                cut.step()?;
                let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
                diesel::RunQueryDsl::execute(Prepared::new(SQLITE).number(count), c)
            };
            c.lock().await.spawn_blocking(both).await?
        }
        Link::Postgres(c) => {
            let mut shared: &AsyncPgConnection = c;
            let both = WithDeliveries(events.statement()?);
            both.execute(&mut shared).await.map_err(|error| tx.last.explain(error))?
        }
    };
    if deliveries > 0 {
        tx.wake_dispatcher();
    }
    Ok(())
}

/// An insert of events, and of their deliveries with the ids that it gives.
struct WithDeliveries<'a>(ForPostgres<'a>);

impl QueryFragment<Pg> for WithDeliveries<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(POSTGRES.0);
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(POSTGRES.1);
        Ok(())
    }
}

impl QueryId for WithDeliveries<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> diesel::RunQueryDsl<C> for WithDeliveries<'_> {}
