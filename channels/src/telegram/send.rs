//! One answer to Telegram: a message a piece, then a message a file.
//!
//! The Bot API knows no keys by which a repeated call would do nothing twice. What of an answer is
//! sent already is remembered here while it is being tried, so that a second try goes on where the
//! first one stopped; only a crash in between, or another engine that takes the second try, repeats
//! what was sent. So a short wait that Telegram asks for between two pieces is waited for here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::api::SentMessage;
use super::client::Bot;
use super::failure::Failure;
use super::multipart;
use super::parse::{OPERATOR, message_of};
use super::split::{self, split};
use super::wording::{Phrase, Wording};
use crate::{Attachment, Content, Error, Kind, Outgoing, Result, Sent};

/// How long sending a file may take.
const FILE: Duration = Duration::from_secs(25);
/// UTF-16 code units of the words under a file at most.
const CAPTION: usize = 1_024;
/// Bytes of a picture that Telegram shows as one; a larger one is a file.
const PHOTO: usize = 10 * 1024 * 1024;
/// The longest wait between two pieces of an answer.
const SHORT_WAIT: Duration = Duration::from_secs(3);
/// How long all such waits of a try may take.
const WAITS: Duration = Duration::from_secs(9);
/// Answers that are remembered; the tries of any one are minutes apart at most.
const REMEMBERED: usize = 10_000;

/// Where answers stand that are not sent wholly.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<HashMap<String, Stand>>);

#[derive(Clone, Copy, Debug, Default)]
struct Stand {
    /// Pieces that Telegram has.
    done: usize,
    /// The last of them.
    last: Option<i64>,
    /// The chat that the group has become meanwhile.
    moved_to: Option<i64>,
}

impl Progress {
    fn of(&self, key: &str) -> Stand {
        self.lock().get(key).copied().unwrap_or_default()
    }

    fn set(&self, key: &str, stand: Stand) {
        let mut all = self.lock();
        if all.len() >= REMEMBERED && !all.contains_key(key) {
            all.clear();
        }
        all.insert(key.to_owned(), stand);
    }

    fn forget(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Stand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of an answer, which is one call.
enum Piece<'a> {
    Text(&'a str),
    File(&'a Attachment, &'a str),
}

/// Sends what Telegram has not got yet of this answer.
pub(super) async fn send(
    bot: &Bot,
    wording: &Wording,
    progress: &Progress,
    out: &Outgoing,
) -> Result<Sent> {
    let chat = out.conversation.as_deref().unwrap_or(&out.recipient);
    let Ok(chat) = chat.parse::<i64>() else {
        return Err(Error::new(Kind::Refused, "The customer has no chat on Telegram."));
    };
    let pieces = pieces(out);
    let mut stand = progress.of(&out.key);
    let mut waited = Duration::ZERO;
    while let Some(piece) = pieces.get(stand.done) {
        let place = Place {
            chat: stand.moved_to.unwrap_or(chat),
            is_first: stand.done == 0,
            is_last: stand.done + 1 == pieces.len(),
        };
        match send_piece(bot, wording, out, piece, place).await {
            Ok(sent) => {
                (stand.done, stand.last) = (stand.done + 1, Some(sent.message_id));
                progress.set(&out.key, stand);
            }
            Err(failure) if failure.moved_to().is_some() && stand.moved_to.is_none() => {
                stand.moved_to = failure.moved_to();
            }
            Err(failure) => {
                let wait = failure.wait().filter(|wait| *wait <= SHORT_WAIT && stand.done > 0);
                let Some(wait) = wait.filter(|wait| waited + *wait <= WAITS) else {
                    return Err(failure.into());
                };
                waited += wait;
                tokio::time::sleep(wait).await;
            }
        }
    }
    progress.forget(&out.key);
    let chat = stand.moved_to.unwrap_or(chat);
    Ok(Sent { external_id: stand.last.map(|last| format!("{}:{chat}:{last}", bot.id())) })
}

fn pieces(out: &Outgoing) -> Vec<Piece<'_>> {
    let is_caption = out.text.encode_utf16().count() <= CAPTION;
    if let ([file], true) = (out.attachments.as_slice(), is_caption) {
        return vec![Piece::File(file, &out.text)];
    }
    let mut pieces = Vec::new();
    if !out.text.trim().is_empty() || out.attachments.is_empty() {
        pieces.extend(split(&out.text, split::LONGEST).into_iter().map(Piece::Text));
    }
    pieces.extend(out.attachments.iter().map(|file| Piece::File(file, "")));
    pieces
}

#[derive(Clone, Copy)]
struct Place {
    chat: i64,
    is_first: bool,
    is_last: bool,
}

async fn send_piece(
    bot: &Bot,
    wording: &Wording,
    out: &Outgoing,
    piece: &Piece<'_>,
    place: Place,
) -> Result<SentMessage, Failure> {
    let mut fields = json!({"chat_id": place.chat});
    // In a group it shows who is answered; the question may be gone.
    let answered = out.in_reply_to.as_deref().and_then(message_of);
    if let Some(answered) = answered.filter(|_| place.chat < 0 && place.is_first) {
        fields["reply_parameters"] =
            json!({"message_id": answered, "allow_sending_without_reply": true});
    }
    if out.offers_operator && place.is_last {
        let label = wording(Phrase::CallOperator, Some(&out.language));
        fields["reply_markup"] =
            json!({"inline_keyboard": [[{"text": label, "callback_data": OPERATOR}]]});
    }
    match piece {
        Piece::Text(text) => {
            fields["text"] = json!(text);
            fields["link_preview_options"] = json!({"is_disabled": true});
            bot.call("sendMessage", &fields).await
        }
        Piece::File(file, caption) => {
            if !caption.trim().is_empty() {
                fields["caption"] = json!(caption);
            }
            send_file(bot, &fields, file).await
        }
    }
}

async fn send_file(bot: &Bot, fields: &Value, file: &Attachment) -> Result<SentMessage, Failure> {
    let (method, field) =
        if is_photo(file) { ("sendPhoto", "photo") } else { ("sendDocument", "document") };
    let (content_type, body) = multipart::form(fields, field, file);
    bot.post(FILE, method, &content_type, body).await
}

fn is_photo(file: &Attachment) -> bool {
    let shown = match &file.content {
        Content::Image => true,
        Content::File(media_type) => matches!(media_type.as_str(), "image/jpeg" | "image/png"),
    };
    shown && file.bytes.len() <= PHOTO
}
