//! An event as a live client is sent it.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use serde::Serialize;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::kinds;
use crate::clock::utc_second;
use crate::store::Payload;
use crate::store::events::Event;

/// One event's frame as it goes over the wire, made once for all clients. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frame(Arc<Made>);

#[derive(Debug)]
struct Made {
    id: i64,
    kind: &'static str,
    ticket_id: Option<i64>,
    bytes: Bytes,
}

impl Frame {
    /// The frame of an event; `None` of one that is not for live clients.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        #[derive(Serialize)]
        struct Out<'a> {
            #[serde(rename = "type")]
            kind: &'a str,
            payload: &'a Payload,
            timestamp: String,
            id: i64,
        }
        let kind = kinds::kind(&event.kind)?;
        let timestamp = utc_second(event.created_at);
        let out = Out { kind, payload: &event.payload, timestamp, id: event.id };
        // Such a structure can always be written.
        let text = serde_json::to_vec(&out).unwrap_or_default();
        let bytes = framed(text);
        Some(Self(Arc::new(Made { id: event.id, kind, ticket_id: event.ticket_id, bytes })))
    }

    /// The event's id.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.0.id
    }

    /// `{"type","payload","timestamp","id"}` as a WebSocket message of one frame, with its header.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// The same for one who shall not keep it.
    pub(super) fn passing(&self) -> Passing {
        Passing(Arc::downgrade(&self.0))
    }
}

/// A text as a server sends it: whole, and not masked (RFC 6455, 5.2).
fn framed(text: Vec<u8>) -> Bytes {
    let message = Message::message(text, OpCode::Data(Data::Text), true);
    let mut bytes = Vec::with_capacity(message.len());
    // Writing into memory does not fail.
    drop(message.format(&mut bytes));
    bytes.into()
}

/// A frame for as long as it is kept somewhere else.
#[derive(Clone, Debug)]
pub(super) struct Passing(Weak<Made>);

impl Passing {
    /// The frame, if it is still kept.
    #[must_use]
    pub(super) fn frame(&self) -> Option<Frame> {
        self.0.upgrade().map(Frame)
    }
}

/// Which events a client wants; the default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these kinds.
    pub kinds: Option<Vec<&'static str>>,
    /// Only of this ticket.
    pub ticket_id: Option<i64>,
}

impl Filter {
    /// Whether the client wants this one.
    #[must_use]
    pub fn admits(&self, frame: &Frame) -> bool {
        let is_of_kind = self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&frame.0.kind));
        is_of_kind && self.ticket_id.is_none_or(|ticket| frame.0.ticket_id == Some(ticket))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, ticket_id: Option<i64>) -> Event {
        let payload = Payload::new(&json!({ "n": 1.0, "text": "да\n" }));
        Event { id: 7, kind: kind.into(), ticket_id, payload, created_at: 1_705_314_600_999 }
    }

    #[test]
    fn a_frame_is_the_documents_with_an_id() {
        let frame = Frame::of(&event("ticket.created", Some(3))).unwrap();
        let bytes = frame.bytes();
        let length = u8::try_from(bytes.len() - 2).unwrap();
        assert_eq!(bytes[..2], [0x81, length]);
        assert_eq!(
            std::str::from_utf8(&bytes[2..]).unwrap(),
            "{\"type\":\"ticket.created\",\"payload\":{\"n\":1.0,\"text\":\"да\\n\"},\
             \"timestamp\":\"2024-01-15T10:30:00\",\"id\":7}"
        );
        assert!(Frame::of(&event("webhook.test", None)).is_none());
    }

    #[test]
    fn a_header_tells_the_length() {
        for (length, header) in [
            (125, &[0x81, 125][..]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 255, 255]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let text = vec![b'x'; length];
            assert_eq!(framed(text.clone()), [header, &text].concat());
        }
    }

    #[test]
    fn a_filter_lets_through_what_is_asked_for() {
        let frame = Frame::of(&event("ticket.created", Some(3))).unwrap();
        let other = Frame::of(&event("user.created", None)).unwrap();
        let of_kind = Filter { kinds: Some(vec!["ticket.created"]), ticket_id: None };
        let of_ticket = Filter { kinds: None, ticket_id: Some(3) };
        let neither = Filter { kinds: Some(vec!["user.created"]), ticket_id: Some(3) };
        assert!(Filter::default().admits(&frame) && Filter::default().admits(&other));
        assert!(of_kind.admits(&frame) && !of_kind.admits(&other));
        assert!(of_ticket.admits(&frame) && !of_ticket.admits(&other));
        assert!(!neither.admits(&frame) && !neither.admits(&other));
    }
}
