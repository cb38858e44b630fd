//! Another system that is told of events: it keeps what it is posted, and answers as a test says.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Which one it is, from 0.
    pub place: usize,
    /// When it came.
    pub at: Instant,
    /// Behind the address's host.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Posted {
    /// A header, which must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}"));
        value.to_str().unwrap()
    }

    /// The event's type.
    pub fn kind(&self) -> &str {
        self.header("x-webhook-event")
    }

    /// What is the same over all tries.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a receiver says to a post.
pub enum Says {
    /// This status, with these words.
    Status(u16, &'static str),
    /// The same, with a header.
    With(u16, (&'static str, &'static str)),
    /// Nothing, for as long as the caller waits.
    Nothing,
}

/// A receiver, for as long as it is held.
pub struct Receiver {
    /// Its address.
    pub url: String,
    all: Arc<Mutex<Vec<Posted>>>,
    running: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::answering(|_| Says::Status(200, "ok")).await
    }

    /// One that answers like this.
    pub async fn answering(says: impl Fn(&Posted) -> Says + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (all, says) = (Arc::<Mutex<Vec<Posted>>>::default(), Arc::new(says));
        let kept = all.clone();
        let take = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (kept, says) = (kept.clone(), says.clone());
            async move {
                assert_eq!(method, Method::POST);
                let posted = {
                    let mut kept = kept.lock().unwrap();
                    let posted = Posted {
                        place: kept.len(),
                        at: Instant::now(),
                        path: uri.path().to_owned(),
                        headers,
                        body: body.to_vec(),
                    };
                    kept.push(posted.clone());
                    posted
                };
                answer(says(&posted)).await
            }
        };
        let router = Router::new().fallback(take);
        let running = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, all, running }
    }

    /// All that has come.
    pub fn all(&self) -> Vec<Posted> {
        self.all.lock().unwrap().clone()
    }

    /// Waits until so many have come, and gives them.
    pub async fn until(&self, count: usize) -> Vec<Posted> {
        self.until_that(|all| all.len() >= count).await
    }

    /// Waits until so many different ones have come, and gives all.
    pub async fn until_ids(&self, count: usize) -> Vec<Posted> {
        let ids = |all: &[Posted]| {
            all.iter().map(|posted| posted.id().to_owned()).collect::<BTreeSet<_>>().len()
        };
        self.until_that(|all| ids(all) >= count).await
    }

    /// Waits until this is so of all that has come, and gives it.
    pub async fn until_that(&self, is_so: impl Fn(&[Posted]) -> bool) -> Vec<Posted> {
        let began = Instant::now();
        loop {
            let all = self.all();
            if is_so(&all) {
                return all;
            }
            assert!(began.elapsed() < PATIENCE, "only {} came: {all:#?}", all.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn answer(says: Says) -> Response {
    match says {
        Says::Status(status, words) => (code(status), words).into_response(),
        Says::With(status, header) => (code(status), [header], "").into_response(),
        Says::Nothing => std::future::pending().await,
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}
