//! Pages of tickets, newest activity first: all that pass the filters, or those of them that hold
//! words.

use diesel::dsl::{not, sql};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, QueryDsl, SelectableHelper};
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;

use super::Ticket;
use crate::clock::Millis;
use crate::store::conn::on;
use crate::store::names::{Priority, Status};
use crate::store::schema::tickets;
use crate::store::search::tickets::Wanted;
use crate::store::{Conn, Result, StoredKind};

/// Tickets that a search looks at first, one by one, and twice as many each time after that.
const FIRST: usize = 64;
/// Tickets that it may look at to fill its page: beyond that the index is quicker.
const MOST: usize = 1_000;

/// Which tickets a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only with this status.
    pub status: Option<Status>,
    /// Only of this channel.
    pub channel: Option<StoredKind>,
    /// Only with this priority.
    pub priority: Option<Priority>,
    /// Only of this category.
    pub category: Option<String>,
    /// Only this operator's.
    pub operator: Option<String>,
    /// Only those where a human is, or is not, called for.
    pub escalated: Option<bool>,
    /// Only those that hold every word of this text, or words that begin with them.
    pub text: Option<String>,
    /// Only of this contact.
    pub contact_id: Option<i64>,
    /// Only what comes after this place in the list: activity and id of the last one seen.
    pub after: Option<(Millis, i64)>,
}

/// A page of tickets, newest activity first.
///
/// # Errors
/// As every statement.
pub async fn list(conn: &Conn, filter: &Filter, limit: i64) -> Result<Vec<Ticket>> {
    let Some(text) = &filter.text else { return page(conn, filter, limit).await };
    match Wanted::of(text, conn.is_postgres()) {
        Some(wanted) => search(conn, filter, &wanted, limit).await,
        None => Ok(Vec::new()),
    }
}

/// The index gives all that hold the words, in no order: too much for words that many tickets hold.
/// Those fill a page from the newest tickets alone, so these are looked at first, for as long as it
/// seems that they will; the index is asked for what comes after them.
async fn search(conn: &Conn, filter: &Filter, wanted: &Wanted, limit: i64) -> Result<Vec<Ticket>> {
    let full = usize::try_from(limit).unwrap_or(0);
    let mut rest = filter.clone();
    let (mut found, mut walked, mut size) = (Vec::new(), 0, FIRST);
    loop {
        let newest = page(conn, &rest, rows(size)).await?;
        let held = wanted.held(conn, &newest).await?;
        let is_cut_short = held.len() < newest.len();
        let is_last = newest.len() < size && !is_cut_short;
        walked += held.len();
        for (ticket, is_held) in newest.into_iter().zip(held) {
            rest.after = Some((ticket.updated_at, ticket.id));
            if is_held {
                found.push(ticket);
            }
        }
        if is_last || found.len() >= full {
            found.truncate(full);
            return Ok(found);
        }
        if is_cut_short || found.len() * MOST < full * walked {
            break;
        }
        size *= 2;
    }
    found.extend(page_of(conn, &rest, wanted, rows(full - found.len())).await?);
    Ok(found)
}

fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A query for the first `limit` tickets that pass the filter, newest activity first; the filter's
/// own text is not looked at. A macro, since its type is that of the database.
macro_rules! passing {
    ($filter:expr, $limit:expr) => {{
        let filter: &Filter = $filter;
        let mut query = tickets::table.into_boxed();
        if let Some(status) = filter.status {
            query = query.filter(tickets::status.eq(status));
        }
        if let Some(channel) = filter.channel {
            query = query.filter(tickets::channel.eq(channel));
        }
        if let Some(priority) = filter.priority {
            query = query.filter(tickets::priority.eq(priority));
        }
        if let Some(category) = &filter.category {
            query = query.filter(tickets::category.eq(category));
        }
        if let Some(operator) = &filter.operator {
            query = query.filter(tickets::operator.eq(operator));
        }
        // A value that is bound would hide from the database that an index holds just these.
        match filter.escalated {
            Some(true) => query = query.filter(tickets::needs_escalation),
            Some(false) => query = query.filter(not(tickets::needs_escalation)),
            None => {}
        }
        if let Some(contact_id) = filter.contact_id {
            query = query.filter(tickets::contact_id.eq(contact_id));
        }
        if let Some((at, id)) = filter.after {
            query = query.filter(
                tickets::updated_at.lt(at).or(tickets::updated_at.eq(at).and(tickets::id.lt(id))),
            );
        }
        query.order((tickets::updated_at.desc(), tickets::id.desc())).limit($limit)
    }};
}

async fn page(conn: &Conn, filter: &Filter, limit: i64) -> Result<Vec<Ticket>> {
    Ok(on!(conn, |c| passing!(filter, limit).select(Ticket::as_select()).load(c).await)?)
}

/// The same of those that the index knows to hold the words. All of these must be sorted: ids are
/// less to sort than whole rows.
async fn page_of(conn: &Conn, filter: &Filter, wanted: &Wanted, limit: i64) -> Result<Vec<Ticket>> {
    let (is_held, words) = wanted.condition();
    Ok(on!(conn, |c| {
        let is_held = sql::<Bool>(is_held).bind::<Text, _>(words).sql("))");
        let ids = passing!(filter, limit).filter(is_held).select(tickets::id);
        tickets::table
            .filter(tickets::id.eq_any(ids))
            .order((tickets::updated_at.desc(), tickets::id.desc()))
            .select(Ticket::as_select())
            .load(c)
            .await
    })?)
}
