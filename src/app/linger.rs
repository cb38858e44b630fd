//! What is left of a request's body when its answer is known already.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// How much of an unread body is taken in and thrown away, in bytes: more than the largest body
/// that any address takes.
const MOST: usize = 16 * 1024 * 1024;
/// For how long.
const LONGEST: Duration = Duration::from_secs(5);

/// A body whose rest is read, and thrown away, when nobody wants it any more. Otherwise the
/// connection would be reset while the client still writes, and take the refusal with it: most
/// clients read the answer only after their last byte.
pub(super) struct Lingering<B: Unread>(Option<B>);

/// A body that can be read behind the back of whoever dropped it.
pub(super) trait Unread: Body<Data = Bytes> + Send + Unpin + 'static {}
impl<B: Body<Data = Bytes> + Send + Unpin + 'static> Unread for B {}

impl<B: Unread> Lingering<B> {
    /// The body, whose rest will be read.
    pub(super) fn new(body: B) -> Self {
        Self(Some(body))
    }
}

impl<B: Unread> Body for Lingering<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl<B: Unread> Drop for Lingering<B> {
    fn drop(&mut self) {
        let Some(rest) = self.0.take().filter(|rest| !rest.is_end_stream()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LONGEST, throw_away(rest)));
        }
    }
}

async fn throw_away(mut rest: impl Unread) {
    let mut taken = 0;
    while taken < MOST {
        let next = std::future::poll_fn(|cx| Pin::new(&mut rest).poll_frame(cx));
        let Some(Ok(frame)) = next.await else { return };
        taken += frame.data_ref().map_or(0, Bytes::len);
    }
}
