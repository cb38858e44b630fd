//! Which state (SQLSTATE) the server gave with its last error.
//!
//! diesel-async passes on the server's words alone, and those are in the server's language. So the
//! state is read where it passes by: in the bytes of the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::result::{DatabaseErrorKind, Error};

/// The state of the last error on a connection. Cheap to clone; empty where nothing was read, as
/// on SQLite.
#[derive(Clone, Debug, Default)]
pub struct LastState(Arc<AtomicU64>);

impl LastState {
    fn note(&self, state: &[u8]) {
        // Of a statement behind the one that failed, in the same transaction.
        if state == b"25P02" {
            return;
        }
        if let Ok(state) = <[u8; 5]>::try_from(state) {
            let [a, b, c, d, e] = state;
            self.0.store(u64::from_be_bytes([0, 0, 0, a, b, c, d, e]), Ordering::Release);
        }
    }

    /// The error that a statement has just ended with, of a kind that tells what diesel-async
    /// leaves open.
    pub fn explain(&self, error: Error) -> Error {
        let Error::DatabaseError(DatabaseErrorKind::Unknown, words) = error else { return error };
        let [_, _, _, state @ ..] = self.0.load(Ordering::Acquire).to_be_bytes();
        Error::DatabaseError(kind(state), words)
    }
}

fn kind(state: [u8; 5]) -> DatabaseErrorKind {
    match &state {
        // A unique key. diesel knows it by itself, unless it looks at a statement behind the failed one.
        b"23505" => DatabaseErrorKind::UniqueViolation,
        // A serialisation failure; a deadlock; a lock that was not to be had in time.
        b"40001" | b"40P01" | b"55P03" => DatabaseErrorKind::SerializationFailure,
        // The connection; resources (a full disk, too many clients); an administrator, or the end
        // of the server; its files; a transaction that lasted too long.
        [b'0', b'8', ..] | [b'5', b'3' | b'7' | b'8', ..] | b"25P03" | b"25P04" => {
            DatabaseErrorKind::ClosedConnection
        }
        _ => DatabaseErrorKind::Unknown,
    }
}

/// Reads what a server sends: messages of a letter, a length and a body, cut anywhere.
#[derive(Debug)]
pub(super) struct Reader {
    last: LastState,
    head: [u8; HEAD],
    /// How much of `head` is there; between two messages nothing is.
    known: usize,
    /// Bytes of the body that are still to come.
    missing: usize,
    body: Vec<u8>,
}

/// The letter, and the length with its own four bytes.
const HEAD: usize = 5;
/// The state stands near the beginning of an error.
const ENOUGH: usize = 1_024;

impl Reader {
    pub(super) fn new(last: LastState) -> Self {
        Self { last, head: [0; HEAD], known: 0, missing: 0, body: Vec::new() }
    }

    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.missing == 0 {
                let (now, rest) = bytes.split_at(bytes.len().min(HEAD - self.known));
                self.head[self.known..self.known + now.len()].copy_from_slice(now);
                self.known += now.len();
                bytes = rest;
                if self.known == HEAD {
                    let [_, length @ ..] = self.head;
                    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(0);
                    (self.known, self.missing) = (0, length.saturating_sub(4));
                    self.body.clear();
                }
            } else {
                let (now, rest) = bytes.split_at(bytes.len().min(self.missing));
                if self.is_error() && self.body.len() < ENOUGH {
                    self.body.extend_from_slice(now);
                }
                self.missing -= now.len();
                bytes = rest;
                if self.missing == 0 && self.is_error() {
                    self.note();
                }
            }
        }
    }

    fn is_error(&self) -> bool {
        self.head[0] == b'E'
    }

    /// An error is fields of a letter and a text that ends with a zero; `C` is the state.
    fn note(&self) {
        let mut fields = self.body.split(|byte| *byte == 0);
        if let Some([_, state @ ..]) = fields.find(|field| field.first() == Some(&b'C')) {
            self.last.note(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(letter: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[letter][..], &length.to_be_bytes(), body].concat()
    }

    fn explained(last: &LastState) -> DatabaseErrorKind {
        let words = Box::new(String::from("взаимоблокировка"));
        match last.explain(Error::DatabaseError(DatabaseErrorKind::Unknown, words)) {
            Error::DatabaseError(kind, _) => kind,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn the_state_is_found_wherever_the_bytes_are_cut() {
        let error = "SОШИБКА\0VERROR\0C40P01\0Mвзаимоблокировка\0\0".as_bytes();
        let rows = message(b'D', b"C53100\0E");
        let stream = [message(b'1', b""), rows, message(b'E', error), message(b'Z', b"E")].concat();
        for size in 1..stream.len() {
            let last = LastState::default();
            let mut reader = Reader::new(last.clone());
            stream.chunks(size).for_each(|bytes| reader.read(bytes));
            assert_eq!(explained(&last), DatabaseErrorKind::SerializationFailure, "{size}");
        }
    }

    #[test]
    fn each_state_says_what_can_be_done() {
        for (state, expected) in [
            (b"53100", DatabaseErrorKind::ClosedConnection),
            (b"57P01", DatabaseErrorKind::ClosedConnection),
            (b"58030", DatabaseErrorKind::ClosedConnection),
            (b"55P03", DatabaseErrorKind::SerializationFailure),
            (b"42601", DatabaseErrorKind::Unknown),
            (b"22021", DatabaseErrorKind::Unknown),
        ] {
            let last = LastState::default();
            last.note(state);
            assert_eq!(explained(&last), expected);
        }
    }
}
