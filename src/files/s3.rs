//! An S3 bucket, reached through a client of ours.
//!
//! The library's own client would take whichever TLS provider the process made its default;
//! this one names ring.

use std::path::PathBuf;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, RetryConfig};

use crate::tls;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Someone waits for each of these calls, and outside retries follow: give up early.
const RETRIES: usize = 3;
const RETRY_FOR: Duration = Duration::from_secs(20);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const FINISH_WITHIN: Duration = Duration::from_secs(60);

/// The bucket, with `options` over what the `AWS_*` environment says.
///
/// A server whose certificate comes from an own authority is trusted through `AWS_CA_BUNDLE`, a
/// PEM file. No proxy settings are read from the `AWS_*` environment.
pub(super) fn open(
    bucket: &str,
    options: Vec<(AmazonS3ConfigKey, String)>,
) -> Result<AmazonS3, Failure> {
    let retry =
        RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_FOR, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    for (key, value) in options {
        builder = builder.with_config(key, value);
    }
    Ok(builder.with_http_connector(Connector(client()?)).build()?)
}

fn client() -> Result<reqwest::Client, Failure> {
    let mut roots = tls::public_roots();
    if let Some(bundle) = std::env::var_os("AWS_CA_BUNDLE") {
        for certificate in tls::certificates_in(&PathBuf::from(bundle))? {
            roots.add(certificate)?;
        }
    }
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::client_config(roots)?)
        .connect_timeout(CONNECT_WITHIN)
        .timeout(FINISH_WITHIN)
        // A stored .gz is to be given as it was stored.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    Ok(client.build()?)
}

#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_without_a_default_tls_provider() {
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
        open("tickets", vec![(AmazonS3ConfigKey::Region, "eu-central-1".to_owned())]).unwrap();
    }
}
