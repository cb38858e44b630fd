//! A message with its files already kept and its words already read: all that can be done before,
//! and outside of, the transaction.

use centrium_channels::{Incoming, Receipt, Reply, Result};

use crate::assistant::{Language, detect, is_only_thanks};
use crate::files::{Files, Kept};
use crate::store::jobs::Job;

/// A message that is ready to be written.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The message, without its files' bytes.
    pub message: Incoming,
    /// Its files, which are on the disk already.
    pub files: Vec<Kept>,
    /// The language it is written in, where that can be told.
    pub language: Option<Language>,
    /// It says thanks and nothing else: it reopens nothing and is not answered.
    pub is_thanks: bool,
}

impl Arrival {
    /// Keeps the files and reads the words.
    ///
    /// Files are kept under the hash of their bytes, so that a message which is refused or
    /// repeated later leaves nothing that is in anyone's way.
    pub(super) async fn unpack(mut message: Incoming, files: &Files) -> Result<Self> {
        let mut kept = Vec::with_capacity(message.attachments.len());
        for attachment in std::mem::take(&mut message.attachments) {
            kept.push(files.keep(attachment).await?);
        }
        Ok(Self {
            language: detect(&message.text),
            is_thanks: kept.is_empty() && is_only_thanks(&message.text),
            files: kept,
            message,
        })
    }
}

/// A message was written.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Where it is now.
    pub receipt: Receipt,
    /// The assistant's job, leased to this engine.
    pub job: Option<Job>,
    /// The caller waits for an answer.
    pub is_awaited: bool,
    /// The answer, where it is only an acknowledgement and was written with the message.
    pub reply: Option<Reply>,
}
