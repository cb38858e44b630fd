//! A Bot API server that is as strict as the real one, for one bot.
//!
//! It refuses what Telegram refuses, in Telegram's words: wrong types, unknown parameters, texts
//! that are too long or empty, chats that never wrote to the bot, those that have blocked it, files
//! of another bot, and, when told to, a second message to a chat within a second. What it is asked
//! to send it keeps, for a test to look at.

mod check;
mod form;
mod methods;
mod server;
mod updates;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Notify;

pub use updates::private;

/// The bot's token. Its secret part must show up nowhere else.
pub const TOKEN: &str = "4242:fake-token-AAE_swordfish";
/// The bot's username.
pub const USERNAME: &str = "help_test_bot";

/// The server. It ends with the runtime that it was started on.
#[derive(Debug)]
pub struct FakeTelegram {
    /// Where it listens: what `TELEGRAM_API_URL` must be.
    pub url: String,
    state: Mutex<State>,
    /// There is something new for who polls.
    news: Notify,
}

/// A message that the bot sent.
#[derive(Clone, Debug)]
pub struct SentMessage {
    /// By which method.
    pub method: String,
    /// To which chat.
    pub chat: i64,
    /// Its number there.
    pub message_id: i64,
    /// Its text or caption.
    pub text: String,
    /// All parameters of the call.
    pub parameters: Value,
    /// The file, with its name.
    pub file: Option<(String, Bytes)>,
}

#[derive(Debug, Default)]
struct State {
    chats: HashMap<i64, Chat>,
    sent: Vec<SentMessage>,
    calls: Vec<(String, Value)>,
    files: HashMap<String, File>,
    /// For who polls.
    queue: VecDeque<Value>,
    last_update: i64,
    webhook: Option<Value>,
    /// How long a chat must wait for its next message.
    pace: Option<Duration>,
    /// Refusals of the next messages: code, words, seconds to wait.
    refusals: VecDeque<(u16, String, Option<u64>)>,
    is_down: bool,
}

#[derive(Debug, Default)]
struct Chat {
    last_message: i64,
    blocked: bool,
    moved_to: Option<i64>,
    sent_at: Option<Instant>,
}

#[derive(Clone, Debug)]
struct File {
    bytes: Bytes,
    is_lost: bool,
}

impl FakeTelegram {
    /// Starts a server that knows nobody yet.
    pub async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let fake = Arc::new(Self {
            url: format!("http://{address}"),
            state: Mutex::default(),
            news: Notify::new(),
        });
        tokio::spawn(server::serve(fake.clone(), listener));
        fake
    }

    /// What the bot sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<SentMessage> {
        self.state().sent.clone()
    }

    /// The texts that a chat got, in order.
    #[must_use]
    pub fn texts_to(&self, chat: i64) -> Vec<String> {
        let sent = self.sent().into_iter().filter(|sent| sent.chat == chat);
        sent.map(|sent| sent.text).collect()
    }

    /// The parameters of all calls of a method, refused ones included.
    #[must_use]
    pub fn calls(&self, method: &str) -> Vec<Value> {
        let state = self.state();
        let calls = state.calls.iter().filter(|(called, _)| called == method);
        calls.map(|(_, parameters)| parameters.clone()).collect()
    }

    /// The user of this chat blocks the bot.
    pub fn block(&self, chat: i64) {
        self.state().chats.entry(chat).or_default().blocked = true;
    }

    /// The group becomes another chat.
    pub fn move_chat(&self, chat: i64, to: i64) {
        let mut state = self.state();
        state.chats.entry(chat).or_default().moved_to = Some(to);
        state.chats.entry(to).or_default();
    }

    /// From now on, a second message to a chat within this time is refused; the real server takes
    /// one a second.
    pub fn set_pace(&self, pace: Option<Duration>) {
        self.state().pace = pace;
    }

    /// The next message that is not refused yet is refused like this.
    pub fn refuse_next(&self, code: u16, words: &str, retry_after: Option<u64>) {
        self.state().refusals.push_back((code, words.to_owned(), retry_after));
    }

    /// From now on there is only an error of a proxy, or it is gone again.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// A file that the bot may fetch.
    pub fn put_file(&self, id: &str, bytes: impl Into<Bytes>) {
        let file = File { bytes: bytes.into(), is_lost: false };
        self.state().files.insert(id.to_owned(), file);
    }

    /// A file that `getFile` knows, and that is not there.
    pub fn lose_file(&self, id: &str) {
        let file = File { bytes: Bytes::new(), is_lost: true };
        self.state().files.insert(id.to_owned(), file);
    }

    /// The webhook that the bot set.
    #[must_use]
    pub fn webhook(&self) -> Option<Value> {
        self.state().webhook.clone()
    }

    /// Puts an update where the bot polls.
    pub fn queue(&self, update: Value) {
        self.state().queue.push_back(update);
        self.news.notify_waiters();
    }

    /// Telegram gives up what was not confirmed.
    pub fn forget_queue(&self) {
        self.state().queue.clear();
    }

    /// Somebody set a webhook before.
    pub fn had_webhook(&self, url: &str) {
        self.state().webhook = Some(serde_json::json!({"url": url}));
    }

    /// How many updates were not confirmed.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().queue.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the server")
    }
}
