//! `centrium webhooks`: who is told of what, and how it goes.

use clap::Subcommand;

use super::say;
use crate::app::AppError;
use crate::clock::{Clock, rfc3339};
use crate::config::Config;
use crate::store::deliveries::Shown;
use crate::store::names::WebhookStatus;
use crate::store::webhooks::{self as rows, Filter, Webhook};
use crate::store::{Store, deliveries};
use crate::webhooks;

/// Webhooks or deliveries that are listed at most, or that are tried again at a time.
const SHOWN: i64 = 1_000;

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub(super) enum Webhooks {
    /// List webhooks, newest first
    #[command(after_help = "Example:\n  centrium webhooks list")]
    List,
    /// List a webhook's deliveries, newest first
    #[command(after_help = "Example:\n  centrium webhooks deliveries 3 --status failed")]
    Deliveries {
        /// The webhook's number
        id: i64,
        /// Only with this status: pending, success or failed
        #[arg(long)]
        status: Option<WebhookStatus>,
    },
    /// Try failed deliveries of a webhook again: one by its number, or all
    #[command(after_help = "Example:\n  centrium webhooks retry 3 17\n  centrium webhooks retry 3")]
    Retry {
        /// The webhook's number
        id: i64,
        /// The delivery's number
        delivery: Option<i64>,
    },
}

pub(super) async fn run(command: Webhooks, config: Config) -> Result<(), AppError> {
    let cannot = |e| AppError::new("Can't read the webhooks", e);
    let store = Store::open(config.database_url.as_str()).await.map_err(cannot)?;
    store.migrate().await.map_err(cannot)?;
    match command {
        Webhooks::List => {
            let conn = store.read().await.map_err(cannot)?;
            let all = rows::list(&conn, &Filter::default(), SHOWN, 0).await.map_err(cannot)?.0;
            if all.is_empty() {
                say("No webhooks.");
            }
            all.iter().map(describe).for_each(say);
        }
        Webhooks::Deliveries { id, status } => {
            let found = of_webhook(&store, id, status).await?;
            if found.is_empty() {
                say("No deliveries.");
            }
            found.iter().map(describe_delivery).for_each(say);
        }
        Webhooks::Retry { id, delivery } => {
            let count = retry(&store, id, delivery).await?;
            say(format!("{count} deliveries will be tried again."));
        }
    }
    Ok(())
}

async fn retry(store: &Store, id: i64, delivery: Option<i64>) -> Result<usize, AppError> {
    let now = Clock::default().now();
    let cannot = |e| AppError::new(&format!("Can't try deliveries of webhook {id} again"), e);
    if let Some(delivery) = delivery {
        webhooks::retry(store, id, delivery, now).await.map_err(cannot)?;
        return Ok(1);
    }
    let hook = existing(store, id).await?;
    webhooks::check_active(&hook).map_err(cannot)?;
    let (mut count, mut before) = (0, i64::MAX);
    loop {
        let failed = failed_before(store, id, before).await?;
        let Some(last) = failed.last() else { return Ok(count) };
        // What fails once more meanwhile is not met again.
        before = *last;
        for delivery in failed {
            match webhooks::retry(store, id, delivery, now).await {
                Ok(_) => count += 1,
                // It has gone, or someone else has tried it again.
                Err(webhooks::Error::NotFound(_) | webhooks::Error::Invalid(_)) => {}
                Err(error) => return Err(cannot(error)),
            }
        }
    }
}

async fn failed_before(store: &Store, id: i64, before: i64) -> Result<Vec<i64>, AppError> {
    let cannot = |e| AppError::new("Can't read the deliveries", e);
    let conn = store.read().await.map_err(cannot)?;
    deliveries::failed(&conn, id, before, SHOWN).await.map_err(cannot)
}

async fn existing(store: &Store, id: i64) -> Result<Webhook, AppError> {
    let cannot = |e| AppError::new("Can't read the webhooks", e);
    let conn = store.read().await.map_err(cannot)?;
    let found = rows::get(&conn, id).await.map_err(cannot)?;
    found.ok_or_else(|| AppError(format!("There is no webhook {id}.")))
}

async fn of_webhook(
    store: &Store,
    id: i64,
    status: Option<WebhookStatus>,
) -> Result<Vec<Shown>, AppError> {
    let cannot = |e| AppError::new("Can't read the deliveries", e);
    existing(store, id).await?;
    let conn = store.read().await.map_err(cannot)?;
    deliveries::list(&conn, id, status, SHOWN, 0).await.map_err(cannot)
}

fn describe(hook: &Webhook) -> String {
    let state = match (&hook.disabled_reason, hook.is_active) {
        (Some(reason), _) => format!("off ({reason})"),
        (None, false) => "off".to_owned(),
        (None, true) => "on".to_owned(),
    };
    let failing = hook.failing_since.map(|at| format!(", failing since {}", rfc3339(at)));
    format!(
        "{} \"{}\" {} is {state}: {} arrived, {} failed{}",
        hook.id,
        hook.name,
        hook.event_type,
        hook.success_count,
        hook.failure_count,
        failing.unwrap_or_default()
    )
}

fn describe_delivery((row, event, _): &Shown) -> String {
    format!(
        "{} {} {} tries {} since {}{}",
        row.id,
        event.as_deref().unwrap_or("unknown"),
        row.status,
        row.attempt_number,
        rfc3339(row.created_at),
        row.error_message.as_ref().map_or_else(String::new, |error| format!(": {error}"))
    )
}
