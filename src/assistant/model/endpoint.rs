//! The endpoint: one question, asked as often as that helps.

use std::time::Duration;

use rand::RngExt;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};

use super::answer::{self, Answer};
use super::failure::{Failure, Trouble};
use super::form::{Form, Forms};
use super::request::{Question, tokens};
use crate::assistant::ModelUse;
use crate::assistant::prompts::template::Output;
use crate::tls;

/// Where a key alone is configured.
pub(super) const OPENAI: &str = "https://api.openai.com/v1";

/// Tries after the first one, where something passing was wrong.
const RETRIES: u32 = 2;
/// The pause before the first of them; it doubles.
const PAUSE: Duration = Duration::from_millis(500);
/// A try that has less time than this is not begun.
const LEAST: Duration = Duration::from_millis(500);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of an answer: many times as much as the longest reply.
const LONGEST: usize = 1024 * 1024;

/// An OpenAI-compatible endpoint, and what it is known to accept.
#[derive(Debug)]
pub(super) struct Endpoint {
    client: Client,
    url: String,
    key: Option<SecretString>,
    forms: Forms,
}

type BuildError = Box<dyn std::error::Error + Send + Sync>;

impl Endpoint {
    pub(super) fn new(base: &str, key: Option<SecretString>) -> Result<Self, BuildError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(tls::public_roots())?)
            .connect_timeout(CONNECT_WITHIN)
            // What is asked holds a customer's words, and is for this endpoint alone.
            .redirect(Policy::none())
            .build()?;
        let url = format!("{}/chat/completions", base.trim_end_matches('/'));
        Ok(Self { client, url, key, forms: Forms::default() })
    }

    /// Asks, and asks again where that may help and there is time until `until`. The best form that
    /// is asked for is `output`. What it took is added to `used`, also when nothing comes of it, and
    /// when this is dropped on the way.
    pub(super) async fn ask(
        &self,
        question: &Question<'_>,
        output: Output,
        until: Instant,
        used: &mut ModelUse,
    ) -> Result<Answer, Failure> {
        let asked = Form { output, with_temperature: question.temperature.is_some() };
        let mut form = self.forms.known(asked);
        let mut retries = 0;
        loop {
            let trouble = match self.try_once(question, form, used).await {
                Ok(answer) => {
                    self.forms.worked(asked, form);
                    return answer;
                }
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Final(failure) => return Err(failure),
                Trouble::Form => form.output = form.output.simpler(),
                Trouble::Temperature => form.with_temperature = false,
                Trouble::Passing(failure, asked) => {
                    let pause = asked.unwrap_or_else(|| pause(retries));
                    if retries == RETRIES {
                        return Err(failure);
                    }
                    let left = until.saturating_duration_since(Instant::now());
                    if pause.saturating_add(LEAST) > left {
                        return Err(asked.map_or(failure, |_| Failure::Busy));
                    }
                    retries += 1;
                    sleep(pause).await;
                }
            }
        }
    }

    async fn try_once(
        &self,
        question: &Question<'_>,
        form: Form,
        used: &mut ModelUse,
    ) -> Result<Result<Answer, Failure>, Trouble> {
        used.tries += 1;
        let mut request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(question.body(form.output, form.with_temperature));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        // The endpoint may count the question from here on, whatever becomes of its answer.
        let before = used.tokens_in;
        used.tokens_in += question.tokens();
        let sent = request.send().await;
        if sent.as_ref().map_or_else(reqwest::Error::is_connect, |sent| !sent.status().is_success())
        {
            used.tokens_in = before;
        }
        let response = sent.map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let wait = wait_asked_for(&response);
        let body = read_body(response).await?;
        match status {
            200..=299 => {
                let (answer, usage) = answer::read(&body);
                if let Some(usage) = usage {
                    used.tokens_in = before + usage.prompt_tokens;
                }
                used.tokens_out +=
                    usage.map_or_else(|| tokens(body.len()), |usage| usage.completion_tokens);
                Ok(answer)
            }
            429 => Err(Trouble::Passing(Failure::Status(status), wait)),
            408 | 500..=599 => Err(Trouble::Passing(Failure::Status(status), wait)),
            400 | 422 => Err(objection(&body, form, status)),
            _ => Err(Trouble::Final(Failure::Status(status))),
        }
    }
}

/// What an endpoint has against a request.
fn objection(body: &[u8], asked: Form, status: u16) -> Trouble {
    let text = String::from_utf8_lossy(body).to_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let form = ["response_format", "json_schema", "json_object", "structured output"];
    if asked.output != Output::Text && names(&form) {
        Trouble::Form
    } else if asked.with_temperature && names(&["temperature"]) {
        Trouble::Temperature
    } else {
        Trouble::Final(Failure::Status(status))
    }
}

/// The body, of which no more is read than an answer may have.
async fn read_body(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + part.len() > LONGEST {
            return Err(Trouble::Final(Failure::TooLong));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

fn unreachable(error: &reqwest::Error) -> Trouble {
    if error.is_builder() {
        return Trouble::Final(Failure::Unreachable);
    }
    Trouble::Passing(Failure::Unreachable, None)
}

fn wait_asked_for(response: &Response) -> Option<Duration> {
    let seconds: f64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn pause(retries: u32) -> Duration {
    PAUSE * 2_u32.pow(retries) * rand::rng().random_range(80..=120) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(body: &str, output: Output, with_temperature: bool) -> &'static str {
        match objection(body.as_bytes(), Form { output, with_temperature }, 400) {
            Trouble::Form => "form",
            Trouble::Temperature => "temperature",
            Trouble::Final(_) => "final",
            Trouble::Passing(..) => "passing",
        }
    }

    #[test]
    fn an_objection_is_read() {
        let form = r#"{"error":{"message":"Unknown parameter: 'response_format.json_schema'"}}"#;
        assert_eq!(objects(form, Output::Schema, true), "form");
        assert_eq!(objects(form, Output::Text, true), "final");
        let heat = r#"{"error":{"message":"Unsupported value: 'temperature'"}}"#;
        assert_eq!(objects(heat, Output::Schema, true), "temperature");
        assert_eq!(objects(heat, Output::Schema, false), "final");
        assert_eq!(objects("no such model", Output::Schema, true), "final");
    }
}
