//! The bare loop on SQLite: a thread, a connection, prepared statements.

use std::convert::Infallible;

use rusqlite::{Connection, params};

use super::{Ids, Job, LEASE, LOOK, OWNER, SET, told};
use crate::bare::{rows, sqlite};
use crate::constant::ANSWER;

/// Leases and finishes what is due, for ever.
///
/// # Errors
/// What SQLite says against a statement.
pub fn work(path: &str) -> rusqlite::Result<Infallible> {
    let conn = sqlite::open(path)?;
    let mut answer = conn.query_row("SELECT max(id) FROM messages", [], |row| row.get(0))?;
    loop {
        let jobs = lease(&conn)?;
        if jobs.is_empty() {
            std::thread::sleep(LOOK);
        } else {
            finish(&conn, &jobs, &mut answer)?;
        }
    }
}

fn lease(conn: &Connection) -> rusqlite::Result<Vec<Job>> {
    let now = rows::now();
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let leased: Vec<(i64, i64)> = conn
        .prepare_cached(
            "UPDATE jobs SET lease_owner = ?1, run_at = ?2, attempts = attempts + 1
             WHERE id IN (SELECT id FROM jobs WHERE state = 'ready' AND run_at <= ?3
                          ORDER BY run_at, id LIMIT ?4)
             RETURNING id, subject_id",
        )?
        .query_map(params![OWNER, now + LEASE, now, SET], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    conn.prepare_cached("COMMIT")?.execute([])?;
    let mut whose = conn.prepare_cached(
        "SELECT contact_id, ticket_id FROM messages JOIN tickets ON tickets.id = ticket_id
         WHERE messages.id = ?1",
    )?;
    let of = |message: i64| {
        whose.query_row([message], |row| {
            Ok(Ids { contact: row.get(0)?, ticket: row.get(1)?, message })
        })
    };
    let (ids, messages): (Vec<i64>, Vec<i64>) = leased.into_iter().unzip();
    let of: Vec<Ids> = messages.into_iter().map(of).collect::<Result<_, _>>()?;
    Ok(ids.into_iter().zip(of).map(|(id, of)| Job { id, of }).collect())
}

fn finish(conn: &Connection, jobs: &[Job], answer: &mut i64) -> rusqlite::Result<()> {
    let now = rows::now();
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for job in jobs {
        *answer += 1;
        write(conn, job, *answer, now)?;
    }
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

fn write(conn: &Connection, job: &Job, answer: i64, now: i64) -> rusqlite::Result<()> {
    let Ids { ticket, message, .. } = job.of;
    conn.prepare_cached(
        "UPDATE tickets SET category = 'other', department = 'support', version = version + 1,
                updated_at = ?2, first_response_at = ?2
         WHERE id = ?1",
    )?
    .execute(params![ticket, now])?;
    conn.prepare_cached(
        "INSERT INTO messages
         (id, ticket_id, author, text, channel, in_reply_to, delivery_state, created_at)
         VALUES (?1, ?2, 'assistant', ?3, 'api', ?4, 'sent', ?5)",
    )?
    .execute(params![answer, ticket, ANSWER, message, now])?;
    conn.prepare_cached(
        "INSERT INTO decisions
         (message_id, ticket_id, reply_id, outcome, assistant, needs_escalation, category, priority,
          department, language, sources, basis, ticket_status, latency_ms, created_at)
         VALUES (?1, ?2, ?3, 'posted', 'constant', 0, 'other', 'medium', 'support', 'en', '[]', ?5,
                 'new', 0, ?4)",
    )?
    .execute(params![message, ticket, answer, now, rows::BASIS])?;
    conn.prepare_cached(
        "INSERT INTO events (kind, ticket_id, payload, created_at)
         VALUES ('ticket.message_added', ?1, ?2, ?3)",
    )?
    .execute(params![ticket, told(job, answer), now])?;
    conn.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([job.id])?;
    Ok(())
}
