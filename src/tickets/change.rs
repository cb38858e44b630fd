//! An operator sorts a ticket, moves it, hands it over, calls for help.

use super::transaction::change_ticket;
use super::{Error, Priority, Result, Status, life, operator};
use crate::assistant::Prompts;
use crate::clock::Millis;
use crate::engine::Engine;
use crate::store::events::NewEvent;
use crate::store::tickets::Ticket;

/// Why a human must come, where an operator said so.
const ASKED: &str = "An operator asked for help.";

/// What shall be different; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Where it is in its life. Closing sends the operator home and ends the call for help.
    pub status: Option<Status>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// One of the categories in `prompts/`, or none.
    pub category: Option<Option<String>>,
    /// One of the departments in `prompts/`, or none.
    pub department: Option<Option<String>>,
    /// The person who deals with it. Nobody means that the one who did leaves, so that the
    /// assistant answers again.
    pub operator: Option<Option<String>>,
    /// Whether a human must come. Calling one on a closed ticket opens it.
    pub needs_escalation: Option<bool>,
}

/// Changes a ticket, all of it in one transaction.
///
/// # Errors
/// `NotFound`, `Invalid` (an unknown category or department, a name that is too long, a ticket
/// that is to be closed and escalated at once), `Store`.
pub async fn change(engine: &Engine, ticket_id: i64, change: Change) -> Result<Ticket> {
    let change = check(change, &engine.live.now().prompts)?;
    change_ticket(engine, ticket_id, |ticket, log, now| apply(&change, ticket, log, now)).await
}

fn check(mut change: Change, prompts: &Prompts) -> Result<Change> {
    if let Some(Some(category)) = &change.category {
        known("category", category, prompts.categories())?;
    }
    if let Some(Some(department)) = &change.department {
        known("department", department, prompts.departments())?;
    }
    if let Some(Some(name)) = &mut change.operator {
        *name = operator::name(name)?;
    }
    if change.status == Some(Status::Closed) && change.needs_escalation == Some(true) {
        return Err(Error::invalid("A ticket can't be closed and escalated at once."));
    }
    Ok(change)
}

fn known<'a>(what: &str, value: &str, words: impl Iterator<Item = &'a str>) -> Result<()> {
    let words: Vec<&str> = words.collect();
    if words.contains(&value) {
        return Ok(());
    }
    Err(Error::Invalid(format!("The {what} must be one of {}.", words.join(", "))))
}

/// Sorting comes first, so that the events of the other steps tell of it; the status comes last,
/// so that it is the one that was asked for.
fn apply(change: &Change, ticket: &mut Ticket, log: &mut Vec<NewEvent>, now: Millis) {
    sort(change, ticket, now);
    match &change.operator {
        Some(Some(name)) => life::assign(ticket, Some(name), log, now),
        Some(None) => life::leave(ticket, None, log, now),
        None => {}
    }
    match change.needs_escalation {
        Some(true) => {
            if ticket.status == Status::Closed && change.status.is_none() {
                life::set_status(ticket, Status::InProgress, log, now);
            }
            life::escalate(ticket, Some(ASKED), log, now);
        }
        Some(false) => life::call_off(ticket, now),
        None => {}
    }
    if let Some(status) = change.status {
        life::set_status(ticket, status, log, now);
    }
}

fn sort(change: &Change, ticket: &mut Ticket, now: Millis) {
    let was = (ticket.priority, ticket.category.clone(), ticket.department.clone());
    if let Some(priority) = change.priority {
        ticket.priority = priority;
    }
    if let Some(category) = &change.category {
        ticket.category.clone_from(category);
    }
    if let Some(department) = &change.department {
        ticket.department.clone_from(department);
    }
    if was != (ticket.priority, ticket.category.clone(), ticket.department.clone()) {
        life::touch(ticket, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::shapes::tests::ticket;

    fn applied(change: &Change, ticket: &mut Ticket) -> Vec<&'static str> {
        let mut log = Vec::new();
        apply(change, ticket, &mut log, 9_000);
        log.iter().map(|event| event.kind).collect()
    }

    #[test]
    fn what_is_as_it_was_changes_nothing() {
        let mut ticket = ticket();
        ticket.priority = Priority::High;
        let version = ticket.version;
        let change = Change {
            status: Some(ticket.status),
            priority: Some(Priority::High),
            category: Some(None),
            operator: Some(None),
            needs_escalation: Some(false),
            ..Change::default()
        };
        assert!(applied(&change, &mut ticket).is_empty());
        assert_eq!(ticket.version, version);
    }

    #[test]
    fn sorting_makes_what_was_made_before_stale_and_tells_nobody() {
        let mut ticket = ticket();
        let version = ticket.version;
        let change = Change { category: Some(Some("billing".into())), ..Change::default() };
        assert!(applied(&change, &mut ticket).is_empty());
        assert_eq!(ticket.category.as_deref(), Some("billing"));
        assert!(ticket.version > version);
        assert_eq!(ticket.updated_at, 9_000);
    }

    #[test]
    fn calling_for_help_opens_a_closed_ticket() {
        let mut ticket = ticket();
        ticket.status = Status::Closed;
        let change = Change { needs_escalation: Some(true), ..Change::default() };
        assert_eq!(applied(&change, &mut ticket), ["ticket.status_changed", "ticket.escalated"]);
        assert_eq!(ticket.status, Status::InProgress);
        assert_eq!(ticket.escalation_reason.as_deref(), Some(ASKED));
    }

    #[test]
    fn closing_ends_the_call_and_is_no_merit_of_the_assistant() {
        let mut ticket = ticket();
        ticket.needs_escalation = true;
        ticket.taken_by = Some("Ann".into());
        let change = Change { status: Some(Status::Closed), ..Change::default() };
        assert_eq!(applied(&change, &mut ticket), ["ticket.status_changed"]);
        assert!(!ticket.needs_escalation && ticket.taken_by.is_none() && !ticket.is_auto_solved);
        assert_eq!(ticket.closed_at, Some(9_000));
    }

    #[test]
    fn a_ticket_of_nobody_is_the_assistants_again() {
        let mut ticket = ticket();
        ticket.operator = Some("Ann".into());
        ticket.taken_by = Some("Ann".into());
        let change = Change { operator: Some(None), ..Change::default() };
        assert_eq!(applied(&change, &mut ticket), ["ticket.assigned"]);
        assert!(ticket.operator.is_none() && ticket.taken_by.is_none());
    }

    #[test]
    fn only_known_words_are_taken() {
        let words = ["billing", "other"];
        assert!(known("category", "other", words.into_iter()).is_ok());
        let refused = known("category", "Other", words.into_iter()).unwrap_err();
        assert_eq!(refused.to_string(), "The category must be one of billing, other.");
    }
}
