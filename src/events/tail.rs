//! The end of the log, read once for all live clients of this process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Frame;
use super::ring::{Places, Ring};
use crate::store::events::{self, Event, Reader};
use crate::store::{Result, Store};

/// Events that are read at once.
const PAGE: i64 = 256;
/// Payload after which a page of the past ends, since each client that comes back holds one.
const PAGE_BYTES: usize = 1_024 * 1_024;
/// Readings of the past at a time, so that everyone else finds a connection beside them.
const READINGS: usize = 2;
/// How often the log is looked at where nothing else says that it has grown.
const POLL: Duration = Duration::from_secs(1);
/// The same while an event is waited for that may never come: from the first look to the later ones.
const SOON: Duration = Duration::from_millis(2);
const LATER: Duration = Duration::from_millis(100);
/// The pause after a look that failed.
const AGAIN: Duration = Duration::from_secs(1);
/// A few times what it takes to wake a client and to write to it, however many frames it is sent at
/// once: most of the time must be left to those who write events.
const EACH: Duration = Duration::from_micros(40);
/// Pauses shorter than this are none, longer ones than that are this long.
const SHORTEST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(100);
/// The least time between two parts of a page, in which clients take the first.
const PART: Duration = Duration::from_millis(2);

/// Reads new events while somebody listens, and hands each of them to all who do.
///
/// What happens shortly after another is handed out together with what follows it: the next page comes
/// no sooner than it takes to reach all clients with the last one. A client is woken and written to once
/// for all frames of a page, and that is nearly all it costs; with a page for each event, a thousand
/// clients would keep the processors so busy that whoever writes events would hardly get a turn. The
/// first event after a silence waits for nothing, and with few clients none does.
pub struct Tail {
    store: Store,
    ring: Ring,
    /// The id up to which all was handed out; `None` while nobody listens. Handing out and moving
    /// on happen under its lock.
    position: watch::Sender<Option<i64>>,
    wanted: Notify,
    pub(super) readings: Semaphore,
}

/// A place in the stream: the frames of all events with ids above `position`, and perhaps of some
/// before it.
pub struct Joined {
    /// The id up to which all is in the log.
    pub position: i64,
    /// What comes after.
    pub frames: Places,
}

/// A page of the past.
pub(super) struct Past {
    /// Oldest first.
    pub(super) events: Vec<Event>,
    /// What comes behind it, where this is the last page.
    pub(super) present: Option<Joined>,
}

impl Tail {
    /// The end of this store's log. Who is behind by more than `ring` frames has lost some.
    #[must_use]
    pub fn new(store: Store, ring: usize) -> Arc<Self> {
        Arc::new(Self {
            store,
            ring: Ring::new(ring),
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

    /// What came after `after`: one page, and the present behind the last one. Whoever waits for a
    /// turn has no place in the stream yet, and so falls behind nothing. It joins before it reads: what
    /// is no longer in the page is in the stream.
    ///
    /// # Errors
    /// As every statement.
    pub(super) async fn past(&self, after: i64) -> Result<Past> {
        let _turn = self.readings.acquire().await;
        let joined = self.join().await;
        let conn = self.store.read().await?;
        let events = events::page(&conn, after, joined.position, PAGE).await?;
        let (events, is_last) = cut(events);
        Ok(Past { events, present: is_last.then_some(joined) })
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
        let (mut soon, mut next_page) = (SOON, Instant::now());
        loop {
            sleep_until(next_page).await;
            let read = self.read(&mut reader).await;
            if matches!(read, Ok(count) if count > 0) {
                next_page = Instant::now() + rest(self.ring.listeners());
            }
            let pause = match read {
                Ok(count) if count == PAGE => Duration::ZERO,
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
        self.settle(&mut reader).await;
        reader
    }

    async fn at_end(&self) -> Result<Reader> {
        Reader::at_end(&*self.store.read().await?).await
    }

    /// Waits until all have ended who were writing when the reader began, however long they take: an
    /// event of theirs would be behind it, and be missed. Who has no patience for that hears 503.
    async fn settle(&self, reader: &mut Reader) {
        let mut pause = SOON;
        loop {
            if let Ok(conn) = self.store.read().await
                && matches!(reader.settle(&conn).await, Ok(true))
            {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LATER);
        }
    }

    /// Hands out a page, and says how many events it held. Large ones are handed out in parts: all at
    /// once would not fit into the ring, and nobody could have taken the first of them.
    async fn read(&self, reader: &mut Reader) -> Result<i64> {
        let events = reader.next(&*self.store.read().await?, PAGE).await?;
        let mut left = events.as_slice();
        loop {
            let (part, behind) = left.split_at(fitting(left));
            let reached = part.last().filter(|_| !behind.is_empty()).map(|event| event.id);
            let frames: Vec<Frame> = part.iter().filter_map(Frame::of).collect();
            self.position.send_modify(|position| {
                self.ring.push(frames);
                *position = Some(reached.unwrap_or_else(|| reader.position()));
            });
            left = behind;
            if left.is_empty() {
                return Ok(i64::try_from(events.len()).unwrap_or(PAGE));
            }
            sleep(rest(self.ring.listeners()).max(PART)).await;
        }
    }

    /// Whether nobody listens. Who comes now finds no position, and waits for the next beginning.
    fn is_over(&self) -> bool {
        self.position.send_if_modified(|position| {
            let is_over = self.ring.listeners() == 0;
            if is_over {
                self.ring.clear();
                *position = None;
            }
            is_over
        })
    }
}

/// The time between two pages where so many clients listen.
fn rest(clients: usize) -> Duration {
    let all = EACH.saturating_mul(u32::try_from(clients).unwrap_or(u32::MAX)).min(LONGEST);
    if all < SHORTEST { Duration::ZERO } else { all }
}

/// What fits into a page, at least one, and whether there is nothing behind it.
fn cut(mut events: Vec<Event>) -> (Vec<Event>, bool) {
    let is_full = i64::try_from(events.len()).is_ok_and(|count| count == PAGE);
    let fitting = fitting(&events);
    let is_last = !is_full && fitting == events.len();
    events.truncate(fitting);
    (events, is_last)
}

/// How many of these events come before a page has its bytes.
fn fitting(events: &[Event]) -> usize {
    let mut bytes = 0;
    let fitting = events.iter().take_while(|event| {
        let is_begun = bytes < PAGE_BYTES;
        bytes += event.payload.as_str().len();
        is_begun
    });
    fitting.count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Payload;

    fn events(count: i64, bytes: usize) -> Vec<Event> {
        let payload = Payload::new(&json!({ "text": "x".repeat(bytes) }));
        let (kind, ticket_id, created_at) = ("ticket.created".to_owned(), None, 1);
        let event = Event { id: 0, kind, ticket_id, payload, created_at };
        (1..=count).map(|id| Event { id, ..event.clone() }).collect()
    }

    #[test]
    fn a_rest_grows_with_the_clients_up_to_a_limit() {
        for (clients, millis) in
            [(0, 0), (99, 0), (100, 4), (1_000, 40), (10_000, 100), (99_999, 100)]
        {
            assert_eq!(rest(clients), Duration::from_millis(millis), "{clients}");
        }
    }

    #[test]
    fn a_page_ends_with_its_count_and_with_its_bytes() {
        for (count, bytes, cut_to, is_last) in [
            (0, 0, 0, true),
            (PAGE - 1, 10, 255, true),
            (PAGE, 10, 256, false),
            (1, 2 * PAGE_BYTES, 1, true),
            (2, 2 * PAGE_BYTES, 1, false),
            (PAGE, PAGE_BYTES / 4, 4, false),
            (5, PAGE_BYTES / 4, 4, false),
            (4, PAGE_BYTES / 4, 4, true),
        ] {
            let (kept, ends) = cut(events(count, bytes));
            assert_eq!((kept.len(), ends), (cut_to, is_last), "{count} of {bytes}");
        }
    }
}
