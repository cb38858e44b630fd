//! The bare writer on SQLite: a thread, a connection, prepared statements.

use rusqlite::{CachedStatement, Connection, params};
use tokio::sync::mpsc;

use super::Waiting;
use super::rows::{self, Ids, Ledger, Message};
use crate::Result;
use crate::constant::ANSWER;

/// Opens the file, and starts to write.
///
/// # Errors
/// When the file can't be opened.
pub fn start(path: &str, set: usize, mut waiting: mpsc::Receiver<Waiting>) -> Result<()> {
    let conn = open(path).map_err(|e| e.to_string())?;
    std::thread::spawn(move || {
        let mut ledger = Ledger::default();
        let mut taken = Vec::with_capacity(set);
        while waiting.blocking_recv_many(&mut taken, set) > 0 {
            if let Err(error) = commit(&conn, &mut ledger, taken.drain(..)) {
                crate::tell(&error.to_string());
                return;
            }
        }
    });
    Ok(())
}

/// A connection with the engine's own settings.
///
/// # Errors
/// When the file can't be opened.
pub fn open(path: &str) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000;",
    )?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

fn commit(
    conn: &Connection,
    ledger: &mut Ledger,
    taken: impl Iterator<Item = Waiting>,
) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let now = rows::now();
    let mut done = Vec::new();
    for Waiting { message, tell } in taken {
        let (ids, is_new) = ledger.place(&message.who);
        write(conn, &message, ids, is_new, now)?;
        done.push((tell, ids));
    }
    conn.prepare_cached("COMMIT")?.execute([])?;
    for (tell, ids) in done {
        let _ = tell.send(ids);
    }
    Ok(())
}

fn write(
    conn: &Connection,
    message: &Message,
    ids: Ids,
    is_new: bool,
    now: i64,
) -> rusqlite::Result<()> {
    let mut event: CachedStatement<'_> = conn.prepare_cached(
        "INSERT INTO events (kind, ticket_id, payload, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    if is_new {
        conn.prepare_cached(
            "INSERT INTO contacts
             (id, language, is_blocked, search_text, search_version, indexed_version,
              created_at, updated_at)
             VALUES (?1, 'ru', 0, ?2, 1, 0, ?3, ?3)",
        )?
        .execute(params![ids.contact, message.who, now])?;
        conn.prepare_cached(
            "INSERT INTO contact_identities
             (contact_id, channel, identifier, is_verified, created_at)
             VALUES (?1, 'api', ?2, 1, ?3)",
        )?
        .execute(params![ids.contact, message.who, now])?;
        conn.prepare_cached(
            "INSERT INTO tickets
             (id, contact_id, channel, status, priority, category, department, needs_escalation,
              is_auto_solved, version, indexed_version, created_at, updated_at, first_response_at)
             VALUES (?1, ?2, 'api', 'new', 'medium', 'other', 'support', 0, 0, 2, 0, ?3, ?3, ?3)",
        )?
        .execute(params![ids.ticket, ids.contact, now])?;
        event.execute(params![
            "user.created",
            None::<i64>,
            rows::user_created(ids.contact),
            now
        ])?;
        let created = rows::ticket_created(ids, now);
        event.execute(params!["ticket.created", ids.ticket, created, now])?;
    } else {
        conn.prepare_cached(
            "UPDATE tickets SET version = version + 2, updated_at = ?2 WHERE id = ?1",
        )?
        .execute(params![ids.ticket, now])?;
    }
    conn.prepare_cached(
        "INSERT INTO messages (id, ticket_id, author, text, channel, created_at)
         VALUES (?1, ?2, 'customer', ?3, 'api', ?4)",
    )?
    .execute(params![ids.message, ids.ticket, message.text, now])?;
    conn.prepare_cached(
        "INSERT INTO messages
         (id, ticket_id, author, text, channel, in_reply_to, delivery_state, created_at)
         VALUES (?1, ?2, 'assistant', ?3, 'api', ?4, 'sent', ?5)",
    )?
    .execute(params![ids.message + 1, ids.ticket, ANSWER, ids.message, now])?;
    conn.prepare_cached(
        "INSERT INTO decisions
         (message_id, ticket_id, reply_id, outcome, assistant, needs_escalation, category, priority,
          department, language, sources, basis, ticket_status, latency_ms, created_at)
         VALUES (?1, ?2, ?3, 'posted', 'constant', 0, 'other', 'medium', 'support', 'en', '[]', ?5,
                 'new', 0, ?4)",
    )?
    .execute(params![ids.message, ids.ticket, ids.message + 1, now, rows::BASIS])?;
    let added = rows::message_added(ids, &message.text);
    event.execute(params!["ticket.message_added", ids.ticket, added, now])?;
    event.execute(params!["ticket.message_added", ids.ticket, rows::answer_added(ids), now])?;
    Ok(())
}
