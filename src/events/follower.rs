//! One client's way along the log: first what it has missed, then what happens.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::ring::Places;
use super::tail::{Joined, Past};
use super::{Filter, Frame, Tail};
use crate::store::Result;

/// The pause before the past is asked for again where the database could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// Hands out the frames of events in the order of their ids, each once.
pub struct Follower {
    tail: Arc<Tail>,
    filter: Filter,
    /// All up to this id was handed out, or not asked for.
    reached: i64,
    source: Source,
}

enum Source {
    /// A page of the past, which is being read.
    Past(Pin<Box<dyn Future<Output = Past> + Send>>),
    Present(Places),
    /// Some were lost on the way.
    Lost,
}

/// An id from which the past was asked for, and which the log can't begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The first id that is kept.
    pub first: i64,
    /// The last one.
    pub last: i64,
}

/// The client was too slow: it has missed events, which it gets with `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSlow;

impl Follower {
    /// Follows the log from now on, or from behind the id `after`. Where that id is older than what is
    /// kept, or was never given, it says so and begins with the first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn begin(
        tail: Arc<Tail>,
        filter: Filter,
        after: Option<i64>,
    ) -> Result<(Self, Option<Unknown>)> {
        let Joined { position, frames } = tail.join().await;
        let mut follower =
            Self { tail, filter, reached: position, source: Source::Present(frames) };
        let Some(after) = after else { return Ok((follower, None)) };
        let (first, given) = follower.tail.bounds().await?;
        let first = first.unwrap_or(given + 1);
        let is_known = (first - 1..=given).contains(&after);
        let after = if is_known { after } else { first - 1 };
        follower.reached = after;
        if after < position {
            follower.look_back();
        }
        Ok((follower, (!is_known).then_some(Unknown { first, last: given })))
    }

    /// The id up to which all was handed out.
    #[must_use]
    pub fn reached(&self) -> i64 {
        self.reached
    }

    /// The next frames, one or more. May be dropped and asked again: nothing is lost by that.
    ///
    /// # Errors
    /// When the client is too far behind. It has then been handed all up to [`reached`](Self::reached).
    pub async fn next(&mut self) -> Result<Vec<Frame>, TooSlow> {
        loop {
            let frames = match &mut self.source {
                Source::Past(page) => {
                    let page = page.await;
                    self.turn(page)
                }
                Source::Present(frames) => {
                    let (taken, is_lost) = frames.take().await;
                    if is_lost {
                        self.source = Source::Lost;
                    }
                    self.pick(taken)
                }
                Source::Lost => return Err(TooSlow),
            };
            if !frames.is_empty() {
                return Ok(frames);
            }
        }
    }

    /// Those that the client wants and has not had.
    fn pick(&mut self, mut frames: Vec<Frame>) -> Vec<Frame> {
        let reached = self.reached;
        if let Some(last) = frames.last() {
            self.reached = reached.max(last.id());
        }
        frames.retain(|frame| frame.id() > reached && self.filter.admits(frame));
        frames
    }

    /// The frames of a page; behind the last page comes the present.
    fn turn(&mut self, page: Past) -> Vec<Frame> {
        let Past { events, present } = page;
        let frames = self.pick(events.iter().filter_map(Frame::of).collect());
        if let Some(Joined { position, frames }) = present {
            self.reached = self.reached.max(position);
            self.source = Source::Present(frames);
        } else {
            let last = events.last().map_or(self.reached, |event| event.id);
            self.reached = self.reached.max(last);
            self.look_back();
        }
        frames
    }

    fn look_back(&mut self) {
        let (tail, after) = (self.tail.clone(), self.reached);
        self.source = Source::Past(Box::pin(async move {
            loop {
                match tail.past(after).await {
                    Ok(page) => return page,
                    Err(error) => {
                        tracing::warn!(%error, "events.not_read");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
        }));
    }
}

#[cfg(test)]
mod tests;
