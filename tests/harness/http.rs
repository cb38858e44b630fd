//! Asking an engine over HTTP.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{API_TOKEN, EXTERNAL_KEY};

/// A caller.
#[derive(Clone)]
pub struct Client {
    base: String,
    client: reqwest::Client,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body as JSON, where the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status.as_u16(), status, "{body}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The sentence of a refusal, where the status is this one.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        let body = self.expect(status);
        let sentence = body["error"].as_str().or(body["detail"].as_str());
        let sentence = sentence.unwrap_or_else(|| panic!("no sentence in {body}")).to_owned();
        assert!(sentence.len() > 8 && sentence.ends_with('.'), "not a sentence: {sentence}");
        sentence
    }
}

impl Client {
    pub fn new(base: String) -> Self {
        // Each request on its own connection would hide what keep-alive does.
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .tls_backend_preconfigured(no_tls())
            .build()
            .unwrap();
        Self { base, client }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request without any key.
    pub fn plain(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// A GET with the API token.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.plain(Method::GET, path).bearer_auth(API_TOKEN)).await
    }

    /// A POST with the API token.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.plain(Method::POST, path).bearer_auth(API_TOKEN).json(&body)).await
    }

    /// A PATCH with the API token.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.plain(Method::PATCH, path).bearer_auth(API_TOKEN).json(&body)).await
    }

    /// A DELETE with the API token.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.plain(Method::DELETE, path).bearer_auth(API_TOKEN)).await
    }

    /// A customer's message through the external API.
    pub async fn message(&self, body: Value) -> Answer {
        let request = self.plain(Method::POST, "/tickets/api/external/message/");
        self.send(request.header("X-API-Key", EXTERNAL_KEY).json(&body)).await
    }

    /// The same, with an Idempotency-Key.
    pub async fn message_once(&self, key: &str, body: Value) -> Answer {
        let request = self.plain(Method::POST, "/tickets/api/external/message/");
        let request = request.header("X-API-Key", EXTERNAL_KEY).header("Idempotency-Key", key);
        self.send(request.json(&body)).await
    }

    /// A customer says something; the answer's JSON.
    pub async fn say(&self, who: &str, text: &str) -> Value {
        self.message(json!({ "user_identifier": who, "text": text })).await.expect(200)
    }

    /// A ticket, with its messages.
    pub async fn ticket(&self, id: &Value) -> Value {
        self.get(&format!("/api/tickets/{id}")).await.expect(200)
    }

    /// What was decided in a ticket.
    pub async fn decisions(&self, ticket: &Value) -> Vec<Value> {
        let path = format!("/api/tickets/{ticket}/decisions");
        let list = self.get(&path).await.expect(200);
        list["items"].as_array().unwrap().clone()
    }
}

/// Tests speak plain HTTP; reqwest wants to know its TLS all the same.
fn no_tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}
