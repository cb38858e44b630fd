//! The limits of `Incoming`, as its documentation states them: an adapter that leans on the inbox
//! for them is refused here as it would be in the engine.

use crate::{Error, Incoming, Kind, Result};

const MAX_ID: usize = 255;
const MAX_TEXT: usize = 100_000;
const MAX_FILES: usize = 20;
const MAX_BYTES: usize = 25 * 1024 * 1024;

pub(super) fn check(message: &Incoming) -> Result<()> {
    let key = message.idempotency.as_ref().map(|idempotency| &idempotency.key);
    let ids = [Some(&message.sender.identifier), message.conversation.as_ref()];
    for id in ids.into_iter().chain([message.external_id.as_ref(), key]).flatten() {
        refuse_if(id.trim().is_empty(), "An id is empty.")?;
        refuse_if(id.chars().count() > MAX_ID, "An id is longer than 255 characters.")?;
    }
    let is_empty = message.text.trim().is_empty() && message.attachments.is_empty();
    refuse_if(is_empty, "The text is empty.")?;
    let is_long = message.text.chars().count() > MAX_TEXT;
    refuse_if(is_long, "The text is longer than 100000 characters.")?;
    let bytes: usize = message.attachments.iter().map(|file| file.bytes.len()).sum();
    let is_heavy = message.attachments.len() > MAX_FILES || bytes > MAX_BYTES;
    refuse_if(is_heavy, "There are more than 20 files, or more than 25 MiB.")
}

fn refuse_if(broken: bool, sentence: &str) -> Result<()> {
    if broken { Err(Error::new(Kind::Invalid, sentence)) } else { Ok(()) }
}
