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
        ticket.taken_by = None;
        ticket.needs_escalation = false;
    } else if old == Status::Closed {
        ticket.closed_at = None;
        ticket.reopened_at = Some(now);
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

/// Gives a ticket to an operator, or to none. Where the one who had it has taken over, the next
/// one does so in their place: handing a ticket over is not leaving it to the assistant.
pub fn assign(ticket: &mut Ticket, operator: Option<&str>, log: &mut Vec<NewEvent>, now: Millis) {
    if ticket.operator.as_deref() == operator {
        return;
    }
    let previous = std::mem::replace(&mut ticket.operator, operator.map(str::to_owned));
    if operator.is_some() && previous.is_some() && ticket.taken_by == previous {
        ticket.taken_by.clone_from(&ticket.operator);
    }
    touch(ticket, now);
    log.push(events::assigned(ticket, previous.as_deref(), now));
}

/// An operator comes. The first one takes over: from now on the assistant only drafts. They also
/// become the ticket's operator where it has none; otherwise that one stays the ticket's, and
/// takes over when they come themselves.
pub fn join(ticket: &mut Ticket, operator: &str, log: &mut Vec<NewEvent>, now: Millis) {
    if ticket.operator.is_none() {
        assign(ticket, Some(operator), log, now);
    }
    let is_first = ticket.taken_by.is_none();
    let is_theirs = ticket.operator.as_deref() == Some(operator);
    if is_first || (is_theirs && ticket.taken_by.as_deref() != Some(operator)) {
        ticket.taken_by = Some(operator.to_owned());
        touch(ticket, now);
    }
    if ticket.status != Status::InProgress {
        set_status(ticket, Status::InProgress, log, now);
    }
}

/// An operator goes, or all of them where none is named. The assistant answers again when it was
/// the ticket's operator, whose ticket it then is no more, or the one who has taken over.
/// Anybody else who goes changes nothing.
pub fn leave(ticket: &mut Ticket, operator: Option<&str>, log: &mut Vec<NewEvent>, now: Millis) {
    let is = |name: &Option<String>| operator.is_none_or(|who| name.as_deref() == Some(who));
    let (is_theirs, has_taken_over) = (is(&ticket.operator), is(&ticket.taken_by));
    if ticket.taken_by.is_some() && (is_theirs || has_taken_over) {
        ticket.taken_by = None;
        touch(ticket, now);
    }
    if is_theirs {
        assign(ticket, None, log, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::shapes::tests::ticket;

    type Step = fn(&mut Ticket, &mut Vec<NewEvent>);

    /// The ticket's operator and who has taken over, after each of these steps.
    fn after(steps: &[Step]) -> (Option<String>, Option<String>) {
        let (mut ticket, mut log) = (ticket(), Vec::new());
        steps.iter().for_each(|step| step(&mut ticket, &mut log));
        (ticket.operator, ticket.taken_by)
    }

    fn names(operator: &str, taken_by: &str) -> (Option<String>, Option<String>) {
        let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (name(operator), name(taken_by))
    }

    const ANN_IS_ASSIGNED: Step = |t, log| assign(t, Some("Ann"), log, 1);
    const ANN_COMES: Step = |t, log| join(t, "Ann", log, 2);
    const ANN_GOES: Step = |t, log| leave(t, Some("Ann"), log, 3);
    const BOB_IS_ASSIGNED: Step = |t, log| assign(t, Some("Bob"), log, 4);
    const BOB_COMES: Step = |t, log| join(t, "Bob", log, 5);
    const BOB_GOES: Step = |t, log| leave(t, Some("Bob"), log, 6);
    const ALL_GO: Step = |t, log| leave(t, None, log, 7);

    #[test]
    fn the_first_to_come_takes_over_and_gives_back() {
        assert_eq!(after(&[ANN_COMES]), names("Ann", "Ann"));
        assert_eq!(after(&[ANN_COMES, ANN_GOES]), names("", ""));
        assert_eq!(after(&[ANN_COMES, ALL_GO]), names("", ""));
    }

    #[test]
    fn a_second_one_comes_and_goes_without_a_trace() {
        assert_eq!(after(&[ANN_COMES, BOB_COMES]), names("Ann", "Ann"));
        assert_eq!(after(&[ANN_COMES, BOB_COMES, BOB_GOES]), names("Ann", "Ann"));
        assert_eq!(after(&[ANN_COMES, BOB_COMES, ANN_GOES]), names("", ""));
    }

    #[test]
    fn who_alone_has_come_to_anothers_ticket_gives_it_back() {
        assert_eq!(after(&[ANN_IS_ASSIGNED, BOB_COMES]), names("Ann", "Bob"));
        assert_eq!(after(&[ANN_IS_ASSIGNED, BOB_COMES, BOB_GOES]), names("Ann", ""));
        assert_eq!(after(&[ANN_IS_ASSIGNED, BOB_COMES, ANN_GOES]), names("", ""));
        assert_eq!(after(&[ANN_IS_ASSIGNED, BOB_GOES]), names("Ann", ""));
    }

    #[test]
    fn the_tickets_operator_takes_over_from_whoever_came_before() {
        let together = [ANN_IS_ASSIGNED, BOB_COMES, ANN_COMES, BOB_GOES];
        assert_eq!(after(&together), names("Ann", "Ann"));
    }

    #[test]
    fn a_ticket_that_is_handed_over_stays_taken() {
        assert_eq!(after(&[ANN_COMES, BOB_IS_ASSIGNED]), names("Bob", "Bob"));
        assert_eq!(after(&[ANN_COMES, BOB_IS_ASSIGNED, ANN_GOES]), names("Bob", "Bob"));
        assert_eq!(after(&[ANN_COMES, BOB_IS_ASSIGNED, BOB_GOES]), names("", ""));
        assert_eq!(after(&[ANN_IS_ASSIGNED, BOB_IS_ASSIGNED]), names("Bob", ""));
    }
}
