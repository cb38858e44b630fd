//! How good the assistant is: labelled messages, what it makes of them, and the counts.
//! For `centrium eval` and `centrium train`.

pub mod case;
pub mod folds;
pub mod report;
pub mod score;

pub use case::{Case, CaseError};
pub use score::Scores;

use crate::assistant::classifier::{Classifier, Example};
use crate::assistant::{Assistant, AssistantError, Builtin, Speaker, Turn, Verdict, detect};

/// A case, and what the assistant made of it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The case.
    pub case: &'a Case,
    /// What was decided.
    pub verdict: Verdict,
}

/// Asks the assistant about a case.
///
/// # Errors
/// When the assistant has no answer.
pub async fn judge<'a>(
    assistant: &dyn Assistant,
    case: &'a Case,
) -> Result<Judged<'a>, AssistantError> {
    let turn = turn(assistant, case).await?;
    let verdict = assistant.answer(&turn).await?;
    Ok(Judged { case, verdict })
}

/// The cases as the built-in assistant's classifier learns from them, whatever it has learnt
/// before.
///
/// # Errors
/// When the assistant has no answer.
pub async fn examples(builtin: &Builtin, cases: &[Case]) -> Result<Vec<Example>, AssistantError> {
    let unlearned = builtin.with_classifier(Classifier::default());
    let mut examples = Vec::new();
    for case in cases {
        let turn = turn(&unlearned, case).await?;
        examples.push(unlearned.example(&turn, case.escalate, case.category.clone()));
    }
    Ok(examples)
}

/// The turn as the engine would put it: it remembers the customer's language, and the category
/// that the conversation's first message was given.
async fn turn(assistant: &dyn Assistant, case: &Case) -> Result<Turn, AssistantError> {
    let mut turn = Turn::default();
    for said in case.history.iter().filter(|said| said.by == Speaker::Customer) {
        if turn.category.is_none() {
            turn.message.clone_from(&said.text);
            turn.category = Some(assistant.answer(&turn).await?.category);
        }
        turn.language = detect(&said.text).or(turn.language);
    }
    turn.message.clone_from(&case.text);
    turn.history.clone_from(&case.history);
    Ok(turn)
}
