//! What the senders were told, against what is stored: the same, once, and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection, QueryableByName, SqliteConnection, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::senders::{Sent, post};
use crate::harness::Client;

const MESSAGES: &str =
    "SELECT id, ticket_id, author, text, in_reply_to, created_at FROM messages ORDER BY id";
const LEFT: &str = "SELECT (SELECT count(*) FROM tickets) AS tickets,
    (SELECT count(*) FROM jobs) AS jobs,
    (SELECT count(*) FROM decisions WHERE reply_id IS NOT NULL) AS decisions";

#[derive(Debug, QueryableByName)]
struct Message {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    ticket_id: i64,
    #[diesel(sql_type = Text)]
    author: String,
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    in_reply_to: Option<i64>,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

#[derive(Debug, QueryableByName)]
struct Left {
    #[diesel(sql_type = BigInt)]
    tickets: i64,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
    #[diesel(sql_type = BigInt)]
    decisions: i64,
}

/// Fails unless exactly what was acknowledged is in the database at `url`, once. Every request is
/// then asked once more, and must be told the same. Prints the figures.
pub async fn settle(title: &str, url: &str, http: &Client, sent: &[Sent]) {
    assert!(!sent.is_empty());
    let repeated = compare(url, sent).await;
    for one in sent.iter().rev().take(200) {
        let again = post(http, &one.key, &one.body).await.unwrap().expect(200);
        assert_eq!(again, one.answer, "the same key is told the same");
    }
    assert_eq!(compare(url, sent).await, repeated);
    let tries: usize = sent.iter().map(|one| one.tries).sum();
    eprintln!(
        "{title}: {} requests acknowledged in {tries} tries; {repeated} had been stored by an \
         earlier try",
        sent.len()
    );
}

/// The same without asking. Says how many were stored by an earlier try than the one that was
/// answered.
pub async fn compare(url: &str, sent: &[Sent]) -> usize {
    let (messages, left) = read(url).await;
    let mut by_text: HashMap<&str, Vec<&Message>> = HashMap::new();
    let mut replies: HashMap<i64, Vec<&Message>> = HashMap::new();
    for message in &messages {
        match message.in_reply_to {
            Some(id) => replies.entry(id).or_default().push(message),
            None => by_text.entry(&message.text).or_default().push(message),
        }
    }
    let mut conversations: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let mut repeated = 0;
    for one in sent {
        let [asked] = by_text.get(one.text()).map_or(&[][..], Vec::as_slice) else {
            panic!("{one:?} is stored as {:?}", by_text.get(one.text()));
        };
        assert_eq!(asked.author, "customer");
        assert_eq!(one.answer["message_id"], asked.id, "{one:?}");
        assert_eq!(one.answer["ticket_id"], asked.ticket_id, "{one:?}");
        let [reply] = replies.get(&asked.id).map_or(&[][..], Vec::as_slice) else {
            panic!("{one:?} is answered by {:?}", replies.get(&asked.id));
        };
        assert!(matches!(reply.author.as_str(), "assistant" | "system"), "{reply:?}");
        assert_eq!(one.answer["reply"], reply.text.as_str(), "word for word");
        assert_eq!(one.answer["reply_id"], reply.id);
        assert_eq!(reply.ticket_id, asked.ticket_id);
        conversations.entry(one.conversation()).or_default().insert(asked.ticket_id);
        repeated += usize::from(asked.created_at < one.asked);
    }
    assert_eq!(messages.len(), 2 * sent.len(), "no message but these and their answers");
    assert_eq!(left.decisions as usize, sent.len(), "one decision a message");
    assert_eq!(left.jobs, 0, "no work is left");
    for (name, tickets) in &conversations {
        assert_eq!(tickets.len(), 1, "{name} is one conversation: {tickets:?}");
    }
    assert_eq!(left.tickets as usize, conversations.len(), "one ticket a conversation");
    repeated
}

async fn read(url: &str) -> (Vec<Message>, Left) {
    if let Some(path) = url.strip_prefix("sqlite://") {
        use diesel::RunQueryDsl;
        let conn = &mut SqliteConnection::establish(path).unwrap();
        (sql_query(MESSAGES).load(conn).unwrap(), sql_query(LEFT).get_result(conn).unwrap())
    } else {
        use diesel_async::RunQueryDsl;
        let conn = &mut AsyncPgConnection::establish(url).await.unwrap();
        let messages = sql_query(MESSAGES).load(conn).await.unwrap();
        (messages, sql_query(LEFT).get_result(conn).await.unwrap())
    }
}
