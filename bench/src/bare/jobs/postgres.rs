//! The bare loop on PostgreSQL: a connection, prepared statements over arrays, all of a set sent
//! before the first answer is read.

use std::convert::Infallible;

use tokio_postgres::{Client, NoTls, Statement};

use super::{Ids, Job, LEASE, LOOK, OWNER, SET, told};
use crate::bare::postgres::run;
use crate::bare::rows;
use crate::constant::ANSWER;

/// Leases and finishes what is due, for ever.
///
/// # Errors
/// What the server says against a statement.
pub async fn work(url: &str) -> Result<Infallible, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let its = Statements::prepare(&client).await?;
    let mut answer = client.query_one("SELECT max(id) FROM messages", &[]).await?.try_get(0)?;
    loop {
        let jobs = lease(&client, &its).await?;
        if jobs.is_empty() {
            tokio::time::sleep(LOOK).await;
        } else {
            finish(&client, &its, &jobs, &mut answer).await?;
        }
    }
}

struct Statements {
    lease: Statement,
    whose: Statement,
    tickets: Statement,
    answers: Statement,
    decisions: Statement,
    events: Statement,
    jobs: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            lease: client
                .prepare(
                    "UPDATE jobs SET lease_owner = $1, run_at = $2, attempts = attempts + 1
                     WHERE id IN (SELECT id FROM jobs WHERE state = 'ready' AND run_at <= $3
                                  ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
                     RETURNING id, subject_id",
                )
                .await?,
            whose: client
                .prepare(
                    "SELECT job, contact_id, ticket_id, messages.id
                     FROM unnest($1::bigint[], $2::bigint[]) AS leased (job, message)
                     JOIN messages ON messages.id = message
                     JOIN tickets ON tickets.id = ticket_id",
                )
                .await?,
            tickets: client
                .prepare(
                    "UPDATE tickets SET category = 'other', department = 'support',
                            version = version + 1, updated_at = $2, first_response_at = $2
                     WHERE id = ANY ($1::bigint[])",
                )
                .await?,
            answers: client
                .prepare(
                    "INSERT INTO messages (id, ticket_id, author, text, channel, in_reply_to,
                                           delivery_state, created_at)
                     SELECT id, ticket, 'assistant', $4, 'api', message, 'sent', $5
                     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
                          AS new (id, ticket, message)",
                )
                .await?,
            decisions: client
                .prepare(
                    "INSERT INTO decisions
                     (message_id, ticket_id, reply_id, outcome, assistant, needs_escalation, category,
                      priority, department, language, sources, basis, ticket_status, latency_ms,
                      created_at)
                     SELECT message, ticket, id, 'posted', 'constant', false, 'other', 'medium',
                            'support', 'en', '[]', $5::text::json, 'new', 0, $4
                     FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
                          AS new (id, ticket, message)",
                )
                .await?,
            events: client
                .prepare(
                    "INSERT INTO events (kind, ticket_id, payload, created_at)
                     SELECT 'ticket.message_added', ticket, payload::json, $3
                     FROM unnest($1::bigint[], $2::text[]) AS new (ticket, payload)",
                )
                .await?,
            jobs: client.prepare("DELETE FROM jobs WHERE id = ANY ($1::bigint[])").await?,
        })
    }
}

async fn lease(client: &Client, its: &Statements) -> Result<Vec<Job>, tokio_postgres::Error> {
    let now = rows::now();
    // By itself a statement is a transaction.
    let leased = client.query(&its.lease, &[&OWNER, &(now + LEASE), &now, &SET]).await?;
    let (mut ids, mut messages) = (Vec::<i64>::new(), Vec::<i64>::new());
    for row in leased {
        ids.push(row.try_get(0)?);
        messages.push(row.try_get(1)?);
    }
    let mut jobs = Vec::with_capacity(ids.len());
    for row in client.query(&its.whose, &[&ids, &messages]).await? {
        let of =
            Ids { contact: row.try_get(1)?, ticket: row.try_get(2)?, message: row.try_get(3)? };
        jobs.push(Job { id: row.try_get(0)?, of });
    }
    Ok(jobs)
}

async fn finish(
    client: &Client,
    its: &Statements,
    jobs: &[Job],
    answer: &mut i64,
) -> Result<(), tokio_postgres::Error> {
    let now = rows::now();
    let ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
    let tickets: Vec<i64> = jobs.iter().map(|job| job.of.ticket).collect();
    let messages: Vec<i64> = jobs.iter().map(|job| job.of.message).collect();
    let answers: Vec<i64> = (*answer + 1..).take(jobs.len()).collect();
    let told: Vec<String> = jobs.iter().zip(&answers).map(|(job, id)| told(job, *id)).collect();
    *answer += i64::try_from(jobs.len()).unwrap_or(0);
    // Sent one after the other without waiting; the server works through them in order.
    tokio::try_join!(
        biased;
        client.batch_execute("BEGIN"),
        run(client, true, &its.tickets, [&tickets, &now]),
        run(client, true, &its.answers, [&answers, &tickets, &messages, &ANSWER, &now]),
        run(client, true, &its.decisions, [&answers, &tickets, &messages, &now, &rows::BASIS]),
        run(client, true, &its.events, [&tickets, &told, &now]),
        run(client, true, &its.jobs, [&ids]),
        client.batch_execute("COMMIT"),
    )?;
    Ok(())
}
