use bytes::Bytes;
use centrium_channels::Content;

use super::*;

fn file() -> File {
    File {
        name: "a.txt".into(),
        content: Content::File("text/plain".into()),
        bytes: Bytes::from_static(b"a"),
    }
}

fn says(text: &str) -> Post {
    Post { text: text.into(), ..Post::default() }
}

fn digest(post: Post) -> String {
    Draft::check(post).unwrap().digest()
}

#[test]
fn words_or_a_file_are_needed() {
    for blank in ["", " \n\t"] {
        assert!(matches!(Draft::check(says(blank)), Err(Error::Invalid(_))), "{blank:?}");
        assert!(Draft::check(Post { files: vec![file()], ..says(blank) }).is_ok());
    }
}

#[test]
fn limits_are_counted_in_characters_and_files() {
    assert!(Draft::check(says(&"ы".repeat(LONGEST_TEXT))).is_ok());
    assert!(Draft::check(says(&"ы".repeat(LONGEST_TEXT + 1))).is_err());
    assert!(Draft::check(Post { files: vec![file(); MOST_FILES], ..says("") }).is_ok());
    assert!(Draft::check(Post { files: vec![file(); MOST_FILES + 1], ..says("") }).is_err());
}

#[test]
fn who_is_not_named_is_the_api() {
    let draft = Draft::check(says("a\0b")).unwrap();
    assert_eq!((draft.operator.as_str(), draft.text.as_str()), ("api", "a\u{FFFD}b"));
    assert_eq!(draft.author, Author::Operator);
}

#[test]
fn two_requests_have_one_digest_only_where_they_ask_for_the_same() {
    let first = digest(says("Hello"));
    assert_eq!(first.len(), 64);
    assert_eq!(first, digest(Post { operator: Some("api".into()), ..says("Hello") }));
    assert_eq!(first, digest(Post { key: Some("another".into()), ..says("Hello") }));
    assert_ne!(first, digest(says("Hello ")));
    assert_ne!(first, digest(Post { is_note: true, ..says("Hello") }));
    assert_ne!(first, digest(Post { operator: Some("Ann".into()), ..says("Hello") }));
}
