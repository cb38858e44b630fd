//! What was asked, as one short text: the same for the same JSON, however it is formatted.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// SHA-256, in hex, of an object written without blanks, its keys sorted at each level.
pub(super) fn of(asked: &Map<String, Value>) -> String {
    let mut hash = Sha256::new();
    feed_object(&mut hash, asked);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(map) => feed_object(hash, map),
        Value::Array(items) => {
            feed_list(hash, b'[', items, feed, b']');
        }
        scalar => hash.update(scalar.to_string()),
    }
}

fn feed_object(hash: &mut Sha256, map: &Map<String, Value>) {
    // Another crate may switch on serde_json's `preserve_order`: then a map isn't sorted.
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    let entry = |hash: &mut Sha256, (key, value): (&String, &Value)| {
        hash.update(Value::from(key.as_str()).to_string());
        hash.update(b":");
        feed(hash, value);
    };
    feed_list(hash, b'{', entries, entry, b'}');
}

fn feed_list<T>(
    hash: &mut Sha256,
    open: u8,
    items: impl IntoIterator<Item = T>,
    feed_item: impl Fn(&mut Sha256, T),
    close: u8,
) {
    hash.update([open]);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            hash.update(b",");
        }
        feed_item(hash, item);
    }
    hash.update([close]);
}
