//! Whether a message in a group is meant for the bot.

use super::api::{Entity, Message};

/// Who the bot is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Me<'a> {
    pub(super) id: i64,
    /// Without `@`; empty where it was not needed.
    pub(super) username: &'a str,
}

/// Whether the bot's name must be known to understand this message.
pub(super) fn needs_name(message: &Message) -> bool {
    entities(message).any(|(entity, _)| matches!(entity.kind.as_str(), "mention" | "bot_command"))
}

/// Whether the bot is spoken to: by a command, by its name, or by a reply to what it wrote.
pub(super) fn is_addressed(message: &Message, me: Me<'_>) -> bool {
    let replied = message.reply_to_message.as_ref().and_then(|replied| replied.from.as_ref());
    if replied.is_some_and(|from| from.id == me.id) {
        return true;
    }
    entities(message).any(|(entity, text)| match entity.kind.as_str() {
        "mention" => part(text, entity).strip_prefix('@').is_some_and(|name| is_my_name(name, me)),
        "text_mention" => entity.user.as_ref().is_some_and(|user| user.id == me.id),
        "bot_command" => is_my_command(&part(text, entity), me),
        _ => false,
    })
}

/// The command that a message is: its name without the slash, and what stands behind it. `None`
/// where it is no command, or another bot's.
pub(super) fn command(message: &Message, me: Me<'_>) -> Option<(String, String)> {
    let text = message.text.as_deref()?;
    let entity = message.entities.iter().find(|e| e.kind == "bot_command" && e.offset == 0)?;
    let written = part(text, entity);
    if !is_my_command(&written, me) {
        return None;
    }
    let name = written.split('@').next()?.strip_prefix('/')?.to_lowercase();
    let rest = text.get(written.len()..).unwrap_or_default();
    Some((name, rest.trim().to_owned()))
}

fn is_my_command(written: &str, me: Me<'_>) -> bool {
    written.split_once('@').is_none_or(|(_, name)| is_my_name(name, me))
}

fn is_my_name(name: &str, me: Me<'_>) -> bool {
    !me.username.is_empty() && name.eq_ignore_ascii_case(me.username)
}

fn entities(message: &Message) -> impl Iterator<Item = (&Entity, &str)> {
    let (text, caption) = (message.text.as_deref(), message.caption.as_deref());
    let in_text = message.entities.iter().map(move |e| (e, text.unwrap_or_default()));
    let in_caption = message.caption_entities.iter().map(move |e| (e, caption.unwrap_or_default()));
    in_text.chain(in_caption)
}

/// The characters of an entity; its place is counted in UTF-16 code units.
fn part(text: &str, entity: &Entity) -> String {
    let units: Vec<u16> = text.encode_utf16().skip(entity.offset).take(entity.length).collect();
    String::from_utf16_lossy(&units)
}
