//! How many answers the assistant may give in one ticket before a person must come: so few that two
//! machines that answer each other stop by themselves, and more than anyone needs.

use centrium_channels::ChannelKind;

use super::Author;
use crate::clock::Millis;
use crate::store::tickets::Ticket;
use crate::store::{Conn, Result, messages};

/// The time in which answers are counted.
pub const WINDOW: Millis = 10 * 60_000;

/// How many answers a ticket may get in that time.
#[must_use]
pub const fn most_answers(channel: ChannelKind) -> usize {
    match channel {
        ChannelKind::Email => 5,
        _ => 20,
    }
}

/// Whether the ticket may have had too many answers, judged by its newest messages, oldest first;
/// `all` tells that these are all it has. Where it may, the store must be asked.
///
/// Each answer makes a new version of its ticket, so that most tickets are too young for that.
pub fn may_be_too_fast(
    ticket: &Ticket,
    newest: impl IntoIterator<Item = (Author, Millis)>,
    all: bool,
    now: Millis,
) -> bool {
    let most = most_answers(ticket.channel.0);
    if is_too_young(ticket) {
        return false;
    }
    let (mut answers, mut oldest) = (0, None);
    for (author, at) in newest {
        oldest.get_or_insert(at);
        answers += usize::from(author == Author::Assistant && at > now - WINDOW);
    }
    answers >= most || (!all && oldest.is_some_and(|oldest| oldest > now - WINDOW))
}

/// Whether the ticket can't have had that many answers.
#[must_use]
pub fn is_too_young(ticket: &Ticket) -> bool {
    usize::try_from(ticket.version).unwrap_or(0) <= most_answers(ticket.channel.0)
}

/// Whether the ticket has had as many answers as it may, with `more` that are not stored yet.
///
/// # Errors
/// As every statement.
pub async fn is_too_fast(conn: &Conn, ticket: &Ticket, more: usize, now: Millis) -> Result<bool> {
    if is_too_young(ticket) {
        return Ok(false);
    }
    let answers = messages::answers_since(conn, ticket.id, now - WINDOW).await?;
    Ok(usize::try_from(answers).unwrap_or(0) + more >= most_answers(ticket.channel.0))
}

#[cfg(test)]
mod tests {
    use centrium_channels::ChannelKind;

    use super::*;
    use crate::store::StoredKind;
    use crate::tickets::shapes::tests::ticket;

    const NOW: Millis = 100 * WINDOW;

    fn may(channel: ChannelKind, answers: usize, at: Millis, all: bool) -> bool {
        let version = 1 + i64::try_from(answers).unwrap();
        let ticket = Ticket { channel: StoredKind(channel), version, ..ticket() };
        may_be_too_fast(&ticket, vec![(Author::Assistant, at); answers], all, NOW)
    }

    #[test]
    fn mail_has_fewer_answers_than_a_chat() {
        assert!(may(ChannelKind::Email, 5, NOW, true));
        assert!(!may(ChannelKind::Email, 4, NOW, true));
        assert!(may(ChannelKind::Api, 20, NOW, true));
        assert!(!may(ChannelKind::Api, 19, NOW, true));
    }

    #[test]
    fn old_answers_do_not_count_and_what_was_not_read_may() {
        assert!(!may(ChannelKind::Api, 25, NOW - WINDOW, true));
        assert!(!may(ChannelKind::Api, 25, NOW - WINDOW, false));
        let ticket = Ticket { channel: StoredKind(ChannelKind::Api), version: 90, ..ticket() };
        let customer = vec![(Author::Customer, NOW); 30];
        assert!(may_be_too_fast(&ticket, customer.clone(), false, NOW));
        assert!(!may_be_too_fast(&ticket, customer, true, NOW));
    }
}
