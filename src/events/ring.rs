//! The frames that were handed out last, for those who have not taken them yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::Frame;
use super::frame::Passing;

/// Bytes that are kept at most, unless one frame alone is larger.
const BYTES: usize = 16 * 1024 * 1024;
/// Frames that are taken at once, and bytes after which no more are: who takes them holds them until
/// they are written, however long the ring keeps them.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 256 * 1024;

/// A ring, bounded in frames and in bytes: the channel tells everyone of a frame, and this keeps it.
/// Who finds that it is kept no longer is as far behind as one whom the channel has left behind.
pub(super) struct Ring {
    sender: broadcast::Sender<Passing>,
    kept: Mutex<Kept>,
}

struct Kept {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// How many frames there may be.
    count: usize,
}

impl Ring {
    /// An empty one for so many frames.
    pub(super) fn new(count: usize) -> Self {
        let kept = Kept { frames: VecDeque::new(), bytes: 0, count };
        Self { sender: broadcast::Sender::new(count), kept: Mutex::new(kept) }
    }

    /// A place from which all that is pushed from now on is seen.
    pub(super) fn subscribe(&self) -> Places {
        Places(self.sender.subscribe())
    }

    /// How many have a place.
    pub(super) fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Keeps these frames, and tells everyone of them.
    pub(super) fn push(&self, frames: Vec<Frame>) {
        let mut kept = self.kept();
        for frame in frames {
            let passing = frame.passing();
            kept.push(frame);
            // Nobody may be left to take it.
            drop(self.sender.send(passing));
        }
    }

    /// Keeps none any more.
    pub(super) fn clear(&self) {
        let mut kept = self.kept();
        kept.frames.clear();
        kept.bytes = 0;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, frame: Frame) {
        self.bytes += frame.bytes().len();
        self.frames.push_back(frame);
        while self.frames.len() > self.count || (self.bytes > BYTES && self.frames.len() > 1) {
            let oldest = self.frames.pop_front();
            self.bytes -= oldest.map_or(0, |frame| frame.bytes().len());
        }
    }
}

/// One listener's place in a ring.
pub struct Places(broadcast::Receiver<Passing>);

impl Places {
    /// Waits for a frame, and takes what is there with it; also says whether some were lost.
    pub(super) async fn take(&mut self) -> (Vec<Frame>, bool) {
        let first = match self.0.recv().await {
            Ok(passing) => passing.frame(),
            Err(RecvError::Lagged(_)) => None,
            // The ring is there for as long as its listeners are.
            Err(RecvError::Closed) => return std::future::pending().await,
        };
        let Some(first) = first else { return (Vec::new(), true) };
        let mut bytes = first.bytes().len();
        let mut taken = vec![first];
        while taken.len() < BATCH && bytes < BATCH_BYTES {
            let next = match self.0.try_recv() {
                Ok(passing) => passing.frame(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(_)) => None,
            };
            let Some(next) = next else { return (taken, true) };
            bytes += next.bytes().len();
            taken.push(next);
        }
        (taken, false)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Payload;
    use crate::store::events::Event;

    fn frame(id: i64, bytes: usize) -> Frame {
        let payload = Payload::new(&json!({ "text": "x".repeat(bytes) }));
        let kind = "ticket.created".to_owned();
        Frame::of(&Event { id, kind, ticket_id: None, payload, created_at: 1 }).unwrap()
    }

    async fn all(places: &mut Places) -> (Vec<i64>, bool) {
        let (mut ids, last) = (Vec::new(), places.0.len());
        while ids.len() < last {
            let (taken, is_lost) = places.take().await;
            ids.extend(taken.iter().map(Frame::id));
            if is_lost {
                return (ids, true);
            }
        }
        (ids, false)
    }

    #[tokio::test]
    async fn it_is_bounded_in_frames_and_in_bytes() {
        for (count, bytes, pushed, kept) in [
            (8, 10, 8, 8),
            (8, 10, 9, 8),
            (1_024, BYTES / 16, 15, 15),
            (1_024, BYTES / 16, 16, 15),
            (1_024, BYTES * 2, 1, 1),
            (1_024, BYTES * 2, 2, 1),
        ] {
            let ring = Ring::new(count);
            let mut places = ring.subscribe();
            ring.push((0..pushed).map(|id| frame(id, bytes)).collect());
            assert_eq!(ring.kept().frames.len() as i64, kept, "{pushed} of {bytes}");
            let (ids, is_lost) = all(&mut places).await;
            assert_eq!(is_lost, kept < pushed, "{pushed} of {bytes}");
            assert!(is_lost || ids == (0..pushed).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn who_has_taken_some_is_handed_those_and_then_told() {
        let ring = Ring::new(4);
        let mut places = ring.subscribe();
        ring.push(vec![frame(1, 10), frame(2, BATCH_BYTES), frame(3, 10)]);
        let ids = |taken: Vec<Frame>| taken.iter().map(Frame::id).collect::<Vec<_>>();
        let (taken, is_lost) = places.take().await;
        assert_eq!((ids(taken), is_lost), (vec![1, 2], false), "no more after so many bytes");
        ring.push((4..=7).map(|id| frame(id, 10)).collect());
        let (taken, is_lost) = places.take().await;
        assert_eq!((ids(taken), is_lost), (Vec::new(), true));
        ring.clear();
        assert_eq!(ring.kept().bytes, 0);
    }
}
