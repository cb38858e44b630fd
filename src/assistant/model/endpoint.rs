//! The endpoint: one question, asked as often as that helps.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use rand::RngExt;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};

use super::answer::{self, Answer, Usage};
use super::failure::{Failure, Trouble};
use super::request::Question;
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

/// The forms of an answer, the better ones first.
const OUTPUTS: [Output; 3] = [Output::Schema, Output::Json, Output::Text];

/// An OpenAI-compatible endpoint, and what was learnt about it since the start.
#[derive(Debug)]
pub(super) struct Endpoint {
    client: Client,
    url: String,
    key: Option<SecretString>,
    /// The place in `OUTPUTS` of the form that it is asked for.
    output: AtomicU8,
    wants_no_temperature: AtomicBool,
}

type BuildError = Box<dyn std::error::Error + Send + Sync>;

impl Endpoint {
    pub(super) fn new(
        base: &str,
        key: Option<SecretString>,
        output: Output,
    ) -> Result<Self, BuildError> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(tls::public_roots())?)
            .connect_timeout(CONNECT_WITHIN)
            // What is asked holds a customer's words, and is for this endpoint alone.
            .redirect(Policy::none())
            .build()?;
        let place = OUTPUTS.iter().position(|known| *known == output).unwrap_or_default();
        Ok(Self {
            client,
            url: format!("{}/chat/completions", base.trim_end_matches('/')),
            key,
            output: AtomicU8::new(u8::try_from(place).unwrap_or_default()),
            wants_no_temperature: AtomicBool::new(false),
        })
    }

    /// Asks, and asks again where that may help and there is time until `until`. What it took is
    /// added to `used`, also when nothing comes of it.
    pub(super) async fn ask(
        &self,
        question: &Question<'_>,
        until: Instant,
        used: &mut ModelUse,
    ) -> Result<Answer, Failure> {
        let mut retries = 0;
        loop {
            let place = self.output.load(Ordering::Relaxed);
            let trouble = match self.try_once(question, place, used).await {
                Ok(answer) => return answer,
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Final(failure) => return Err(failure),
                Trouble::Form => self.ask_for_less(place),
                Trouble::Temperature => self.wants_no_temperature.store(true, Ordering::Relaxed),
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
        place: u8,
        used: &mut ModelUse,
    ) -> Result<Result<Answer, Failure>, Trouble> {
        let output = OUTPUTS.get(usize::from(place)).copied().unwrap_or(Output::Text);
        let with_temperature = !self.wants_no_temperature.load(Ordering::Relaxed);
        used.tries += 1;
        let mut request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(question.body(output, with_temperature));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let wait = wait_asked_for(&response);
        let body = read_body(response).await?;
        match status {
            200..=299 => {
                let (answer, usage) = answer::read(&body);
                count(used, usage.unwrap_or_else(|| estimate(question, &body)));
                Ok(answer)
            }
            429 => Err(Trouble::Passing(Failure::Status(status), wait)),
            408 | 500..=599 => Err(Trouble::Passing(Failure::Status(status), wait)),
            400 | 422 => {
                let tells_temperature = with_temperature && question.temperature.is_some();
                Err(objection(&body, output, tells_temperature, status))
            }
            _ => Err(Trouble::Final(Failure::Status(status))),
        }
    }

    /// From now on a simpler form is asked for, unless another turn has seen to that.
    fn ask_for_less(&self, place: u8) {
        let to = place.saturating_add(1);
        let orders = (Ordering::Relaxed, Ordering::Relaxed);
        if self.output.compare_exchange(place, to, orders.0, orders.1).is_ok() {
            tracing::info!(model.form = to, "model.simpler_form");
        }
    }
}

/// What an endpoint has against a request.
fn objection(body: &[u8], output: Output, tells_temperature: bool, status: u16) -> Trouble {
    let text = String::from_utf8_lossy(body).to_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let form = ["response_format", "json_schema", "json_object", "structured output"];
    if output != Output::Text && names(&form) {
        Trouble::Form
    } else if tells_temperature && names(&["temperature"]) {
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

fn count(used: &mut ModelUse, usage: Usage) {
    used.tokens_in += usage.prompt_tokens;
    used.tokens_out += usage.completion_tokens;
}

/// For endpoints that do not count: a token is three bytes or more in most languages.
fn estimate(question: &Question<'_>, body: &[u8]) -> Usage {
    let tokens = |bytes: usize| u64::try_from(bytes / 3).unwrap_or(u64::MAX);
    Usage {
        prompt_tokens: tokens(question.system.len() + question.user.len()),
        completion_tokens: tokens(body.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(body: &str, output: Output, tells_temperature: bool) -> &'static str {
        match objection(body.as_bytes(), output, tells_temperature, 400) {
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
