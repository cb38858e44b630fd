//! The metrics, their names and what they mean. `GET /metrics` prints them.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Counter: messages that came in, by `channel` and `outcome` (`accepted`, `duplicate`, `refused`).
pub const MESSAGES_TOTAL: &str = "centrium_messages_total";
/// Histogram: how many messages one transaction made durable.
pub const COMMIT_SIZE: &str = "centrium_commit_size";
/// Histogram: how long that transaction took.
pub const COMMIT_SECONDS: &str = "centrium_commit_seconds";
/// Gauge: jobs by `state`.
pub const JOBS: &str = "centrium_jobs";
/// Gauge: the age of the oldest job by `state`.
pub const JOBS_OLDEST_SECONDS: &str = "centrium_jobs_oldest_seconds";
/// Histogram: how long an answer took to make, by `assistant`.
pub const ASSISTANT_SECONDS: &str = "centrium_assistant_seconds";
/// Counter: tries of deliveries to webhooks, by the `status` that they led to (`pending`: it is tried
/// again).
pub const WEBHOOK_TRIES_TOTAL: &str = "centrium_webhook_tries_total";
/// Histogram: how long a request to a webhook took.
pub const WEBHOOK_SECONDS: &str = "centrium_webhook_seconds";
/// Gauge: requests to webhooks that are on their way.
pub const WEBHOOK_IN_FLIGHT: &str = "centrium_webhook_in_flight";
/// Gauge: webhooks that fail so often that they only get probes.
pub const WEBHOOK_CIRCUITS_OPEN: &str = "centrium_webhook_circuits_open";
/// Gauge: 1 while the prompts in force are older than the files, which were refused.
pub const PROMPTS_REFUSED: &str = "centrium_prompts_refused";
/// Counter: HTTP requests by `method`, `route` (the pattern, never the path) and `status`.
pub const HTTP_REQUESTS_TOTAL: &str = "centrium_http_requests_total";
/// Histogram: how long HTTP requests took, by `method` and `route`.
pub const HTTP_REQUEST_SECONDS: &str = "centrium_http_request_seconds";
/// Gauge: clients of `/ws`.
pub const LIVE_CLIENTS: &str = "centrium_live_clients";
/// Counter: events that were sent to clients of `/ws`.
pub const LIVE_FRAMES_TOTAL: &str = "centrium_live_frames_total";
/// Counter: clients of `/ws` that were cut off, by `reason` (`slow`, `silent`).
pub const LIVE_CUT_OFF_TOTAL: &str = "centrium_live_cut_off_total";

/// From a commit of one row to the longest wait for a model.
const SECONDS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How many messages commit together: doubling up to more than a set ever holds.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The metrics of this process, installed at the first call. Who calls first decides nothing, so
/// tests may call too. [`PrometheusHandle::render`] prints them, and
/// [`PrometheusHandle::run_upkeep`] is to be called every few seconds: nothing else drains the
/// histograms while nobody reads them.
pub fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS
        .get_or_init(|| {
            let recorder = builder().build_recorder();
            let handle = recorder.handle();
            match metrics::set_global_recorder(recorder) {
                Ok(()) => describe(),
                Err(_) => {
                    tracing::warn!("another metrics recorder is installed: /metrics is empty");
                }
            }
            handle
        })
        .clone()
}

/// A message came in.
pub fn count_message(channel: &'static str, outcome: &'static str) {
    metrics::counter!(MESSAGES_TOTAL, "channel" => channel, "outcome" => outcome).increment(1);
}

/// A set was committed.
pub fn record_commit(size: usize, took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "a set holds some hundreds")]
    metrics::histogram!(COMMIT_SIZE).record(size as f64);
    metrics::histogram!(COMMIT_SECONDS).record(took.as_secs_f64());
}

/// The assistant took its turn.
pub fn record_assistant(name: &'static str, took: Duration) {
    metrics::histogram!(ASSISTANT_SECONDS, "assistant" => name).record(took.as_secs_f64());
}

/// A delivery to a webhook was tried.
pub fn count_webhook_try(status: &'static str) {
    metrics::counter!(WEBHOOK_TRIES_TOTAL, "status" => status).increment(1);
}

fn builder() -> PrometheusBuilder {
    let buckets = |builder: PrometheusBuilder, suffix: &str, values: &[f64]| {
        builder.set_buckets_for_metric(Matcher::Suffix(suffix.into()), values)
    };
    // The only error is an empty list of buckets; a summary instead of a histogram is then right.
    let builder = buckets(PrometheusBuilder::new(), "_seconds", &SECONDS)
        .and_then(|builder| buckets(builder, "_size", &SIZES));
    builder.unwrap_or_default()
}

fn describe() {
    describe_counter!(MESSAGES_TOTAL, "Messages that came in, by channel and outcome");
    describe_histogram!(COMMIT_SIZE, Unit::Count, "Messages made durable by one transaction");
    describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "Duration of that transaction");
    describe_gauge!(JOBS, "Jobs by state");
    describe_gauge!(JOBS_OLDEST_SECONDS, Unit::Seconds, "Age of the oldest job by state");
    describe_histogram!(ASSISTANT_SECONDS, Unit::Seconds, "Time to make an answer, by assistant");
    describe_counter!(WEBHOOK_TRIES_TOTAL, "Tries of webhook deliveries, by what they led to");
    describe_histogram!(WEBHOOK_SECONDS, Unit::Seconds, "Duration of requests to webhooks");
    describe_gauge!(WEBHOOK_IN_FLIGHT, "Requests to webhooks that are on their way");
    describe_gauge!(WEBHOOK_CIRCUITS_OPEN, "Webhooks that fail so often that they only get probes");
    describe_gauge!(PROMPTS_REFUSED, "1 while the files of the prompts were refused at a reload");
    describe_gauge!(LIVE_CLIENTS, "Clients of /ws");
    describe_counter!(LIVE_FRAMES_TOTAL, "Events sent to clients of /ws");
    describe_counter!(LIVE_CUT_OFF_TOTAL, "Clients of /ws that were cut off, by reason");
    describe_counter!(HTTP_REQUESTS_TOTAL, "HTTP requests by method, route and status");
    describe_histogram!(HTTP_REQUEST_SECONDS, Unit::Seconds, "Duration of HTTP requests");
}

#[cfg(test)]
mod tests {
    use metrics::{counter, gauge, histogram};

    use super::*;

    #[test]
    fn what_is_recorded_is_printed_under_its_own_name() {
        let handle = metrics();
        assert_eq!(metrics().render(), handle.render(), "the second call is the same one");
        counter!(MESSAGES_TOTAL, "channel" => "api", "outcome" => "new").increment(2);
        gauge!(JOBS_OLDEST_SECONDS, "state" => "pending").set(3.5);
        histogram!(COMMIT_SIZE).record(3.0);
        histogram!(COMMIT_SECONDS).record(0.002);
        let text = handle.render();
        for line in [
            "# HELP centrium_messages_total Messages that came in, by channel and outcome",
            "# TYPE centrium_messages_total counter",
            "centrium_messages_total{channel=\"api\",outcome=\"new\"} 2",
            "centrium_jobs_oldest_seconds{state=\"pending\"} 3.5",
            "# TYPE centrium_commit_size histogram",
            "centrium_commit_size_bucket{le=\"2\"} 0",
            "centrium_commit_size_bucket{le=\"4\"} 1",
            "centrium_commit_seconds_bucket{le=\"0.0025\"} 1",
        ] {
            assert!(text.lines().any(|printed| printed == line), "{line}\nis not in\n{text}");
        }
    }
}
