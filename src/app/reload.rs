//! SIGHUP: the engine reads its prompts again.

use tokio::signal::unix::{SignalKind, signal};

use super::AppError;
use crate::engine::Engine;
use crate::knowledge;

/// Reads the prompts again at each SIGHUP, until the engine stops.
///
/// # Errors
/// When the signal can't be listened to.
pub(super) fn on_hangup(engine: &Engine) -> Result<(), AppError> {
    let mut hangup =
        signal(SignalKind::hangup()).map_err(|e| AppError::new("Can't listen to SIGHUP", e))?;
    let (engine, tracker) = (engine.clone(), engine.tracker.clone());
    tracker.spawn(async move {
        loop {
            tokio::select! {
                _ = hangup.recv() => knowledge::reload(&engine).await,
                () = engine.stop.cancelled() => return,
            }
        }
    });
    Ok(())
}
