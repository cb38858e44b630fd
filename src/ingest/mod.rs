//! The one door for customers' messages.
//!
//! [`Ingest::accept`] is the story of one message. Messages that arrive together commit together:
//! the [`writer`](crate::writer) gathers them, and `set` writes them in one transaction of a
//! few statements, with everything that follows from them.

mod ahead;
mod arrival;
mod compose;
mod contact;
mod guard;
mod look;
mod repeat;
mod sanitize;
mod seen;
mod set;
mod thread;

use std::sync::Arc;

use centrium_channels::{Incoming, Receipt, Result};

use crate::files::Files;
use crate::writer::Writer;

pub use ahead::{Ahead, Outlook, look_ahead};
pub use arrival::{Accepted, Arrival};
pub use sanitize::{clean_json, clean_text};
pub use set::{Rules, write};

/// Takes messages in.
#[derive(Clone)]
pub struct Ingest {
    files: Arc<Files>,
    writer: Writer,
}

impl Ingest {
    /// An ingest that keeps files in `files` and rows through `writer`.
    #[must_use]
    pub fn new(files: Arc<Files>, writer: Writer) -> Self {
        Self { files, writer }
    }

    /// Makes a message durable, with all that follows from it. See
    /// [`Inbox::accept`](centrium_channels::Inbox::accept).
    ///
    /// # Errors
    /// As there.
    pub async fn accept(&self, message: Incoming) -> Result<Receipt> {
        let channel = message.channel.as_str();
        let accepted = self.take_in(message).await;
        crate::telemetry::count_message(
            channel,
            match &accepted {
                Ok(receipt) if receipt.duplicate => "duplicate",
                Ok(_) => "accepted",
                Err(_) => "refused",
            },
        );
        accepted
    }

    async fn take_in(&self, message: Incoming) -> Result<Receipt> {
        let message = sanitize::clean(message);
        guard::check(&message)?;
        let arrival = Arrival::unpack(message, &self.files).await?;
        self.writer.accept(arrival).await
    }
}
