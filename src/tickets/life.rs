//! What may happen to a ticket. Each step changes the ticket in memory and adds the events that
//! follow from it; the caller writes both in one transaction.

use crate::clock::Millis;
use crate::events;
use crate::store::events::NewEvent;
use crate::store::tickets::Ticket;

use super::Status;

/// Something happened: the ticket comes to the top of the list, and what was made for its older
/// version is stale.
pub fn touch(ticket: &mut Ticket, now: Millis) {
    ticket.version += 1;
    ticket.updated_at = now.max(ticket.updated_at);
}

/// Moves a ticket to `status`. Closing sends the operator home and ends the call for one.
pub fn set_status(ticket: &mut Ticket, status: Status, log: &mut Vec<NewEvent>, now: Millis) {
    let old = ticket.status;
    if old == status {
        return;
    }
    ticket.status = status;
    if status == Status::Closed {
        ticket.closed_at = Some(now);
        ticket.operator_joined = false;
        ticket.needs_escalation = false;
    } else if old == Status::Closed {
        ticket.closed_at = None;
        ticket.is_auto_solved = false;
    }
    touch(ticket, now);
    log.push(events::status_changed(ticket, old, now));
}

/// Calls a human. A ticket where one was called already keeps its first reason.
pub fn escalate(ticket: &mut Ticket, reason: Option<&str>, log: &mut Vec<NewEvent>, now: Millis) {
    if ticket.needs_escalation {
        return;
    }
    ticket.needs_escalation = true;
    ticket.escalated_at = Some(now);
    ticket.escalation_reason = reason.map(str::to_owned);
    touch(ticket, now);
    log.push(events::escalated(ticket, now));
    if ticket.status == Status::New {
        set_status(ticket, Status::InProgress, log, now);
    }
    tracing::info!(
        ticket.id,
        channel.kind = ticket.channel.0.as_str(),
        ticket.priority = ticket.priority.as_str(),
        "ticket.escalated"
    );
}

/// The human who was called is needed no more; why there was a call is kept.
pub fn call_off(ticket: &mut Ticket, now: Millis) {
    if ticket.needs_escalation {
        ticket.needs_escalation = false;
        touch(ticket, now);
    }
}

/// Gives a ticket to an operator, or to none.
pub fn assign(ticket: &mut Ticket, operator: Option<&str>, log: &mut Vec<NewEvent>, now: Millis) {
    if ticket.operator.as_deref() == operator {
        return;
    }
    let previous = std::mem::replace(&mut ticket.operator, operator.map(str::to_owned));
    touch(ticket, now);
    log.push(events::assigned(ticket, previous.as_deref(), now));
}

/// An operator takes over: from now on the assistant only drafts. The first one becomes the
/// ticket's operator, and stays it when a second one joins.
pub fn join(ticket: &mut Ticket, operator: &str, log: &mut Vec<NewEvent>, now: Millis) {
    if !ticket.operator_joined {
        ticket.operator_joined = true;
        touch(ticket, now);
    }
    if ticket.operator.is_none() {
        assign(ticket, Some(operator), log, now);
    }
    if ticket.status != Status::InProgress {
        set_status(ticket, Status::InProgress, log, now);
    }
}

/// The ticket's operator leaves, and the assistant answers again. A second operator who leaves
/// changes nothing.
pub fn leave(ticket: &mut Ticket, operator: Option<&str>, log: &mut Vec<NewEvent>, now: Millis) {
    if operator.is_some() && operator != ticket.operator.as_deref() {
        return;
    }
    if ticket.operator_joined {
        ticket.operator_joined = false;
        touch(ticket, now);
    }
    assign(ticket, None, log, now);
}
