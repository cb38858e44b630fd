//! One bot's line to the Bot API, for whatever bot it is: the token stands in every address, so
//! that no address and no error of the HTTP client is ever shown.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::api::Me;
use super::failure::{Failure, Refusal};

/// How long a call may take, its answer included.
const CALL: Duration = Duration::from_secs(15);
/// Bytes of an answer: a hundred updates of the largest kind are less.
const LONGEST: usize = 16 * 1024 * 1024;

/// A bot, and how its Bot API server is reached.
pub struct Bot {
    http: reqwest::Client,
    /// `https://api.telegram.org/bot123:secret/`
    methods: String,
    /// `https://api.telegram.org/file/bot123:secret/`
    files: String,
    id: i64,
    username: OnceCell<String>,
}

impl fmt::Debug for Bot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bot").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Every answer of the Bot API.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Envelope<T> {
    ok: bool,
    result: Option<T>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl Bot {
    /// The bot with this token at the Bot API server `api_url`. `None` where the token has not the
    /// form `ID:SECRET`.
    #[must_use]
    pub fn new(http: reqwest::Client, api_url: &str, token: &str) -> Option<Self> {
        let (id, secret) = token.split_once(':')?;
        let is_secret = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if secret.is_empty() || !secret.chars().all(is_secret) {
            return None;
        }
        let base = api_url.trim_end_matches('/');
        Some(Self {
            http,
            methods: format!("{base}/bot{token}/"),
            files: format!("{base}/file/bot{token}/"),
            id: id.parse().ok().filter(|id| *id > 0)?,
            username: OnceCell::new(),
        })
    }

    /// The bot's own id, which is the number before the colon of its token.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// The bot's username, without `@`; asked once.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub(super) async fn username(&self) -> Result<&str, Failure> {
        let ask = async {
            let me: Me = self.call("getMe", &serde_json::json!({})).await?;
            Ok(me.username.unwrap_or_default())
        };
        self.username.get_or_try_init(|| ask).await.map(String::as_str)
    }

    /// Calls a method and gives its result.
    ///
    /// # Errors
    /// What Telegram refused, or why it can't be told; without the token.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<T, Failure> {
        self.call_within(CALL, method, parameters).await
    }

    /// The same, with another limit of time.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub(super) async fn call_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(parameters).map_err(|_| Failure::Nonsense)?;
        self.post(limit, method, "application/json", body).await
    }

    /// Calls a method with a body of any type.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        limit: Duration,
        method: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let request = self.http.post(format!("{}{method}", self.methods));
        let request = request.header("content-type", content_type).body(body).timeout(limit);
        let response = send(request).await?;
        let status = response.status().as_u16();
        let body = read(response, LONGEST).await?;
        let Ok(envelope) = serde_json::from_slice::<Envelope<T>>(&body) else {
            // A proxy between, or a server in trouble.
            return Err(Failure::status(status));
        };
        match (envelope.ok, envelope.result) {
            (true, Some(result)) => Ok(result),
            (true, None) => Err(Failure::Nonsense),
            (false, _) => {
                let parameters = envelope.parameters;
                let retry_after = parameters.as_ref().and_then(|p| p.retry_after);
                Err(Failure::Refused(Refusal {
                    code: envelope.error_code.unwrap_or(status),
                    description: envelope.description.unwrap_or_default(),
                    retry_after: retry_after.map(Duration::from_secs),
                    moved_to: parameters.and_then(|p| p.migrate_to_chat_id),
                }))
            }
        }
    }

    /// The bytes of a file, at most `most`.
    ///
    /// # Errors
    /// [`Failure::TooLarge`] where there are more, else as [`call`](Self::call).
    pub(super) async fn file(
        &self,
        limit: Duration,
        path: &str,
        most: usize,
    ) -> Result<Bytes, Failure> {
        let response = send(self.http.get(format!("{}{path}", self.files)).timeout(limit)).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(Failure::status(status.as_u16()));
        }
        read(response, most).await
    }
}

async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(|error| Failure::unreachable(&error))
}

async fn read(mut response: Response, most: usize) -> Result<Bytes, Failure> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|error| Failure::unreachable(&error))?;
        let Some(chunk) = chunk else { return Ok(Bytes::from(body)) };
        if body.len() + chunk.len() > most {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
}
