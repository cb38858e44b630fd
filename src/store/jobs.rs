//! Work that must be done after a change was made. A job is written with its cause, runs outside
//! of any transaction, and its row is deleted with its effect.

use diesel::dsl::{count_star, min};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, Identifiable, Insertable, IntoSql, JoinOnDsl,
    QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::{lock, on};
use super::insert::rows;
use super::names::{DeliveryState, JobKind, JobState};
use super::one_of::one_of;
use super::prepared::Prepared;
use super::schema::{jobs, messages};
use super::{Conn, Result, Tx};
use crate::clock::Millis;

/// A piece of work.
#[derive(
    Clone, Debug, Queryable, QueryableByName, Selectable, Insertable, Serialize, Identifiable,
)]
#[diesel(table_name = jobs, treat_none_as_default_value = false)]
pub struct Job {
    /// Its id.
    pub id: i64,
    /// What it does.
    pub kind: JobKind,
    /// What it does it to; the kind says what the id means.
    pub subject_id: i64,
    /// Whether it still runs.
    pub state: JobState,
    /// How many tries have begun.
    pub attempts: i64,
    /// Not before this time. While an engine works on it: the end of that engine's lease.
    pub run_at: Millis,
    /// The engine that works on it.
    pub lease_owner: Option<String>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: Millis,
}

impl Job {
    /// Work on `subject_id` for whichever engine is free, not before `run_at`.
    #[must_use]
    pub const fn new(
        id: i64,
        kind: JobKind,
        subject_id: i64,
        run_at: Millis,
        created_at: Millis,
    ) -> Self {
        Self {
            id,
            kind,
            subject_id,
            state: JobState::Ready,
            attempts: 0,
            run_at,
            lease_owner: None,
            last_error: None,
            created_at,
        }
    }

    /// The same, held by `owner` until `until`: its first try has begun.
    #[must_use]
    pub fn leased(self, owner: &str, until: Millis) -> Self {
        Self {
            attempts: self.attempts + 1,
            run_at: until,
            lease_owner: Some(owner.to_owned()),
            ..self
        }
    }
}

/// Leases up to `limit` due jobs to `owner` until `until`, oldest first. A lease that ran out
/// counts as due: its engine is gone.
///
/// # Errors
/// As every statement.
pub async fn claim(
    tx: &Tx,
    owner: &str,
    now: Millis,
    until: Millis,
    limit: i64,
) -> Result<Vec<Job>> {
    let (skip, p) = if tx.is_postgres() { ("FOR UPDATE SKIP LOCKED", "$") } else { ("", "?") };
    let sql = format!(
        "UPDATE jobs SET lease_owner = {p}1, run_at = {p}2, attempts = attempts + 1
         WHERE id IN (SELECT id FROM jobs WHERE state = 'ready' AND run_at <= {p}3
                      ORDER BY run_at, id LIMIT {p}4 {skip})
         RETURNING *"
    );
    let conn: &Conn = tx;
    Ok(on!(conn, |c| Prepared::new(&sql)
        .text(owner)
        .number(until)
        .number(now)
        .number(limit)
        .load(c)
        .await)?)
}

/// Whether any job is due.
///
/// # Errors
/// As every statement.
pub async fn any_due(conn: &Conn, now: Millis) -> Result<bool> {
    let due: Vec<i64> = on!(conn, |c| jobs::table
        .filter(jobs::state.eq(JobState::Ready))
        .filter(jobs::run_at.le(now))
        .select(jobs::id)
        .limit(1)
        .load(c)
        .await)?;
    Ok(!due.is_empty())
}

/// Whether a job of this kind waits for one of these subjects.
///
/// # Errors
/// As every statement.
pub async fn waits_for(conn: &Conn, kind: JobKind, subjects: &[i64]) -> Result<bool> {
    let found: Vec<i64> = on!(conn, |c| jobs::table
        .filter(jobs::kind.eq(kind))
        .filter(one_of(jobs::subject_id, subjects))
        .select(jobs::id)
        .limit(1)
        .load(c)
        .await)?;
    Ok(!found.is_empty())
}

/// The tickets of the messages from before `at` whose turn has not come yet, or has failed for good
/// and may be tried again.
///
/// # Errors
/// As every statement.
pub async fn tickets_unanswered_since(conn: &Conn, at: Millis) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| jobs::table
        .inner_join(messages::table.on(messages::id.eq(jobs::subject_id)))
        .filter(jobs::kind.eq(JobKind::AnswerTicket))
        .filter(jobs::created_at.lt(at))
        .select(messages::ticket_id)
        .load(c)
        .await)?)
}

/// Whether there are any jobs that are not buried.
///
/// # Errors
/// As every statement.
pub async fn any(conn: &Conn) -> Result<bool> {
    any_due(conn, Millis::MAX).await
}

/// Which of these jobs `owner` still holds. What another engine took over, or finished, is
/// missing.
///
/// # Errors
/// As every statement.
pub async fn still_held(tx: &Tx, owner: &str, ids: &[i64]) -> Result<Vec<i64>> {
    let conn: &Conn = tx;
    Ok(lock!(
        conn,
        jobs::table
            .filter(one_of(jobs::id, ids))
            .filter(jobs::lease_owner.eq(owner))
            .select(jobs::id)
            .order(jobs::id)
    )?)
}

/// Gives jobs back: they are due at `run_at`.
///
/// # Errors
/// As every statement.
pub async fn give_back(
    tx: &Tx,
    owner: &str,
    ids: &[i64],
    run_at: Millis,
    error: Option<&str>,
) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(jobs::table)
        .filter(one_of(jobs::id, ids))
        .filter(jobs::lease_owner.eq(owner))
        .set((
            jobs::run_at.eq(run_at),
            jobs::lease_owner.eq(None::<String>),
            error.map(|error| jobs::last_error.eq(error)),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// The engines of this data folder that hold jobs.
///
/// # Errors
/// As every statement.
pub async fn owners(conn: &Conn, folder: &str) -> Result<Vec<String>> {
    let all: Vec<Option<String>> = on!(conn, |c| jobs::table
        .filter(jobs::lease_owner.is_not_null())
        .select(jobs::lease_owner)
        .distinct()
        .load(c)
        .await)?;
    Ok(of_folder(all, folder))
}

/// Those of these engines that are lives of this folder's.
pub(super) fn of_folder(owners: Vec<Option<String>>, folder: &str) -> Vec<String> {
    let is_of = |owner: &String| owner.rsplit_once('.').map_or(owner.as_str(), |o| o.0) == folder;
    owners.into_iter().flatten().filter(is_of).collect()
}

/// Gives back everything that `owner` holds: nothing of it runs, because that engine has ended, or
/// is about to. Nobody holds a buried job, so their state is not asked for: SQLite would go through
/// all that are due by their index, which takes twenty times as long as reading the table.
///
/// # Errors
/// As every statement.
pub async fn give_back_all(tx: &Tx, owner: &str, now: Millis) -> Result<usize> {
    let conn: &Conn = tx;
    Ok(on!(conn, |c| diesel::update(jobs::table)
        .filter(jobs::lease_owner.eq(owner))
        .set((jobs::run_at.eq(now), jobs::lease_owner.eq(None::<String>)))
        .execute(c)
        .await)?)
}

/// Buries a job: it runs no more, and is shown to people.
///
/// # Errors
/// As every statement.
pub async fn bury(tx: &Tx, owner: &str, id: i64, error: &str) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(jobs::table.find(id))
        .filter(jobs::lease_owner.eq(owner))
        .set((
            jobs::state.eq(JobState::Buried),
            jobs::lease_owner.eq(None::<String>),
            jobs::last_error.eq(error),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Gives a job back that was not really tried (its channel is off, or wants it later): that was no
/// try.
///
/// # Errors
/// As every statement.
pub async fn postpone(tx: &Tx, owner: &str, id: i64, run_at: Millis) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(jobs::table.find(id))
        .filter(jobs::lease_owner.eq(owner))
        .set((
            jobs::run_at.eq(run_at),
            jobs::lease_owner.eq(None::<String>),
            jobs::attempts.eq(jobs::attempts - 1),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Forgets buried jobs of this kind and subject, because another one takes their place.
///
/// # Errors
/// As every statement.
pub async fn forget_buried(tx: &Tx, kind: JobKind, subject: i64) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::delete(jobs::table)
        .filter(jobs::kind.eq(kind))
        .filter(jobs::subject_id.eq(subject))
        .filter(jobs::state.eq(JobState::Buried))
        .execute(c)
        .await)?;
    Ok(())
}

/// Digs buried jobs up, all of them or one: they are due now, and answers that had failed with
/// them are pending again. Says how many.
///
/// # Errors
/// As every statement.
pub async fn retry(tx: &Tx, id: Option<i64>, now: Millis) -> Result<usize> {
    let conn: &Conn = tx;
    let failed: Vec<i64> = on!(conn, |c| jobs::table
        .filter(jobs::state.eq(JobState::Buried))
        .filter(jobs::kind.eq(JobKind::DeliverReply))
        .filter(jobs::id.eq(id.unwrap_or(0)).or(id.is_none().into_sql::<Bool>()))
        .select(jobs::subject_id)
        .load(c)
        .await)?;
    for message_id in failed {
        super::messages::set_delivery(tx, message_id, DeliveryState::Pending, None, None).await?;
    }
    let conn: &Conn = tx;
    Ok(on!(conn, |c| {
        let mut query = diesel::update(jobs::table)
            .filter(jobs::state.eq(JobState::Buried))
            .set((jobs::state.eq(JobState::Ready), jobs::run_at.eq(now), jobs::attempts.eq(0)))
            .into_boxed();
        if let Some(id) = id {
            query = query.filter(jobs::id.eq(id));
        }
        query.execute(c).await
    })?)
}

/// Jobs, oldest first.
///
/// # Errors
/// As every statement.
pub async fn list(conn: &Conn, state: Option<JobState>, limit: i64) -> Result<Vec<Job>> {
    Ok(on!(conn, |c| {
        let mut query = jobs::table.select(Job::as_select()).into_boxed();
        if let Some(state) = state {
            query = query.filter(jobs::state.eq(state));
        }
        query.order(jobs::id).limit(limit).load(c).await
    })?)
}

/// How many jobs are buried. However many others wait, they are not looked at.
///
/// # Errors
/// As every statement.
pub async fn count_buried(conn: &Conn) -> Result<i64> {
    Ok(on!(conn, |c| jobs::table
        .filter(jobs::state.eq(JobState::Buried))
        .count()
        .get_result(c)
        .await)?)
}

/// How many jobs are in each state, and since when the oldest waits: state, number, time. It reads
/// every job.
///
/// # Errors
/// As every statement.
pub async fn census(conn: &Conn) -> Result<Vec<(JobState, i64, Option<Millis>)>> {
    Ok(on!(conn, |c| jobs::table
        .group_by(jobs::state)
        .select((jobs::state, count_star(), min(jobs::created_at)))
        .load(c)
        .await)?)
}

/// Deletes finished jobs.
pub(super) async fn delete(conn: &Conn, ids: Vec<i64>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    on!(conn, |c| diesel::delete(jobs::table).filter(one_of(jobs::id, &ids)).execute(c).await)?;
    Ok(())
}

rows!(Job, jobs);
