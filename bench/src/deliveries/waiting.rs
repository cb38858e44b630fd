//! Webhooks, and deliveries that wait for whoever comes, as the engine would have written them.

use crate::Result;
use crate::bare::now;
use crate::database::{Database, Kind};
use crate::program;

/// Makes the tables, and so many webhooks that want everything.
///
/// # Errors
/// When they can't be written.
pub async fn webhooks(database: &Database, url: &str, count: u64) -> Result<()> {
    let mut command = program::centrium(database.folder(), &database.url)?;
    program::finish(command.arg("migrate")).await?;
    let now = now();
    let sql = format!(
        "INSERT INTO webhooks (name, url, event_type, is_active, secret, failure_count,
                               success_count, created_at, updated_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         SELECT 'bench ' || i, '{url}', '*', true, 'bench-secret-0123456789abcdef ' || i, 0, 0,
                {now}, {now}
         FROM n"
    );
    database.execute(&sql).await
}

/// Writes so many events of some 270 bytes, each with its deliveries to all webhooks.
///
/// # Errors
/// When they can't be written.
pub async fn deliveries(database: &Database, kind: Kind, events: u64) -> Result<()> {
    let now = now();
    let note = "x".repeat(200);
    let payload =
        format!("'{{\"amount\": 1500.0, \"note\": \"{note}\", \"user_id\": ' || i || '}}'");
    let payload = match kind {
        Kind::Sqlite => payload,
        Kind::Postgres => format!("({payload})::json"),
    };
    let sql = format!(
        "INSERT INTO events (kind, payload, created_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {events})
         SELECT 'payment.completed', {payload}, {now} FROM n"
    );
    database.execute(&sql).await?;
    let sql = format!(
        "INSERT INTO webhook_deliveries
             (webhook_id, event_id, status, attempt_number, run_at, created_at)
         SELECT webhooks.id, events.id, 'pending', 0, {now}, {now}
         FROM events CROSS JOIN webhooks ORDER BY events.id, webhooks.id"
    );
    database.execute(&sql).await
}
