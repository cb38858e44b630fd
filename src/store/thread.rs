//! On which thread SQLite's statements run.
//!
//! SQLite blocks its thread. A statement of an ordinary task therefore goes to one of tokio's
//! blocking threads, and its result comes back: two changes of thread, which cost more than most
//! statements do. Whoever runs many in a row takes a thread of its own, where each runs at once.

use std::cell::Cell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};

use super::pool::Target;
use super::{Result, Store};

thread_local! {
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

impl Store {
    /// Runs work that is mostly statements: on SQLite on a thread of its own, which may block and has
    /// this name, and on PostgreSQL as a task.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn spawn(&self, name: &str, work: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        if let Target::Postgres(_) = self.target {
            tokio::spawn(work);
            return Ok(());
        }
        let runtime = Handle::current();
        let run = move || {
            MAY_BLOCK.set(true);
            runtime.block_on(work);
        };
        let thread = std::thread::Builder::new().name(name.into());
        thread.spawn(run).map_err(super::Error::unavailable)?;
        Ok(())
    }
}

impl Store {
    /// Runs a few statements in a row: on SQLite all of them on one of tokio's blocking threads, to
    /// which the work goes over only once. It brings the connection that it has, so that no more
    /// threads are at work, each with memory of its own, than there are connections.
    ///
    /// # Errors
    /// Those of the work; `Unavailable` where the engine is stopping.
    pub async fn in_a_row<T: Send + 'static, E: From<super::Error> + Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        if let Target::Postgres(_) = self.target {
            return work.await;
        }
        let runtime = Handle::current();
        let run = move || {
            MAY_BLOCK.set(true);
            let done = catch_unwind(AssertUnwindSafe(|| runtime.block_on(work)));
            // The thread's next work may be someone else's.
            MAY_BLOCK.set(false);
            done
        };
        match tokio::task::spawn_blocking(run).await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(gone) => Err(super::Error::unavailable(gone).into()),
        }
    }
}

/// Runs statements here where that does no harm, and elsewhere otherwise.
pub struct Nearby;

type Done<R> = Result<R, Box<dyn Error + Send + Sync>>;

impl SpawnBlocking for Nearby {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Done<R>> {
        if MAY_BLOCK.get() {
            return ready(Ok(task())).boxed();
        }
        let running = ToItsEnd(tokio::task::spawn_blocking(task));
        running.map(|done| done.map_err(Into::into)).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A statement whose caller was dropped still runs; until it has ended, its connection must not go
/// back to the pool.
struct ToItsEnd<R>(JoinHandle<R>);

impl<R> Future for ToItsEnd<R> {
    type Output = Result<R, JoinError>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        self.0.poll_unpin(cx)
    }
}

impl<R> Drop for ToItsEnd<R> {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            tokio::task::block_in_place(|| drop(Handle::current().block_on(&mut self.0)));
        }
    }
}
