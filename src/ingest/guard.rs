//! Limits of what comes in, checked before anything is written.

use centrium_channels::{Error, Incoming, Kind};

/// Characters of an id: a customer's, a conversation's, a message's, an idempotency key.
const MAX_ID: usize = 255;
/// Characters of a message.
const MAX_TEXT: usize = 100_000;
/// Characters of a name, an address or a subject.
const MAX_NAME: usize = 1_000;
/// Files of one message.
const MAX_FILES: usize = 20;
/// Bytes of all files of one message.
const MAX_BYTES: usize = 25 * 1024 * 1024;

/// Refuses what breaks a limit of [`Incoming`], with a sentence that names it.
pub(super) fn check(message: &Incoming) -> Result<(), Error> {
    id("The customer's identifier", &message.sender.identifier)?;
    for (what, value) in [
        ("external_id", &message.conversation),
        ("The message's id", &message.external_id),
        ("Idempotency-Key", &message.idempotency.as_ref().map(|i| i.key.clone())),
    ] {
        if let Some(value) = value {
            id(what, value)?;
        }
    }
    for (what, value) in [
        ("The customer's name", &message.sender.name),
        (
            "The customer's username",
            &message.sender.profile.as_ref().and_then(|profile| profile.username.clone()),
        ),
        ("The customer's e-mail address", &message.sender.email),
        ("The customer's phone number", &message.sender.phone),
        ("The subject", &message.subject),
    ] {
        if value.as_ref().is_some_and(|v| v.chars().count() > MAX_NAME) {
            return Err(invalid(format!("{what} is longer than {MAX_NAME} characters.")));
        }
    }
    if message.text.trim().is_empty() && message.attachments.is_empty() {
        return Err(invalid("The text is empty."));
    }
    if message.text.chars().count() > MAX_TEXT {
        return Err(invalid(format!("The text is longer than {MAX_TEXT} characters.")));
    }
    if message.attachments.len() > MAX_FILES {
        return Err(invalid(format!("There are more than {MAX_FILES} files.")));
    }
    if message.attachments.iter().map(|a| a.bytes.len()).sum::<usize>() > MAX_BYTES {
        return Err(invalid("The files are larger than 25 MiB together."));
    }
    Ok(())
}

fn id(what: &str, value: &str) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(invalid(format!("{what} is empty.")));
    }
    if value.chars().count() > MAX_ID {
        return Err(invalid(format!("{what} is longer than {MAX_ID} characters.")));
    }
    Ok(())
}

fn invalid(sentence: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, sentence)
}
