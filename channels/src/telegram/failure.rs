//! Why a call of the Bot API did not work, and what that means for an answer.

use std::time::Duration;

use crate::{Error, Kind, Retry};

/// A call did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Telegram understood, and refused.
    Refused(Refusal),
    /// Telegram, or a proxy before it, is in trouble: an answer without the Bot API's own words.
    Trouble(u16),
    /// There was no answer in time. What was asked may have been done.
    TooSlow,
    /// There was no connection.
    Unreachable,
    /// The answer holds more than it may.
    TooLarge,
    /// The answer is not what the Bot API answers.
    Nonsense,
}

/// A refusal in Telegram's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) retry_after: Option<Duration>,
    /// The group has become another chat.
    pub(super) moved_to: Option<i64>,
}

impl Failure {
    /// What an HTTP client's error means. Its own words hold the address, and with it the token.
    pub(super) fn unreachable(error: &reqwest::Error) -> Self {
        if error.is_timeout() { Self::TooSlow } else { Self::Unreachable }
    }

    pub(super) const fn status(status: u16) -> Self {
        Self::Trouble(status)
    }

    /// The chat that the group has become.
    pub(super) const fn moved_to(&self) -> Option<i64> {
        match self {
            Self::Refused(refusal) => refusal.moved_to,
            _ => None,
        }
    }

    /// How long Telegram asks to wait.
    pub(super) const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// Whether the token is wrong: the Bot API says 401, or 404 where it is no token at all.
    pub(super) const fn is_wrong_token(&self) -> bool {
        matches!(self, Self::Refused(Refusal { code: 401 | 404, .. }))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let later = |sentence: &str| Self::new(Kind::Unavailable, sentence);
        match failure {
            failure if failure.is_wrong_token() => {
                later("Telegram does not know this bot's token; see docs/TELEGRAM.md.")
            }
            Failure::Refused(refusal) => refusal.into(),
            Failure::Trouble(status) => {
                later(&format!("Telegram's server is in trouble (status {status})."))
            }
            Failure::TooSlow => later("Telegram's server did not answer in time."),
            Failure::Unreachable => later("Telegram's server can't be reached."),
            Failure::TooLarge => {
                Self::new(Kind::Refused, "What Telegram answered is larger than it may be.")
            }
            Failure::Nonsense => later("Telegram's server answered with something unknown."),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let words = one_line(&refusal.description);
        match refusal.code {
            429 => {
                let pause = refusal.retry_after.unwrap_or(Duration::from_secs(1));
                Self::new(Kind::TooMany, "Telegram asks to send more slowly.").after(pause)
            }
            403 => Self::new(Kind::Refused, forbidden(&words)),
            409 => Self::new(
                Kind::Unavailable,
                "Another program reads this bot's updates, or a webhook is set for it.",
            ),
            500.. => {
                Self::new(Kind::Unavailable, format!("Telegram's server is in trouble: {words}."))
            }
            _ if words.contains("chat not found") => Self::new(
                Kind::Refused,
                "Telegram knows no such chat; the customer must write to this bot first.",
            ),
            _ => Self {
                retry: Retry::Never,
                ..Self::new(Kind::Refused, format!("Telegram refuses the message: {words}."))
            },
        }
    }
}

fn forbidden(words: &str) -> String {
    let known = [
        ("blocked by the user", "The customer has blocked the bot."),
        ("user is deactivated", "The customer's Telegram account was deleted."),
        ("was kicked", "The bot was removed from the group."),
        ("not a member", "The bot is not in the group any more."),
        (
            "can't initiate conversation",
            "The customer has not written to this bot, and a bot may not write first.",
        ),
    ];
    let found = known.iter().find(|(theirs, _)| words.contains(theirs));
    found.map_or_else(|| format!("Telegram forbids it: {words}."), |(_, ours)| (*ours).to_owned())
}

/// Telegram's words in one line of bounded length, without the dot at its end.
fn one_line(words: &str) -> String {
    let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches('.').chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, description: &str) -> Error {
        let description = description.to_owned();
        Failure::Refused(Refusal { code, description, retry_after: None, moved_to: None }).into()
    }

    #[test]
    fn what_never_succeeds_is_not_tried_again() {
        for (code, words, sentence) in [
            (403, "Forbidden: bot was blocked by the user", "The customer has blocked the bot."),
            (403, "Forbidden: something new.", "Telegram forbids it: Forbidden: something new."),
            (
                400,
                "Bad Request: message text is empty",
                "Telegram refuses the message: Bad Request: message text is empty.",
            ),
            (
                400,
                "Bad Request: chat not found",
                "Telegram knows no such chat; the customer must write to this bot first.",
            ),
        ] {
            let error = refused(code, words);
            assert_eq!((error.retry, error.sentence.as_str()), (Retry::Never, sentence));
        }
    }

    #[test]
    fn what_passes_is_tried_again() {
        for error in [
            refused(500, "Internal Server Error"),
            refused(502, "Bad\nGateway"),
            refused(409, "Conflict"),
            refused(401, "Unauthorized"),
            Failure::TooSlow.into(),
            Failure::Unreachable.into(),
            Failure::Trouble(503).into(),
            Failure::Nonsense.into(),
        ] {
            assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Later), "{error}");
            assert!(error.sentence.ends_with('.') && !error.sentence.contains('\n'), "{error}");
        }
    }

    #[test]
    fn telegram_says_how_long_to_wait() {
        let refusal = Refusal {
            code: 429,
            description: "Too Many Requests: retry after 7".to_owned(),
            retry_after: Some(Duration::from_secs(7)),
            moved_to: None,
        };
        let error = Error::from(Failure::Refused(refusal));
        assert_eq!(error.retry, Retry::After(Duration::from_secs(7)));
        assert_eq!(error.kind, Kind::TooMany);
    }
}
