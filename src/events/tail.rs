//! The end of the log, read once for all live clients of this process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, broadcast, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Frame;
use crate::store::events::{self, Event, Reader};
use crate::store::{Result, Store};

/// Events that are read at once.
pub(super) const PAGE: i64 = 256;
/// Readings of the past at a time, so that everyone else finds a connection beside them.
const READINGS: usize = 2;
/// How often the log is looked at where nothing else says that it has grown.
const POLL: Duration = Duration::from_secs(1);
/// The same while an event is waited for that may never come: from the first look to the later ones.
const SOON: Duration = Duration::from_millis(2);
const LATER: Duration = Duration::from_millis(100);
/// How long transactions that write at the start are waited for; one that takes longer may bring
/// an event that only `after` gives.
const SETTLE: Duration = Duration::from_secs(5);
/// The pause after a look that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// Reads new events while somebody listens, and hands each of them to all who do.
pub struct Tail {
    store: Store,
    ring: broadcast::Sender<Frame>,
    /// The id up to which all was handed out; `None` while nobody listens. Handing out and moving
    /// on happen under its lock.
    position: watch::Sender<Option<i64>>,
    wanted: Notify,
    readings: Semaphore,
}

/// A place in the stream: the frames of all events with ids above `position`, and perhaps of some
/// before it.
pub struct Joined {
    /// The id up to which all is in the log.
    pub position: i64,
    /// What comes after.
    pub frames: broadcast::Receiver<Frame>,
}

impl Tail {
    /// The end of this store's log. Who is behind by more than `ring` frames has lost some.
    #[must_use]
    pub fn new(store: Store, ring: usize) -> Arc<Self> {
        Arc::new(Self {
            store,
            ring: broadcast::Sender::new(ring),
            position: watch::Sender::new(None),
            wanted: Notify::new(),
            readings: Semaphore::new(READINGS),
        })
    }

    /// Joins the stream, which begins to run with the first who does. Waits for as long as the log
    /// can't be read.
    pub async fn join(&self) -> Joined {
        let frames = self.ring.subscribe();
        let mut positions = self.position.subscribe();
        loop {
            // After the subscription: whatever was handed out before it is below this position.
            let position = *positions.borrow_and_update();
            if let Some(position) = position {
                return Joined { position, frames };
            }
            self.wanted.notify_one();
            // The sender is ours.
            drop(positions.changed().await);
        }
    }

    /// What came after `after`, up to `last`: one page, oldest first.
    ///
    /// # Errors
    /// As every statement.
    pub(super) async fn page(&self, after: i64, last: i64) -> Result<Vec<Event>> {
        let _turn = self.readings.acquire().await;
        events::page(&*self.store.read().await?, after, last, PAGE).await
    }

    /// The first id that is kept, and the last that was ever given.
    ///
    /// # Errors
    /// As every statement.
    pub(super) async fn bounds(&self) -> Result<(Option<i64>, i64)> {
        let conn = self.store.read().await?;
        Ok((events::first(&conn).await?, events::last_given(&conn).await?))
    }

    /// Follows the log while somebody listens, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = self.wanted.notified() => {}
                () = stop.cancelled() => return,
            }
            tokio::select! {
                () = self.follow() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Ends when nobody listens any more.
    async fn follow(&self) {
        let grown = Notify::new();
        let listen = self.store.hear_of_events(|| grown.notify_one());
        tokio::select! {
            () = self.hand_out(&grown) => {}
            () = listen => {}
        }
    }

    async fn hand_out(&self, grown: &Notify) {
        let mut written = self.store.events_written();
        let mut reader = self.begin().await;
        self.position.send_replace(Some(reader.position()));
        let mut soon = SOON;
        loop {
            let pause = match self.read(&mut reader).await {
                Ok(is_full) if is_full => Duration::ZERO,
                Ok(_) if reader.is_waiting() => soon,
                Ok(_) => POLL,
                Err(error) => {
                    tracing::warn!(%error, "events.not_read");
                    AGAIN
                }
            };
            soon = if reader.is_waiting() { (soon * 2).min(LATER) } else { SOON };
            if self.is_over() {
                return;
            }
            if pause > Duration::ZERO {
                tokio::select! {
                    _ = written.changed() => {}
                    () = grown.notified() => {}
                    () = sleep(pause) => {}
                }
            }
        }
    }

    /// A reader at the end of the log, behind which nothing is missing.
    async fn begin(&self) -> Reader {
        let mut reader = loop {
            match self.at_end().await {
                Ok(reader) => break reader,
                Err(error) => {
                    tracing::warn!(%error, "events.not_read");
                    sleep(AGAIN).await;
                }
            }
        };
        drop(timeout(SETTLE, self.settle(&mut reader)).await);
        reader
    }

    async fn at_end(&self) -> Result<Reader> {
        Reader::at_end(&*self.store.read().await?).await
    }

    async fn settle(&self, reader: &mut Reader) {
        loop {
            if let Ok(conn) = self.store.read().await
                && matches!(reader.settle(&conn).await, Ok(true))
            {
                return;
            }
            sleep(SOON).await;
        }
    }

    /// Hands out a page, and says whether there may be more.
    async fn read(&self, reader: &mut Reader) -> Result<bool> {
        let events = reader.next(&*self.store.read().await?, PAGE).await?;
        let frames: Vec<Frame> = events.iter().filter_map(Frame::of).collect();
        self.position.send_modify(|position| {
            for frame in frames {
                // Nobody may be left to take it.
                drop(self.ring.send(frame));
            }
            *position = Some(reader.position());
        });
        Ok(i64::try_from(events.len()).is_ok_and(|count| count == PAGE))
    }

    /// Whether nobody listens. Who comes now finds no position, and waits for the next beginning.
    fn is_over(&self) -> bool {
        self.position.send_if_modified(|position| {
            let is_over = self.ring.receiver_count() == 0;
            if is_over {
                *position = None;
            }
            is_over
        })
    }
}
