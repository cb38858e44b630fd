//! What a message holds, in words that an operator can read, and the file to be fetched.
//!
//! Words of ours would be in one language or another, so that what is no text is shown by a sign:
//! `📍 51.16, 71.44`.

use serde_json::{Map, Value, json};

use super::api::{File, Message, Names, PhotoSize};
use crate::Content;

/// What a message holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Held {
    /// What an operator reads; empty where a photo has no caption.
    pub(super) text: String,
    /// The file that belongs to it.
    pub(super) file: Option<Remote>,
    /// A phone number that the sender shared as their own.
    pub(super) phone: Option<String>,
    /// What else there is to keep.
    pub(super) metadata: Map<String, Value>,
}

/// A file that Telegram keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) id: String,
    /// Bytes, where Telegram says so.
    pub(super) size: Option<u64>,
    pub(super) name: String,
    pub(super) content: Content,
    /// A sign for it, where the file itself is not there.
    pub(super) sign: &'static str,
}

/// What a message holds; `None` where it is nothing that this channel knows.
pub(super) fn of(message: &Message) -> Option<Held> {
    if let Some(text) = &message.text {
        return Some(Held { text: text.clone(), ..Held::default() });
    }
    if let Some(file) = file(message) {
        let caption = message.caption.clone().filter(|caption| !caption.trim().is_empty());
        // A photo speaks for itself; of another file the assistant sees nothing but this.
        let is_photo = file.content == Content::Image;
        let text = caption.unwrap_or_else(|| if is_photo { String::new() } else { file.label() });
        let mut metadata = Map::new();
        metadata.insert("file".to_owned(), json!({"id": file.id, "size": file.size}));
        return Some(Held { text, file: Some(file), metadata, phone: None });
    }
    other(message)
}

fn file(message: &Message) -> Option<Remote> {
    // An animation comes as a document too, for programs that know no animations.
    let kinds = [
        (&message.animation, "🎞", "animation.mp4", "video/mp4"),
        (&message.voice, "🎤", "voice.ogg", "audio/ogg"),
        (&message.audio, "🎵", "audio.mp3", "audio/mpeg"),
        (&message.video, "🎬", "video.mp4", "video/mp4"),
        (&message.video_note, "🎬", "video.mp4", "video/mp4"),
        (&message.document, "📎", "file", "application/octet-stream"),
    ];
    let found = kinds.into_iter().find_map(|(file, sign, name, media_type)| {
        file.as_ref().map(|file| remote(file, sign, name, media_type))
    });
    found.or_else(|| largest(&message.photo))
}

fn remote(file: &File, sign: &'static str, name: &str, media_type: &str) -> Remote {
    Remote {
        id: file.file_id.clone(),
        size: file.file_size,
        name: file.file_name.clone().unwrap_or_else(|| name.to_owned()),
        content: Content::File(file.mime_type.clone().unwrap_or_else(|| media_type.to_owned())),
        sign,
    }
}

fn largest(sizes: &[PhotoSize]) -> Option<Remote> {
    let largest = sizes.iter().max_by_key(|size| size.width.saturating_mul(size.height))?;
    Some(Remote {
        id: largest.file_id.clone(),
        size: largest.file_size,
        name: "photo.jpg".to_owned(),
        content: Content::Image,
        sign: "📷",
    })
}

impl Remote {
    /// What stands for the file where there is nothing else to read.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.sign, self.name)
    }
}

fn other(message: &Message) -> Option<Held> {
    let mut held = Held::default();
    held.text = if let Some(sticker) = &message.sticker {
        held.metadata.insert("sticker".to_owned(), json!(sticker.set_name));
        sticker.emoji.clone().unwrap_or_else(|| "🖼".to_owned())
    } else if let Some(venue) = &message.venue {
        let (title, address) = (&venue.title, &venue.address);
        let location = &venue.location;
        format!("📍 {title}, {address} ({}, {})", location.latitude, location.longitude)
    } else if let Some(location) = &message.location {
        format!("📍 {}, {}", location.latitude, location.longitude)
    } else if let Some(contact) = &message.contact {
        let own = message.from.as_ref().is_some_and(|from| contact.user_id == Some(from.id));
        held.phone = own.then(|| contact.phone_number.clone());
        let name = full_name(&contact.first_name, contact.last_name.as_deref());
        format!("👤 {name} {}", contact.phone_number)
    } else if let Some(poll) = &message.poll {
        let options: Vec<_> = poll.options.iter().map(|o| format!("• {}", o.text)).collect();
        format!("📊 {}\n{}", poll.question, options.join("\n"))
    } else if let Some(dice) = &message.dice {
        format!("{} {}", dice.emoji, dice.value)
    } else {
        return None;
    };
    Some(held)
}

pub(super) fn full_name(first: &str, last: Option<&str>) -> String {
    [Some(first), last].into_iter().flatten().collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// What a message is that [`of`] found nothing in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Strange {
    /// It tells of the chat, and nobody said anything.
    Service,
    /// A person sent something that has no words; this stands for it.
    Thing(String),
    /// Telegram has something new.
    Unknown,
}

/// Things that a person sends and that can't be shown.
const THINGS: [&str; 6] = ["story", "game", "invoice", "paid_media", "checklist", "giveaway"];

/// What tells of the chat: names, and beginnings of names.
const SERVICE: [&str; 27] = [
    "new_chat_",
    "left_chat_",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "channel_chat_created",
    "message_auto_delete_timer_changed",
    "migrate_",
    "pinned_message",
    "successful_payment",
    "refunded_payment",
    "users_shared",
    "chat_shared",
    "connected_website",
    "write_access_allowed",
    "passport_data",
    "proximity_alert_triggered",
    "boost_added",
    "chat_background_set",
    "checklist_tasks_",
    "forum_topic_",
    "general_forum_topic_",
    "giveaway_",
    "video_chat_",
    "web_app_data",
    "gift",
    "unique_gift",
];

/// Looks at the names of the fields of an update's message.
pub(super) fn strange(update: &[u8]) -> Strange {
    let Ok(Names { message }) = serde_json::from_slice(update) else { return Strange::Unknown };
    if let Some(thing) = THINGS.iter().find(|thing| message.contains_key(**thing)) {
        return Strange::Thing(format!("❔ {thing}"));
    }
    let is_service = |name: &String| SERVICE.iter().any(|begin| name.starts_with(begin));
    if message.keys().any(is_service) { Strange::Service } else { Strange::Unknown }
}
