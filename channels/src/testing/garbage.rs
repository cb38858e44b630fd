//! What nobody should send, and somebody will.

use bytes::Bytes;

/// Bodies that carry no message in any protocol: broken text, broken JSON, JSON of another
/// shape, and what is made to exhaust a parser. Not one is larger than 1 MiB.
#[must_use]
pub fn garbage() -> Vec<Bytes> {
    let small: &[&[u8]] = &[
        b"",
        b" \r\n\t",
        b"\0",
        b"\xff\xfe\x00\x00",
        b"{\"text\":\"\xd0\"}",
        b"{\"text\":\"\xed\xa0\x80\"}",
        b"\xef\xbb\xbf",
        b"null",
        b"true",
        b"0",
        b"-",
        b"\"\"",
        b"[]",
        b"[{}]",
        b"{}",
        b"{",
        b"{} {}",
        b"{'text': 'single quotes'}",
        b"{\"text\": NaN}",
        b"{\"text\":\"\\ud800\"}",
        b"{\"text\":1e999999}",
        b"{\"id\":-99999999999999999999999999999999999999999999}",
        b"{\"update_id\":18446744073709551616,\"message\":{}}",
        b"text=form&user_identifier=encoded",
        b"<html><body>502 Bad Gateway</body></html>",
        b"--boundary\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--boundary--",
        b"%PDF-1.7\n\x00\x80\x81",
    ];
    let mut all: Vec<Bytes> = small.iter().copied().map(Bytes::from_static).collect();
    all.extend([
        nested("[", "1", "]", 100_000),
        nested("{\"a\":", "1", "}", 100_000),
        nested("[", "", "", 500_000),
        Bytes::from(format!("{{\"text\":[{}1]}}", "1,".repeat(400_000))),
        Bytes::from(format!("{{\"text\":{}}}", "9".repeat(100_000))),
        Bytes::from(format!("{{\"{}\":1}}", "k".repeat(500_000))),
        json_in_json(),
    ]);
    all
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> Bytes {
    Bytes::from(format!("{}{inner}{}", open.repeat(depth), close.repeat(depth)))
}

/// The key by which `serde_json::Value` reads a text inside a text, each with a recursion limit
/// of its own (see [`json`](crate::json)).
fn json_in_json() -> Bytes {
    let mut text = String::from("1");
    for _ in 0..14 {
        let deep = format!("{}{text}{}", "[".repeat(126), "]".repeat(126));
        text = serde_json::json!({"$serde_json::private::RawValue": deep}).to_string();
    }
    Bytes::from(text)
}
