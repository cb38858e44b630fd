//! What the bot says by itself. The texts are the installation's, and it may change them while it
//! runs: the channel is given a function that finds them.

use std::sync::Arc;

/// Something the bot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// The answer to `/start`.
    Greeting,
    /// The answer to `/help`.
    Help,
    /// The button under an answer, and what its press says: it must be words by which the
    /// assistant's rules know that a person is asked for.
    CallOperator,
    /// The button that shares the customer's phone number.
    SharePhone,
    /// A file is larger than a bot can fetch.
    FileTooLarge,
    /// A file could not be fetched.
    FileLost,
    /// What the menu says of `/start`.
    MenuStart,
    /// What the menu says of `/help`.
    MenuHelp,
    /// What the menu says of `/operator`.
    MenuOperator,
}

/// Gives a phrase in a language: `ru`, `kk`, `en`, any other tag that Telegram knows of a customer
/// (`en-GB`), or none; what can't be told is said in the installation's own language.
pub type Wording = Arc<dyn Fn(Phrase, Option<&str>) -> String + Send + Sync>;

/// The languages that the bot's menu is set in.
pub(super) const LANGUAGES: [&str; 3] = ["ru", "kk", "en"];
