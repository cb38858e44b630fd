//! We ask Telegram: for hosts that can't be reached from outside.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::client::Bot;
use super::intake::Intake;
use super::setup::{ALLOWED, Trouble};
use crate::{Error, Inbox, Result};

/// Updates in one answer at most.
const SET: i64 = 100;
/// How long Telegram keeps a question open while nothing happens.
const WAIT: Duration = Duration::from_secs(25);
/// How much longer the answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which update it is, whatever else it holds.
#[derive(Deserialize)]
struct Number {
    update_id: i64,
}

/// Takes updates until `stop`. The next question confirms all that was taken before it, and no
/// more: what a crash leaves unconfirmed comes again, and is known.
///
/// # Errors
/// Telegram could not be asked, or an update could not be stored. Called again, it goes on with
/// the first update that was not confirmed.
pub(super) async fn run(
    bot: &Bot,
    intake: &Intake,
    inbox: &dyn Inbox,
    trouble: &Trouble,
    stop: &CancellationToken,
) -> Result<()> {
    let mut next = None;
    let work = async {
        // Telegram refuses to be asked while a webhook is set.
        let gone = bot.call::<bool>("deleteWebhook", &json!({"drop_pending_updates": false})).await;
        trouble.note(gone)?;
        loop {
            take_some(bot, intake, inbox, trouble, &mut next).await?;
        }
    };
    tokio::select! {
        ended = work => ended,
        () = stop.cancelled() => Ok(()),
    }
}

async fn take_some(
    bot: &Bot,
    intake: &Intake,
    inbox: &dyn Inbox,
    trouble: &Trouble,
    next: &mut Option<i64>,
) -> Result<(), Error> {
    let mut question = json!({"limit": SET, "timeout": WAIT.as_secs(), "allowed_updates": ALLOWED});
    if let Some(next) = next {
        question["offset"] = json!(next);
    }
    let asked = bot.call_within(WAIT + PATIENCE, "getUpdates", &question).await;
    let updates: Vec<Box<RawValue>> = trouble.note(asked)?;
    for update in updates {
        intake.take(inbox, update.get().as_bytes()).await?;
        // What has no number can't be confirmed by itself; the one behind it confirms it too.
        if let Ok(Number { update_id }) = serde_json::from_str(update.get()) {
            *next = Some(update_id + 1);
        }
    }
    Ok(())
}
