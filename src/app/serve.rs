//! The HTTP server: one task a connection, time limits on what a client may keep open, and an
//! orderly end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Layer, ServiceExt};
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::DRAIN;
use super::body::Timely;
use super::linger::Lingering;
use crate::api;
use crate::engine::Engine;

/// A client must have sent its request's head within this time, and so must the next one on a
/// connection that is kept open.
const HEAD: Duration = Duration::from_secs(20);
/// The longest pause within a request's body.
const BODY_PAUSE: Duration = Duration::from_secs(20);
/// How long a request's body may take in all: the largest at 100 KiB a second.
const BODY_IN_ALL: Duration = Duration::from_secs(120);

/// Serves until `stop` is done, then lets running requests end. Returns what is left of the time
/// for draining.
pub async fn serve(
    engine: &Engine,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Duration {
    let service = RequestBodyTimeoutLayer::new(BODY_PAUSE).layer(api::service(engine));
    let service = service.map_request(|request: Request<_>| {
        request.map(|body| Body::new(Timely::new(Lingering::new(body), BODY_IN_ALL)))
    });
    let (closing, connections) = (CancellationToken::new(), TaskTracker::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors: those that are open must end first.
                tracing::warn!(%error, "http.accept_failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        drop(stream.set_nodelay(true));
        let service = Extension(ConnectInfo::<SocketAddr>(peer)).layer(service.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            // A client may say that it sends no more, and wait for its answer. hyper then no longer
            // looks whether a client has gone; what was begun for it is done to its end, at most
            // the 40 s that an answer is waited for.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .with_upgrades();
        let closing = closing.clone();
        connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "http.connection_ended");
            }
        });
    }
    drop(listener);
    let began = Instant::now();
    // Half of the time is for the jobs that running requests wait for.
    closing.cancel();
    connections.close();
    if tokio::time::timeout(DRAIN / 2, connections.wait()).await.is_err() {
        tracing::warn!("http.drain_cut_short");
    }
    DRAIN.saturating_sub(began.elapsed())
}
