//! What is done with an update, whichever way it came: once this is `Ok`, Telegram may forget it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;

use super::addressed::Me;
use super::api::Update;
use super::client::Bot;
use super::content::Remote;
use super::media::{Loss, Media};
use super::parse::{self, Asked, Heard, Said};
use super::wording::{Phrase, Wording};
use crate::{Attachment, ChannelKind, Error, Inbox, Kind, Result, Retry};

const KIND: ChannelKind = ChannelKind::Telegram;
/// Small calls that go out beside the work (typing, a greeting) at once; of typing, what is more
/// is left out.
const ASIDE: usize = 32;
/// Tries of what the bot says by itself.
const TRIES: usize = 3;
/// The longest that it waits between them.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Takes updates in.
#[derive(Clone)]
pub(super) struct Intake {
    bot: Arc<Bot>,
    wording: Wording,
    media: Arc<Media>,
    aside: Arc<Semaphore>,
}

impl Intake {
    pub(super) fn new(bot: Arc<Bot>, wording: Wording) -> Self {
        let (media, aside) = (Arc::default(), Arc::new(Semaphore::new(ASIDE)));
        Self { bot, wording, media, aside }
    }

    /// Takes one update in, as it came. What it can't understand it has kept.
    ///
    /// # Errors
    /// It is not durable: Telegram must keep it and send it again.
    pub(super) async fn take(&self, inbox: &dyn Inbox, raw: &[u8]) -> Result<()> {
        let Ok(update) = serde_json::from_slice::<Update>(raw) else {
            return keep(inbox, "It is no update of the Bot API.", raw).await;
        };
        let username = match parse::needs_name(&update) {
            true => self.bot.username().await?,
            false => "",
        };
        let me = Me { id: self.bot.id(), username };
        match parse::update(&update, raw, me, &self.wording) {
            Heard::Said(said) => self.accept(inbox, *said, raw).await,
            Heard::Asked(asked) => self.answer(inbox, asked).await,
            Heard::Unknown(reason) => keep(inbox, reason, raw).await,
            Heard::Nothing(reason) => {
                tracing::debug!(telegram.update_id = update.update_id, reason, "telegram.ignored");
                Ok(())
            }
        }
    }

    async fn accept(&self, inbox: &dyn Inbox, mut said: Said, raw: &[u8]) -> Result<()> {
        let mut loss = None;
        if let Some(file) = said.file.take() {
            match self.media.fetch(&self.bot, &file).await {
                Ok(bytes) => attach(&mut said, file, bytes),
                Err(why) => {
                    loss = Some(why);
                    leave_out(&mut said, &file);
                }
            }
        }
        let (chat, button, is_asking) = (said.chat, said.button, said.message.is_asking());
        let language = said.language;
        match inbox.accept(said.message).await {
            // What is here already came with its file, or the customer was told before.
            Ok(receipt) if receipt.duplicate => loss = None,
            Ok(_) if is_asking => self.show_typing(chat),
            Ok(_) => {}
            // Telegram would send it for ever, and nothing behind it.
            Err(error) if matches!(error.kind, Kind::Invalid | Kind::Conflict) => {
                keep(inbox, &error.sentence, raw).await?;
            }
            Err(error) => return Err(error),
        }
        if let Some(id) = button {
            self.call_aside("answerCallbackQuery", json!({"callback_query_id": id}));
        }
        if let Some(loss) = loss {
            let phrase = match loss {
                Loss::TooLarge => Phrase::FileTooLarge,
                Loss::Failed => Phrase::FileLost,
            };
            let text = (self.wording)(phrase, language.as_deref());
            self.call_aside("sendMessage", json!({"chat_id": chat, "text": text}));
        }
        Ok(())
    }

    /// The bot answers by itself, and no ticket knows of it.
    async fn answer(&self, inbox: &dyn Inbox, asked: Asked) -> Result<()> {
        if !inbox.is_first(KIND, &asked.id).await? {
            return Ok(());
        }
        let say = |phrase| (self.wording)(phrase, asked.language.as_deref());
        let mut message = json!({
            "chat_id": asked.chat,
            "text": say(asked.phrase),
            "link_preview_options": {"is_disabled": true},
        });
        if asked.is_private {
            let share = json!({"text": say(Phrase::SharePhone), "request_contact": true});
            message["reply_markup"] = json!({
                "keyboard": [[share]], "resize_keyboard": true, "one_time_keyboard": true,
            });
        }
        self.call_aside("sendMessage", message);
        Ok(())
    }

    /// Telegram shows it for 5 s, or until the answer comes.
    fn show_typing(&self, chat: i64) {
        let Ok(place) = self.aside.clone().try_acquire_owned() else { return };
        let bot = self.bot.clone();
        tokio::spawn(async move {
            let typing = json!({"chat_id": chat, "action": "typing"});
            // Nobody misses it.
            drop(bot.call::<bool>("sendChatAction", &typing).await);
            drop(place);
        });
    }

    /// What must not keep Telegram waiting, and is no answer to a ticket.
    fn call_aside(&self, method: &'static str, parameters: serde_json::Value) {
        let (bot, aside) = (self.bot.clone(), self.aside.clone());
        tokio::spawn(async move {
            let _place = aside.acquire().await;
            for left in (0..TRIES).rev() {
                let called = bot.call::<serde_json::Value>(method, &parameters).await;
                let Err(failure) = called else { return };
                let error = Error::from(failure);
                let pause = match error.retry {
                    Retry::After(pause) => pause.min(LONGEST_PAUSE),
                    Retry::Later => Duration::from_secs(1),
                    Retry::Never => Duration::ZERO,
                };
                if left == 0 || error.retry == Retry::Never {
                    tracing::warn!(telegram.method = method, %error, "telegram.not_said");
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        });
    }
}

fn attach(said: &mut Said, file: Remote, bytes: Bytes) {
    // What says that it is a picture, and is none, is still a file of the customer's.
    let content = match file.content {
        crate::Content::Image => crate::Content::File("image/jpeg".to_owned()),
        content => content,
    };
    said.message.attachments.push(Attachment { name: file.name, content, bytes });
}

/// Says in the text that there was a file.
fn leave_out(said: &mut Said, file: &Remote) {
    let (text, label) = (&mut said.message.text, file.label());
    if text.trim().is_empty() {
        *text = format!("{label} ✗");
    } else if *text == label {
        text.push_str(" ✗");
    } else {
        *text = format!("{text}\n{label} ✗");
    }
}

async fn keep(inbox: &dyn Inbox, reason: &str, raw: &[u8]) -> Result<()> {
    tracing::warn!(reason, bytes = raw.len(), "telegram.not_understood");
    inbox.quarantine(KIND, reason, Bytes::copy_from_slice(raw)).await
}
