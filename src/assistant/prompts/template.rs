//! The template of what a model is told: `reply.md`, which includes `triage.md`.

use minijinja::value::Value;
use minijinja::{Environment, ErrorKind, UndefinedBehavior, context};
use serde::Deserialize;

use super::error::Text;
use super::{Category, PromptsError, document, formats};

/// The instructions.
pub(in crate::assistant) const REPLY: &str = "reply.md";
/// The policy of escalation, a part of them.
pub(in crate::assistant) const TRIAGE: &str = "triage.md";

/// The template of a model's instructions, and how it is to be asked.
#[derive(Clone, Debug, Default)]
pub(in crate::assistant) struct Template {
    pub(in crate::assistant) front: Front,
    reply: String,
    triage: String,
    /// In which line of `reply.md` the template begins.
    first_line: usize,
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
    /// What a million tokens cost, of questions and of answers.
    #[serde(default)]
    pub(in crate::assistant) price: Option<Price>,
}

/// What a million tokens cost, in whatever money.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::assistant) struct Price {
    question: f64,
    answer: f64,
}

impl Price {
    /// What these tokens cost.
    pub(in crate::assistant) fn of(self, question: u64, answer: u64) -> f64 {
        // Exact up to 2^53 tokens.
        #[expect(clippy::cast_precision_loss, reason = "nobody spends so many in a turn")]
        let cost = self.question * question as f64 + self.answer * answer as f64;
        cost / 1_000_000.0
    }
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

impl Output {
    /// The next one for endpoints that do not know this one.
    pub(in crate::assistant) const fn simpler(self) -> Self {
        match self {
            Self::Schema => Self::Json,
            Self::Json | Self::Text => Self::Text,
        }
    }
}

impl Template {
    pub(super) fn parse(reply: Text<'_>, triage: Text<'_>, faults: &mut Vec<PromptsError>) -> Self {
        let Some((front, body)) = formats::halves(reply, faults) else { return Self::default() };
        let front: Front = document::read(&front, faults).unwrap_or_default();
        if !front.temperature.is_none_or(|t| (0.0..=2.0).contains(&t)) {
            faults.push(reply.fault(None, "the temperature must be from 0 to 2"));
        }
        if !front.price.is_none_or(|price| price.question >= 0.0 && price.answer >= 0.0) {
            faults.push(reply.fault(None, "a price can't be below 0"));
        }
        let (reply, triage) = (body.part.to_owned(), triage.part.to_owned());
        let first_line = body.fault(Some(0), "").line.unwrap_or(1);
        Self { front, reply, triage, first_line }
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
            templates.add_template(name, text).map_err(|e| self.broken(&e))?;
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
        let template = templates.get_template(REPLY).map_err(|e| self.broken(&e))?;
        let text = template.render(context).map_err(|e| self.broken(&e))?;
        Ok(text.trim().to_owned())
    }

    fn broken(&self, error: &minijinja::Error) -> PromptsError {
        let file = error.name().unwrap_or(REPLY);
        let before = if file == REPLY { self.first_line - 1 } else { 0 };
        let kind = match error.kind() {
            ErrorKind::TemplateNotFound => "there is no such template".to_owned(),
            kind => kind.to_string(),
        };
        let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let line = error.line().map(|line| before + line);
        PromptsError { line, ..PromptsError::new(file, format!("{kind}{detail}")) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    const FRONT: &str = "+++\nmodel = \"m\"\nhistory = 100\narticles = 1\n+++\n";

    fn parse(reply: &str, triage: &str) -> Result<Template, PromptsError> {
        let mut faults = Vec::new();
        let (reply, triage) = (Text::new(REPLY, reply), Text::new(TRIAGE, triage));
        let template = Template::parse(reply, triage, &mut faults);
        faults.extend(template.render("Company", &[], &[]).err());
        faults.into_iter().next().map_or(Ok(template), Err)
    }

    #[test]
    fn a_template_is_given_the_company_and_the_categories() {
        let text = "{{ company }}: {% include \"triage.md\" %}";
        let template = parse(&format!("{FRONT}{text}"), "{{ departments | join(\"/\") }}");
        let departments = ["a".to_owned(), "b".to_owned()];
        let rendered = template.unwrap().render("Ромашка", &[], &departments).unwrap();
        assert_eq!(rendered, "Ромашка: a/b");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (reply, line, sentence) in [
            ("no front matter", Some(1), "two `+++` lines"),
            ("+++\nmodel = 1\n+++\n", Some(2), "invalid type"),
            (&format!("{FRONT}{{{{ unknown }}}}"), Some(6), "undefined"),
            (&format!("{FRONT}one\n{{% if %}}"), Some(7), "syntax error"),
            (&FRONT.replace("articles", "temperature = 3\narticles"), None, "from 0 to 2"),
        ] {
            let error = parse(reply, "").unwrap_err();
            assert_eq!((error.file.as_str(), error.line), (REPLY, line), "{error}");
            assert!(error.sentence.contains(sentence), "{error}");
        }
    }
}
