//! The bare writer on PostgreSQL: a connection, prepared statements over arrays, all of a set sent
//! before the first answer is read.

use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Statement};

use super::Waiting;
use super::rows::{self, Ledger};
use crate::Result;
use crate::constant::ANSWER;

/// Connects, and starts to write.
///
/// # Errors
/// When the server can't be reached.
pub async fn start(url: &str, set: usize, mut waiting: mpsc::Receiver<Waiting>) -> Result<()> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|e| e.to_string())?;
    tokio::spawn(connection);
    let statements = Statements::prepare(&client).await.map_err(|e| e.to_string())?;
    tokio::spawn(async move {
        let mut ledger = Ledger::default();
        let mut taken = Vec::with_capacity(set);
        while waiting.recv_many(&mut taken, set).await > 0 {
            let now = rows::now();
            let (columns, done) = Columns::of(taken.drain(..), &mut ledger, now);
            if let Err(error) = commit(&client, &statements, &columns, now).await {
                crate::tell(&error.to_string());
                return;
            }
            for (tell, ids) in done {
                let _ = tell.send(ids);
            }
        }
    });
    Ok(())
}

struct Statements {
    contacts: Statement,
    identities: Statement,
    tickets: Statement,
    touched: Statement,
    messages: Statement,
    answers: Statement,
    decisions: Statement,
    events: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            contacts: client
                .prepare(
                    "INSERT INTO contacts
                     (id, language, is_blocked, search_text, search_version, indexed_version,
                      created_at, updated_at)
                     SELECT id, 'ru', false, who, 1, 0, $3, $3
                     FROM unnest($1::bigint[], $2::text[]) AS new (id, who)",
                )
                .await?,
            identities: client
                .prepare(
                    "INSERT INTO contact_identities
                     (contact_id, channel, identifier, is_verified, created_at)
                     SELECT id, 'api', who, true, $3
                     FROM unnest($1::bigint[], $2::text[]) AS new (id, who)",
                )
                .await?,
            tickets: client
                .prepare(
                    "INSERT INTO tickets
                     (id, contact_id, channel, status, priority, category, department,
                      needs_escalation, is_auto_solved, version, indexed_version, created_at,
                      updated_at, first_response_at)
                     SELECT id, contact, 'api', 'new', 'medium', 'other', 'support', false, false,
                            2, 0, $3, $3, $3
                     FROM unnest($1::bigint[], $2::bigint[]) AS new (id, contact)",
                )
                .await?,
            touched: client
                .prepare(
                    "UPDATE tickets SET version = version + 2, updated_at = $2
                     WHERE id = ANY ($1::bigint[])",
                )
                .await?,
            messages: client
                .prepare(
                    "INSERT INTO messages (id, ticket_id, author, text, channel, created_at)
                     SELECT id, ticket, 'customer', said, 'api', $4
                     FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS new (id, ticket, said)",
                )
                .await?,
            answers: client
                .prepare(
                    "INSERT INTO messages (id, ticket_id, author, text, channel, in_reply_to,
                                           delivery_state, created_at)
                     SELECT id + 1, ticket, 'assistant', $3, 'api', id, 'sent', $4
                     FROM unnest($1::bigint[], $2::bigint[]) AS new (id, ticket)",
                )
                .await?,
            decisions: client
                .prepare(
                    "INSERT INTO decisions
                     (message_id, ticket_id, reply_id, outcome, assistant, needs_escalation, category,
                      priority, department, language, sources, basis, ticket_status, latency_ms,
                      created_at)
                     SELECT id, ticket, id + 1, 'posted', 'constant', false, 'other', 'medium',
                            'support', 'en', '[]', $4::text::json, 'new', 0, $3
                     FROM unnest($1::bigint[], $2::bigint[]) AS new (id, ticket)",
                )
                .await?,
            events: client
                .prepare(
                    "INSERT INTO events (kind, ticket_id, payload, created_at)
                     SELECT kind, ticket, payload::json, $4
                     FROM unnest($1::text[], $2::bigint[], $3::text[])
                          AS new (kind, ticket, payload)",
                )
                .await?,
        })
    }
}

/// A set's values, one list a column.
#[derive(Default)]
struct Columns {
    contacts: Vec<i64>,
    names: Vec<String>,
    opened: Vec<i64>,
    touched: Vec<i64>,
    messages: Vec<i64>,
    tickets: Vec<i64>,
    texts: Vec<String>,
    kinds: Vec<&'static str>,
    of: Vec<Option<i64>>,
    payloads: Vec<String>,
}

type Done = Vec<(tokio::sync::oneshot::Sender<rows::Ids>, rows::Ids)>;

impl Columns {
    fn of(taken: impl Iterator<Item = Waiting>, ledger: &mut Ledger, now: i64) -> (Self, Done) {
        let mut columns = Self::default();
        let mut done = Vec::new();
        for Waiting { message, tell } in taken {
            let (ids, is_new) = ledger.place(&message.who);
            if is_new {
                columns.contacts.push(ids.contact);
                columns.names.push(message.who);
                columns.opened.push(ids.ticket);
                columns.event("user.created", None, rows::user_created(ids.contact));
                columns.event("ticket.created", Some(ids.ticket), rows::ticket_created(ids, now));
            } else {
                columns.touched.push(ids.ticket);
            }
            let added = rows::message_added(ids, &message.text);
            columns.event("ticket.message_added", Some(ids.ticket), added);
            columns.event("ticket.message_added", Some(ids.ticket), rows::answer_added(ids));
            columns.messages.push(ids.message);
            columns.tickets.push(ids.ticket);
            columns.texts.push(message.text);
            done.push((tell, ids));
        }
        (columns, done)
    }

    fn event(&mut self, kind: &'static str, ticket: Option<i64>, payload: String) {
        self.kinds.push(kind);
        self.of.push(ticket);
        self.payloads.push(payload);
    }
}

async fn commit(
    client: &Client,
    its: &Statements,
    columns: &Columns,
    now: i64,
) -> Result<(), tokio_postgres::Error> {
    let Columns { contacts, names, opened, touched, messages, tickets, texts, .. } = columns;
    let any = |rows: &[i64]| !rows.is_empty();
    // Sent one after the other without waiting; the server works through them in order.
    tokio::try_join!(
        biased;
        client.batch_execute("BEGIN"),
        run(client, any(opened), &its.contacts, [contacts, names, &now]),
        run(client, any(opened), &its.identities, [contacts, names, &now]),
        run(client, any(opened), &its.tickets, [opened, contacts, &now]),
        run(client, any(touched), &its.touched, [touched, &now]),
        run(client, true, &its.messages, [messages, tickets, texts, &now]),
        run(client, true, &its.answers, [messages, tickets, &ANSWER, &now]),
        run(client, true, &its.decisions, [messages, tickets, &now, &rows::BASIS]),
        run(client, true, &its.events, [&columns.kinds, &columns.of, &columns.payloads, &now]),
        client.batch_execute("COMMIT"),
    )?;
    Ok(())
}

/// Runs a statement, where there is anything for it.
///
/// # Errors
/// What the server says against it.
pub async fn run<const N: usize>(
    client: &Client,
    is_needed: bool,
    statement: &Statement,
    values: [&(dyn ToSql + Sync); N],
) -> Result<u64, tokio_postgres::Error> {
    if is_needed { client.execute(statement, &values).await } else { Ok(0) }
}
