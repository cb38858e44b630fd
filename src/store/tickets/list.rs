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
use crate::store::search::tickets::{Holders, Wanted};
use crate::store::{Conn, Result, StoredKind};

/// Tickets that a search looks at first, one by one; the least that it looks at together.
const FIRST: usize = 64;
/// Tickets of which enough must hold the words to fill the page: where fewer do, the index is quicker.
const MOST: usize = 256;

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

impl Filter {
    /// Whether an index has just the tickets that pass, in the order of the list; there is one for each
    /// filter, and none for two of them.
    fn has_index(&self) -> bool {
        let filters = [
            self.status.is_some(),
            self.channel.is_some(),
            self.priority.is_some(),
            self.category.is_some(),
            self.operator.is_some(),
            self.escalated.is_some(),
            self.contact_id.is_some(),
        ];
        filters.into_iter().filter(|is_set| *is_set).count() <= 1
    }
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

/// The index gives all that hold the words, in no order. Where these are many, the newest tickets
/// are looked at first, for as long as it seems that they alone will fill the page; the index is asked
/// for what comes after them.
async fn search(conn: &Conn, filter: &Filter, wanted: &Wanted, limit: i64) -> Result<Vec<Ticket>> {
    let full = usize::try_from(limit).unwrap_or(0);
    let holders = wanted.holders(conn).await?;
    let mut rest = filter.clone();
    let mut found = Vec::new();
    if holders == Holders::Most
        && filter.has_index()
        && walk(conn, &mut rest, wanted, full, &mut found).await?
    {
        return Ok(found);
    }
    found.extend(page_of(conn, &rest, wanted, holders, rows(full - found.len())).await?);
    Ok(found)
}

/// Looks at the newest tickets, one by one, and tells whether that was enough: `found` then is the
/// page. Otherwise `rest` is what was not looked at.
async fn walk(
    conn: &Conn,
    rest: &mut Filter,
    wanted: &Wanted,
    full: usize,
    found: &mut Vec<Ticket>,
) -> Result<bool> {
    let (mut walked, mut size) = (0, FIRST);
    loop {
        let newest = page(conn, rest, rows(size)).await?;
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
            return Ok(true);
        }
        if is_cut_short || found.len() * MOST < full * walked {
            return Ok(false);
        }
        // As many as the rest needs if they hold the words as often, and some more.
        size = ((full - found.len()) * walked * 5 / (found.len() * 4)).max(FIRST);
    }
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
async fn page_of(
    conn: &Conn,
    filter: &Filter,
    wanted: &Wanted,
    holders: Holders,
    limit: i64,
) -> Result<Vec<Ticket>> {
    let (is_held, words) = wanted.condition(holders);
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
