//! The thread of live clients.

use std::io;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts a thread for the lines to live clients, and gives the way to it. A thousand of them are woken
/// by one event: among the tasks of requests they would stand before each of these, while the system
/// gives threads their turns. It ends when the engine has stopped and its work is done.
///
/// # Errors
/// When there can be no more threads.
pub(super) fn start(stop: CancellationToken, tracker: TaskTracker) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let run = move || {
        runtime.block_on(async {
            stop.cancelled().await;
            tracker.wait().await;
        });
    };
    std::thread::Builder::new().name("live".to_owned()).spawn(run)?;
    Ok(handle)
}
