//! The request of a delivery.

use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use secrecy::SecretString;

use crate::clock::Millis;
use crate::config::Config;

/// What is to be posted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The webhook.
    pub webhook_id: i64,
    /// Its address.
    pub url: String,
    /// What happened.
    pub event_type: String,
    /// The event.
    pub event_id: i64,
    /// What it tells, as JSON.
    pub payload: String,
    /// What signs it.
    pub secret: Option<SecretString>,
    /// What also signs it while a rotation lasts.
    pub previous_secret: Option<SecretString>,
    /// Now.
    pub now: Millis,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The answer's status, where there was one.
    pub status: Option<u16>,
    /// The first 1,000 characters of its body.
    pub body: String,
    /// Why it failed, in a sentence.
    pub error: Option<String>,
    /// How long the endpoint asks us to wait.
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

impl Attempt {
    /// Whether the endpoint has taken it.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.error.is_none() && self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Posts deliveries.
#[derive(Clone, Debug)]
pub struct Sender {
    client: reqwest::Client,
}

impl Sender {
    /// One with the configured limits.
    ///
    /// # Errors
    /// When there can be no client.
    pub fn new(config: &Config) -> Result<Self, String> {
        let tls = crate::tls::client_config(crate::tls::public_roots());
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.map_err(|e| e.to_string())?)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .timeout(config.webhook_timeout_seconds)
            .build();
        Ok(Self { client: client.map_err(|e| e.to_string())? })
    }

    /// Posts one delivery.
    pub async fn post(&self, request: Request) -> Attempt {
        let began = Instant::now();
        let mut attempt = Attempt {
            status: None,
            body: String::new(),
            error: None,
            retry_after: None,
            took: Duration::ZERO,
        };
        let posted = self
            .client
            .post(&request.url)
            .header("content-type", "application/json")
            .header("x-webhook-event", &request.event_type)
            .header("x-webhook-id", request.webhook_id)
            .header("webhook-id", format!("evt_{}", request.event_id))
            .body(request.payload)
            .send()
            .await;
        match posted {
            Ok(response) => {
                attempt.status = Some(response.status().as_u16());
                let wait = response.headers().get("retry-after").and_then(|v| v.to_str().ok());
                attempt.retry_after = wait.and_then(|v| v.parse().ok()).map(Duration::from_secs);
                match response.text().await {
                    Ok(text) => attempt.body = text.chars().take(1_000).collect(),
                    Err(_) => attempt.error = Some("The answer broke off.".to_owned()),
                }
            }
            Err(error) if error.is_timeout() => {
                attempt.error = Some("The endpoint did not answer in time.".to_owned());
            }
            Err(_) => attempt.error = Some("The endpoint can't be reached.".to_owned()),
        }
        attempt.took = began.elapsed();
        attempt
    }
}
