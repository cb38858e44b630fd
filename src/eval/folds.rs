//! Cross-validation: each part of the cases is judged by what was learnt from the others.

use super::{Case, Judged, examples, judge};
use crate::assistant::classifier::{Example, train};
use crate::assistant::{AssistantError, Builtin};

/// Judges the cases in `parts` parts; `done` is told of each case. The verdicts come in another
/// order than the cases.
///
/// # Errors
/// When the assistant has no answer.
pub async fn judge_in_parts<'a>(
    builtin: &Builtin,
    categories: &[String],
    cases: &'a [Case],
    parts: usize,
    done: impl Fn(),
) -> Result<Vec<Judged<'a>>, AssistantError> {
    let examples = examples(builtin, cases).await?;
    let mut judged = Vec::new();
    for part in 0..parts {
        let rest: Vec<Example> = (examples.iter().enumerate())
            .filter(|(at, _)| at % parts != part)
            .map(|(_, example)| example.clone())
            .collect();
        let taught = builtin.with_classifier(train(&rest, categories));
        for case in cases.iter().skip(part).step_by(parts) {
            judged.push(judge(&taught, case).await?);
            done();
        }
    }
    Ok(judged)
}
