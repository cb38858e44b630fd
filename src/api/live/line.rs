//! The line to one client, from its first frame to its last.

use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{SinkExt, StreamExt};
use metrics::{Counter, counter, gauge};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::sending::Sending;
use super::upgrade::Socket;
use crate::access::Want;
use crate::engine::Engine;
use crate::events::{Follower, Frame, TooSlow, Unknown};
use crate::telemetry::metrics as names;

/// The document's first frame, to the letter.
const GREETING: &str =
    r#"{"type":"connection","status":"connected","message":"WebSocket connection established"}"#;
const PONG: &str = r#"{"type":"pong"}"#;
/// How long a client may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// Why a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client has gone.
    Gone,
    /// The client sent what is no WebSocket message of a fair size.
    Unreadable,
    /// The engine stops.
    Stopping,
    /// The key was taken away.
    Refused,
    /// The client fell behind, or took nothing for a long time.
    TooSlow,
    /// Nothing was heard of the client for a long time.
    Silent,
}

/// What a client is told at the beginning.
pub(super) struct Greeting {
    /// The id that it gave can't be gone on from.
    pub(super) unknown: Option<Unknown>,
    /// It asked for the id behind which its events begin.
    pub(super) shows_position: bool,
}

/// A client's WebSocket. Its own messages, which are few and short, go through the WebSocket; events are
/// written to the stream below it as they are, so that no client keeps a copy of them.
pub(super) struct Line {
    engine: Engine,
    socket: Socket,
    key: SecretString,
    heard: Instant,
    sent: Counter,
    /// Where the client goes on when it comes back: it was sent all up to this id that it wants.
    reached: i64,
    /// What is missing of a frame that was begun. Until it is written, nothing else can be.
    rest: Bytes,
}

impl Line {
    /// A line that was opened with this key.
    pub(super) fn new(engine: Engine, socket: Socket, key: SecretString) -> Self {
        let sent = counter!(names::LIVE_FRAMES_TOTAL);
        let (heard, rest) = (Instant::now(), Bytes::new());
        Self { engine, socket, key, heard, sent, reached: 0, rest }
    }

    /// Sends the client what happens, and answers it, until one of the two ends it.
    pub(super) async fn serve(mut self, mut follower: Follower, greeting: Greeting) {
        let _counted = Counted::new();
        self.reached = follower.reached();
        let end = match self.greet(greeting).await {
            Ok(()) => self.follow(&mut follower).await,
            Err(end) => end,
        };
        if matches!(end, End::TooSlow | End::Silent) {
            let reason = if end == End::TooSlow { "slow" } else { "silent" };
            counter!(names::LIVE_CUT_OFF_TOTAL, "reason" => reason).increment(1);
            tracing::info!(live.reason = reason, live.reached = self.reached, "live.cut_off");
        }
        if let Some(frame) = good_bye(end, self.reached) {
            drop(timeout(GOOD_BYE, self.close(frame)).await);
        }
    }

    async fn greet(&mut self, greeting: Greeting) -> Result<(), End> {
        let unknown = greeting.unknown.map(|Unknown { first, last }| {
            error(&format!(
                "The events after this id are not kept, or it was never given: the first is {first}, \
                 the last is {last}. What follows begins with the first."
            ))
        });
        let position = json!({ "type": "position", "id": self.reached });
        let position = greeting.shows_position.then(|| Message::Text(position.to_string().into()));
        let connected = Message::Text(Utf8Bytes::from_static(GREETING));
        self.send([connected].into_iter().chain(unknown).chain(position).collect()).await
    }

    async fn follow(&mut self, follower: &mut Follower) -> End {
        let (pace, stop) = (self.engine.pace, self.engine.stop.clone());
        let mut ping = interval_at(Instant::now() + pace.ping, pace.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Whatever it has handed out is sent.
            self.reached = follower.reached();
            let done = tokio::select! {
                () = stop.cancelled() => Err(End::Stopping),
                heard = self.socket.next() => match heard {
                    Some(Ok(message)) => self.answer(message).await,
                    Some(Err(_)) => Err(End::Unreadable),
                    None => Err(End::Gone),
                },
                frames = follower.next() => match frames {
                    Ok(frames) => self.hand_on(frames).await,
                    Err(TooSlow) => Err(End::TooSlow),
                },
                _ = ping.tick() => self.probe().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn answer(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let answer = match message {
            Message::Text(text) => match understand(&text) {
                Ok(()) => Message::Text(Utf8Bytes::from_static(PONG)),
                Err(sentence) => error(&sentence),
            },
            Message::Binary(_) => error("Messages here are text."),
            // The answers to these two are sent by the WebSocket itself, with the next look at it.
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => {
                // The WebSocket's own good-bye leaves with this: RFC 6455, 5.5.1.
                drop(timeout(GOOD_BYE, self.socket.flush()).await);
                return Err(End::Gone);
            }
            Message::Frame(_) => return Err(End::Gone),
        };
        self.send(vec![answer]).await
    }

    async fn probe(&mut self) -> Result<(), End> {
        if self.heard.elapsed() >= self.engine.pace.silence {
            return Err(End::Silent);
        }
        let key = self.key.expose_secret();
        // While the database can't be asked, nobody is sent away.
        if matches!(self.engine.access.opens(key, Want::Live).await, Ok(false)) {
            return Err(End::Refused);
        }
        self.send(vec![Message::Ping(Vec::new().into())]).await
    }

    /// Writes all of them at once, behind what the WebSocket itself still has to say. A frame that is
    /// begun comes before the good-bye, and so the good-bye names the last of these.
    async fn hand_on(&mut self, frames: Vec<Frame>) -> Result<(), End> {
        let mut sending = Sending::new(frames);
        let done = tokio::select! {
            done = write(&mut self.socket, &mut sending, self.engine.pace.silence) => done,
            () = self.engine.stop.cancelled() => Err(End::Stopping),
        };
        // Whoever takes something lives; what it has said meanwhile is not read yet.
        self.heard = Instant::now();
        self.sent.increment(sending.begun().len() as u64);
        self.reached = sending.begun().last().map_or(self.reached, Frame::id);
        self.rest = sending.rest();
        done
    }

    async fn send(&mut self, messages: Vec<Message>) -> Result<(), End> {
        let socket = &mut self.socket;
        let all = async {
            for message in messages {
                socket.feed(message).await?;
            }
            socket.flush().await
        };
        in_time(self.engine.pace.silence, all).await
    }

    /// Says why, and waits for the client's own good-bye: a connection that is dropped before would be
    /// reset, and take the reason with it.
    async fn close(mut self, frame: CloseFrame) {
        if self.socket.get_mut().write_all_buf(&mut self.rest).await.is_err() {
            return;
        }
        if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }
}

/// What a client is told at the end. A reason has at most 123 bytes.
fn good_bye(end: End, reached: i64) -> Option<CloseFrame> {
    let (code, reason) = match end {
        End::Gone => return None,
        End::Unreadable => (1002, "Messages here have at most 16 KiB.".to_owned()),
        End::Stopping => (1001, format!("The engine stops; come again with after={reached}.")),
        End::Refused => (1008, "This key is no longer valid.".to_owned()),
        End::TooSlow => (4008, format!("Too slow: come again with after={reached}.")),
        End::Silent => (4009, format!("Silent for too long: come again with after={reached}.")),
    };
    Some(CloseFrame { code: code.into(), reason: reason.into() })
}

/// Writes all of it, for as long as the client takes some within `limit`.
async fn write(socket: &mut Socket, sending: &mut Sending, limit: Duration) -> Result<(), End> {
    in_time(limit, socket.flush()).await?;
    while sending.has_remaining() {
        let some = socket.get_mut().write_buf(sending);
        let some = in_time(limit, async { Ok(some.await?) }).await?;
        if some == 0 {
            return Err(End::Gone);
        }
    }
    Ok(())
}

/// A client that takes nothing for so long is too slow.
async fn in_time<F, T>(limit: Duration, sending: F) -> Result<T, End>
where
    F: Future<Output = Result<T, tungstenite::Error>>,
{
    match timeout(limit, sending).await {
        Ok(done) => done.map_err(|_| End::Gone),
        Err(_) => Err(End::TooSlow),
    }
}

fn error(sentence: &str) -> Message {
    Message::Text(json!({ "type": "error", "message": sentence }).to_string().into())
}

/// All that a client may say is `{"type":"ping"}`.
fn understand(text: &str) -> Result<(), String> {
    let value = centrium_channels::json::parse(text);
    let value = value.map_err(|error| format!("This is not valid JSON: {error}."))?;
    match value.get("type").and_then(Value::as_str) {
        Some("ping") => Ok(()),
        Some(_) => Err("This type of message is not known here; there is \"ping\".".into()),
        None => Err("A message here is an object with a \"type\".".into()),
    }
}

/// A client, for as long as it is there.
struct Counted;

impl Counted {
    fn new() -> Self {
        gauge!(names::LIVE_CLIENTS).increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!(names::LIVE_CLIENTS).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ping_is_understood() {
        assert_eq!(understand(r#"{"type":"ping","id":5}"#), Ok(()));
        for text in ["", "ping", "[]", "5", "null", "{}", r#"{"type":5}"#, r#"{"type":"pong"}"#] {
            let sentence = understand(text).unwrap_err();
            assert!(sentence.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn a_reason_fits_into_its_frame() {
        for end in [End::Unreadable, End::Stopping, End::Refused, End::TooSlow, End::Silent] {
            assert!(good_bye(end, i64::MAX).unwrap().reason.len() <= 123, "{end:?}");
        }
        assert!(good_bye(End::Gone, 1).is_none());
    }
}
