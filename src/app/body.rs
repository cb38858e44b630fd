//! A request's body that must have come within a time.

use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A body that fails when it has not ended in time: one that trickles would keep its connection,
/// and what has come of it, for days.
pub(super) struct Timely<B> {
    body: B,
    limit: Duration,
    /// Set when the body is first waited for.
    end: Option<Pin<Box<Sleep>>>,
}

impl<B> Timely<B> {
    /// The body, which must end `limit` after it was first waited for.
    pub(super) fn new(body: B, limit: Duration) -> Self {
        Self { body, limit, end: None }
    }
}

impl<B> Body for Timely<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(end) = &mut this.end
            && end.as_mut().poll(cx).is_ready()
        {
            let late = Error::new(ErrorKind::TimedOut, "the body did not end in time");
            return Poll::Ready(Some(Err(late.into())));
        }
        let polled = Pin::new(&mut this.body).poll_frame(cx).map_err(Into::into);
        if polled.is_pending() && this.end.is_none() {
            let mut end = Box::pin(sleep(this.limit));
            // Asked once, it wakes whoever waits for the body.
            let _ = end.as_mut().poll(cx);
            this.end = Some(end);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::{Body as AnyBody, to_bytes};
    use futures_util::stream;

    use super::*;

    /// So many pieces of four bytes, with this pause before each.
    async fn read(pieces: usize, pause: u64, limit: u64) -> Result<usize, axum::Error> {
        let pieces = stream::unfold(pieces, move |left| async move {
            sleep(Duration::from_millis(pause)).await;
            (left > 0).then(|| (Ok::<_, Infallible>(Bytes::from_static(b"slow")), left - 1))
        });
        let body = AnyBody::from_stream(pieces);
        let timely = Timely::new(body, Duration::from_millis(limit));
        to_bytes(AnyBody::new(timely), usize::MAX).await.map(|bytes| bytes.len())
    }

    #[tokio::test]
    async fn a_body_that_ends_in_time_is_whole() {
        assert_eq!(read(3, 1, 60_000).await.unwrap(), 12);
    }

    #[tokio::test]
    async fn a_body_that_trickles_is_cut_off_whatever_its_pauses() {
        assert!(read(1_000, 20, 100).await.is_err());
    }
}
