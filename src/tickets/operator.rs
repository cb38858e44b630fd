//! People who deal with tickets: their names, and how they come and go.

use super::transaction::change_ticket;
use super::{Error, Result, life};
use crate::engine::Engine;
use crate::ingest::clean_text;
use crate::store::tickets::Ticket;

/// Characters of an operator's name at most.
const LONGEST_NAME: usize = 100;

/// Who acts when nobody is named and `API_TOKEN` alone is shown.
pub const UNNAMED: &str = "api";

/// A name as it is stored: without blanks around it.
///
/// # Errors
/// `Invalid` when nothing is left, or it is longer than 100 characters.
pub fn name(given: &str) -> Result<String> {
    let name = clean_text(given.trim().to_owned());
    if name.is_empty() {
        return Err(Error::invalid("The operator's name is empty."));
    }
    if name.chars().count() > LONGEST_NAME {
        let sentence = format!("The operator's name is longer than {LONGEST_NAME} characters.");
        return Err(Error::Invalid(sentence));
    }
    Ok(name)
}

/// An operator joins a ticket, [`UNNAMED`] when none is named; a closed ticket opens. The first one
/// takes it over; the ticket's operator, where it has one, stays that.
///
/// # Errors
/// `NotFound`, `Invalid`, `Store`.
pub async fn join(engine: &Engine, ticket_id: i64, operator: Option<&str>) -> Result<Ticket> {
    let operator = name(operator.unwrap_or(UNNAMED))?;
    change_ticket(engine, ticket_id, |ticket, log, now| life::join(ticket, &operator, log, now))
        .await
}

/// An operator leaves, or all where none is named. The assistant answers again when it was the
/// ticket's operator, or the one who has taken over; else nothing changes.
///
/// # Errors
/// `NotFound`, `Invalid`, `Store`.
pub async fn leave(engine: &Engine, ticket_id: i64, operator: Option<&str>) -> Result<Ticket> {
    let operator = operator.map(name).transpose()?;
    change_ticket(engine, ticket_id, |ticket, log, now| {
        life::leave(ticket, operator.as_deref(), log, now);
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_has_no_zero_in_it() {
        assert_eq!(name("  Айгерим ").unwrap(), "Айгерим");
        assert_eq!(name("a\0b").unwrap(), "a\u{FFFD}b");
    }

    #[test]
    fn a_name_has_1_to_100_characters() {
        assert!(name(&"ы".repeat(100)).is_ok());
        for wrong in ["", " \n", &"ы".repeat(101)] {
            assert!(matches!(name(wrong), Err(Error::Invalid(_))), "{wrong:?}");
        }
    }
}
