//! From an update to what the engine takes in, without I/O.

use serde_json::{Map, Value, json};

use super::addressed::{self, Me};
use super::api::{CallbackQuery, Chat, Message, Origin, Update, User};
use super::content::{self, Held, Remote, Strange, full_name};
use super::wording::{Phrase, Wording};
use crate::{ChannelKind, Incoming, Profile, Sender};

/// What the button that calls an operator carries.
pub(super) const OPERATOR: &str = "operator";

/// What an update is to the bot.
#[derive(Debug)]
pub(super) enum Heard {
    /// A customer said something.
    Said(Box<Said>),
    /// A customer wants the bot to say something.
    Asked(Asked),
    /// Nothing was said; why, for the log.
    Nothing(&'static str),
    /// It can't be understood; why, in a sentence.
    Unknown(&'static str),
}

/// A customer's message, before its file is there.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) message: Incoming,
    pub(super) file: Option<Remote>,
    pub(super) chat: i64,
    /// The pressed button, which spins until it is answered.
    pub(super) button: Option<String>,
    /// The customer's language, as their Telegram is set.
    pub(super) language: Option<String>,
}

/// A question to the bot itself; it becomes no message.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) chat: i64,
    pub(super) is_private: bool,
    pub(super) phrase: Phrase,
    pub(super) language: Option<String>,
    /// Under which this is known again.
    pub(super) id: String,
}

/// Whether the bot's name must be known before [`update`] is called.
pub(super) fn needs_name(update: &Update) -> bool {
    let messages = [&update.message, &update.edited_message];
    messages.into_iter().flatten().any(|message| addressed::needs_name(message))
}

/// What `update` is; `raw` is the same as it came.
pub(super) fn update(update: &Update, raw: &[u8], me: Me<'_>, wording: &Wording) -> Heard {
    if let Some(pressed) = &update.callback_query {
        return button(pressed, me, wording);
    }
    if let Some(edited) = &update.edited_message {
        return edit(edited, update.update_id, me);
    }
    let Some(message) = &update.message else {
        return Heard::Nothing("an update of a kind that was not asked for");
    };
    if let Some(silence) = not_for_us(message, me) {
        return Heard::Nothing(silence);
    }
    if let Some((name, rest)) = addressed::command(message, me) {
        let phrase = match name.as_str() {
            "start" => Some(Phrase::Greeting),
            "help" => Some(Phrase::Help),
            "operator" => return operator(message, &rest, me, wording),
            _ => None,
        };
        if let Some(phrase) = phrase {
            return Heard::Asked(asked(message, phrase, update.update_id, me));
        }
    }
    let held = match content::of(message) {
        Some(held) => held,
        None => match content::strange(raw) {
            Strange::Service => return Heard::Nothing("a message of the chat itself"),
            Strange::Thing(text) => Held { text, ..Held::default() },
            Strange::Unknown => return Heard::Unknown("The message holds nothing known."),
        },
    };
    if held.text.trim().is_empty() && held.file.is_none() {
        return Heard::Unknown("The message is empty.");
    }
    said(message, held, me)
}

fn said(message: &Message, held: Held, me: Me<'_>) -> Heard {
    let mut sender = sender(&message.chat, message.from.as_ref());
    sender.phone = held.phone.filter(|_| is_private(&message.chat));
    let mut metadata = about(message, me);
    metadata.extend(held.metadata);
    let is_bot = message.sender_chat.is_none() && message.from.as_ref().is_some_and(|f| f.is_bot);
    let incoming = Incoming {
        external_id: Some(id(me, message.chat.id, message.message_id)),
        metadata: Value::Object(metadata),
        machine: is_bot.then(|| "sent by a bot".to_owned()),
        ..plain(sender, message.chat.id, held.text)
    };
    Heard::Said(Box::new(Said {
        message: incoming,
        file: held.file,
        chat: message.chat.id,
        button: None,
        language: language(message.from.as_ref()),
    }))
}

/// What was edited is recorded; a place that moves on, or a poll that goes on, was not edited.
fn edit(message: &Message, update_id: i64, me: Me<'_>) -> Heard {
    if let Some(silence) = not_for_us(message, me) {
        return Heard::Nothing(silence);
    }
    let Some(text) = message.text.as_ref().or(message.caption.as_ref()) else {
        return Heard::Nothing("an edit without words");
    };
    if text.trim().is_empty() {
        return Heard::Nothing("an edit without words");
    }
    let held = Held { text: format!("✏️ {text}"), ..Held::default() };
    let mut heard = said(message, held, me);
    if let Heard::Said(said) = &mut heard {
        let first = id(me, message.chat.id, message.message_id);
        said.message.external_id = Some(format!("{first}:edit:{update_id}"));
        said.message.edits = Some(first);
    }
    heard
}

/// A press is a message with the button's words; a second press of the same button is a repeat.
fn button(pressed: &CallbackQuery, me: Me<'_>, wording: &Wording) -> Heard {
    let (Some(OPERATOR), Some(under)) = (pressed.data.as_deref(), &pressed.message) else {
        return Heard::Nothing("a button that is not known any more");
    };
    let language = language(Some(&pressed.from));
    let text = wording(Phrase::CallOperator, language.as_deref());
    let under_id = id(me, under.chat.id, under.message_id);
    let incoming = Incoming {
        external_id: Some(format!("{under_id}:{OPERATOR}")),
        metadata: json!({"button": OPERATOR, "under": under_id, "from": who(&pressed.from)}),
        ..plain(sender(&under.chat, Some(&pressed.from)), under.chat.id, text)
    };
    Heard::Said(Box::new(Said {
        message: incoming,
        file: None,
        chat: under.chat.id,
        button: Some(pressed.id.clone()),
        language,
    }))
}

/// `/operator` says the words of the button, and what the customer wrote behind it.
fn operator(message: &Message, rest: &str, me: Me<'_>, wording: &Wording) -> Heard {
    let language = language(message.from.as_ref());
    let words = wording(Phrase::CallOperator, language.as_deref());
    let text = if rest.is_empty() { words } else { format!("{words}\n{rest}") };
    said(message, Held { text, ..Held::default() }, me)
}

fn asked(message: &Message, phrase: Phrase, update_id: i64, me: Me<'_>) -> Asked {
    Asked {
        chat: message.chat.id,
        is_private: is_private(&message.chat),
        phrase,
        language: language(message.from.as_ref()),
        id: format!("{}:{update_id}", me.id),
    }
}

/// Why a message is none for the bot.
fn not_for_us(message: &Message, me: Me<'_>) -> Option<&'static str> {
    if message.chat.kind == "channel" {
        return Some("a post of a channel");
    }
    if message.is_automatic_forward == Some(true) {
        return Some("a post that a group was given by its channel");
    }
    if message.from.as_ref().is_some_and(|from| from.id == me.id) {
        return Some("the bot's own message");
    }
    let is_meant = is_private(&message.chat) || addressed::is_addressed(message, me);
    (!is_meant).then_some("a message in a group that is not for the bot")
}

fn plain(sender: Sender, chat: i64, text: String) -> Incoming {
    Incoming {
        channel: ChannelKind::Telegram,
        sender,
        external_id: None,
        conversation: Some(chat.to_string()),
        subject: None,
        text,
        attachments: Vec::new(),
        metadata: Value::Null,
        idempotency: None,
        awaits_reply: false,
        machine: None,
        edits: None,
    }
}

/// Who the customer is: the person, in a group the group. Both have numbers of their own, which
/// are the chats that answers go to.
fn sender(chat: &Chat, from: Option<&User>) -> Sender {
    let identifier = chat.id.to_string();
    let name = |name: String| Some(name).filter(|name| !name.trim().is_empty());
    match from.filter(|_| is_private(chat)) {
        Some(person) => Sender {
            identifier,
            name: name(full_name(&person.first_name, person.last_name.as_deref())),
            profile: Some(Box::new(Profile {
                first_name: name(person.first_name.clone()),
                last_name: person.last_name.clone(),
                username: person.username.clone(),
            })),
            ..Sender::default()
        },
        None => Sender { identifier, name: chat.title.clone().and_then(name), ..Sender::default() },
    }
}

fn is_private(chat: &Chat) -> bool {
    chat.kind == "private"
}

fn language(from: Option<&User>) -> Option<String> {
    from?.language_code.clone()
}

/// What is kept beside the words.
fn about(message: &Message, me: Me<'_>) -> Map<String, Value> {
    let mut kept = Map::new();
    kept.insert("date".to_owned(), json!(message.date));
    if let Some(from) = &message.from {
        kept.insert("from".to_owned(), who(from));
    }
    if let Some(replied) = &message.reply_to_message {
        kept.insert("reply_to".to_owned(), json!(id(me, message.chat.id, replied.message_id)));
    }
    if let Some(origin) = &message.forward_origin {
        kept.insert("forwarded_from".to_owned(), json!(name_of(origin)));
    }
    if let Some(group) = &message.media_group_id {
        kept.insert("media_group".to_owned(), json!(group));
    }
    kept
}

fn who(user: &User) -> Value {
    let name = full_name(&user.first_name, user.last_name.as_deref());
    json!({"id": user.id, "name": name, "username": user.username, "language": user.language_code})
}

fn name_of(origin: &Origin) -> Option<String> {
    match origin {
        Origin::User { sender_user: user } => {
            Some(full_name(&user.first_name, user.last_name.as_deref()))
        }
        Origin::HiddenUser { sender_user_name } => Some(sender_user_name.clone()),
        Origin::Chat { sender_chat: chat } | Origin::Channel { chat } => chat.title.clone(),
        Origin::Other => None,
    }
}

/// A message's own id. The bot's is part of it: messages are numbered for each bot anew.
fn id(me: Me<'_>, chat: i64, message: i64) -> String {
    format!("{}:{chat}:{message}", me.id)
}

/// The message's number in its chat, out of its own id.
pub(super) fn message_of(external_id: &str) -> Option<i64> {
    external_id.split(':').nth(2)?.parse().ok()
}
