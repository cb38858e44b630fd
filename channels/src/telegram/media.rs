//! Files that customers send. They are fetched when their message arrives, for a limited time and
//! a few at once; a message is never lost because its file is.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::api::FilePath;
use super::client::Bot;
use super::content::Remote;
use super::failure::{Failure, Refusal};

/// Bytes of a file that a bot can fetch: the Bot API's own limit.
pub(super) const LARGEST: usize = 20 * 1024 * 1024;
/// How long a file may take; Telegram waits for a minute until it calls again.
const LIMIT: Duration = Duration::from_secs(20);
/// Files that are fetched at once: each is held in memory.
const AT_ONCE: usize = 4;

/// Why a file is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// It is larger than a bot can fetch.
    TooLarge,
    /// It could not be fetched.
    Failed,
}

/// Fetches files.
#[derive(Debug)]
pub(super) struct Media(Semaphore);

impl Default for Media {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Media {
    /// The file's bytes.
    pub(super) async fn fetch(&self, bot: &Bot, file: &Remote) -> Result<Bytes, Loss> {
        if file.size.is_some_and(|size| size > LARGEST as u64) {
            return Err(Loss::TooLarge);
        }
        match timeout(LIMIT, self.fetch_now(bot, file)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(failure)) if is_too_large(&failure) => Err(Loss::TooLarge),
            Ok(Err(failure)) => {
                let error = crate::Error::from(failure);
                tracing::warn!(%error, "telegram.file_failed");
                Err(Loss::Failed)
            }
            Err(_) => {
                tracing::warn!("telegram.file_too_slow");
                Err(Loss::Failed)
            }
        }
    }

    async fn fetch_now(&self, bot: &Bot, file: &Remote) -> Result<Bytes, Failure> {
        // Never closed.
        let _turn = self.0.acquire().await.map_err(|_| Failure::TooSlow)?;
        let asked = serde_json::json!({"file_id": file.id});
        let found: FilePath = bot.call("getFile", &asked).await?;
        let path = found.file_path.ok_or(Failure::Nonsense)?;
        bot.file(LIMIT, &path, LARGEST).await
    }
}

fn is_too_large(failure: &Failure) -> bool {
    match failure {
        Failure::TooLarge => true,
        Failure::Refused(Refusal { description, .. }) => description.contains("too big"),
        _ => false,
    }
}
