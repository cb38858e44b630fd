//! Ids that callers give in a path.

use centrium_channels::Problem;

/// The number in a path.
///
/// # Errors
/// 404 when it is none, since there is no `what` of such a name.
pub(super) fn number(segment: &str, what: &str) -> Result<i64, Problem> {
    let number = segment.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Problem::not_found(format!("There is no such {what}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_not_found() {
        assert_eq!(number("17", "ticket").unwrap(), 17);
        for wrong in ["", "abc", "-1", "0", "1.5", "99999999999999999999"] {
            let problem = number(wrong, "ticket").unwrap_err();
            assert_eq!(problem.status.as_u16(), 404, "{wrong}");
            assert_eq!(problem.sentence, "There is no such ticket.");
        }
    }
}
