//! What a model is told: `reply.md`, which includes `triage.md`.

use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use serde::Deserialize;

use super::{Category, PromptsError};

/// The instructions.
pub(in crate::assistant) const REPLY: &str = "reply.md";
/// The policy of escalation, a part of them.
pub(in crate::assistant) const TRIAGE: &str = "triage.md";

/// The instructions of a model, and how it is to be asked.
#[derive(Clone, Debug, Default)]
pub(in crate::assistant) struct Instructions {
    pub(in crate::assistant) front: Front,
    reply: String,
    triage: String,
}

/// The front matter of `reply.md`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::assistant) struct Front {
    pub(in crate::assistant) model: String,
    pub(in crate::assistant) temperature: Option<f32>,
    pub(in crate::assistant) max_tokens: Option<u32>,
    #[serde(default)]
    pub(in crate::assistant) output: Output,
    #[serde(default)]
    pub(in crate::assistant) images: bool,
    pub(in crate::assistant) history: usize,
    pub(in crate::assistant) articles: usize,
}

/// How the form of an answer is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::assistant) enum Output {
    /// By a JSON schema.
    #[default]
    Schema,
    /// As any JSON object.
    Json,
    /// By words alone.
    Text,
}

impl Instructions {
    pub(super) fn parse(reply: &str, triage: &str) -> Result<Self, PromptsError> {
        let (front, reply) = super::formats::split_front(REPLY, reply)?;
        let front: Front = super::formats::toml(REPLY, front)?;
        if !front.temperature.is_none_or(|t| (0.0..=2.0).contains(&t)) {
            return Err(PromptsError::new(REPLY, "the temperature must be from 0 to 2"));
        }
        let (reply, triage) = (reply.trim().to_owned(), triage.trim().to_owned());
        let instructions = Self { front, reply, triage };
        // A template that can't be rendered is better found now than at the first message.
        instructions.render("Company", &[], &[])?;
        Ok(instructions)
    }

    /// The text of the instructions.
    ///
    /// # Errors
    /// What is wrong with the template, with the line.
    pub(in crate::assistant) fn render(
        &self,
        company: &str,
        categories: &[Category],
        departments: &[String],
    ) -> Result<String, PromptsError> {
        let mut templates = Environment::new();
        // A name that nobody set is a mistake in the file.
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in [(REPLY, &self.reply), (TRIAGE, &self.triage)] {
            templates.add_template(name, text).map_err(|e| broken(&e))?;
        }
        let categories: Value = categories
            .iter()
            .map(|category| {
                let (name, department) = (category.name.as_str(), category.department.as_str());
                context! { name => name, department => department }
            })
            .collect();
        let departments: Value = departments.iter().map(String::as_str).collect();
        let context = context! { company, categories, departments };
        let template = templates.get_template(REPLY).map_err(|e| broken(&e))?;
        template.render(context).map_err(|e| broken(&e))
    }
}

fn broken(error: &minijinja::Error) -> PromptsError {
    let file = error.name().unwrap_or(REPLY);
    let line = error.line().map(|line| format!("line {line} of the template: "));
    let kind = match error.kind() {
        ErrorKind::TemplateNotFound => "there is no such template".to_owned(),
        kind => kind.to_string(),
    };
    let detail = error.detail().map(|detail| format!(": {detail}"));
    let sentence = format!("{}{kind}{}", line.unwrap_or_default(), detail.unwrap_or_default());
    PromptsError::new(file, sentence)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    const FRONT: &str = "+++\nmodel = \"m\"\nhistory = 100\narticles = 1\n+++\n";

    #[test]
    fn a_template_is_given_the_company_and_the_categories() {
        let text = "{{ company }}: {% include \"triage.md\" %}";
        let instructions =
            Instructions::parse(&format!("{FRONT}{text}"), "{{ departments | join(\"/\") }}");
        let departments = ["a".to_owned(), "b".to_owned()];
        let rendered = instructions.unwrap().render("Ромашка", &[], &departments).unwrap();
        assert_eq!(rendered, "Ромашка: a/b");
    }

    #[test]
    fn what_is_wrong_is_said_at_the_start() {
        for (reply, sentence) in [
            ("no front matter", "two `+++` lines"),
            ("+++\nmodel = 1\n+++\n", "invalid type"),
            (&format!("{FRONT}{{{{ unknown }}}}"), "undefined"),
            (&format!("{FRONT}one\n{{% if %}}"), "line 2"),
            (&FRONT.replace("articles", "temperature = 3\narticles"), "from 0 to 2"),
        ] {
            let error = Instructions::parse(reply, "").unwrap_err();
            assert_eq!(error.file, REPLY);
            assert!(error.sentence.contains(sentence), "{error}");
        }
    }
}
