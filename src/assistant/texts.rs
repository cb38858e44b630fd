//! The engine's own sentences to customers.

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource};

use super::language::Language;
use super::prompts::{Prompts, PromptsError, Text};

/// Texts that every language must have.
const NEEDED: &[&str] = &[
    "received",
    "noted",
    "operator-called",
    "failure",
    "greeting",
    "hello",
    "ask-back",
    "thanks-reply",
    "image-received",
    "unknown-topic",
    "spam",
    "too-many",
    "escalated",
    "first-aid",
    "tried",
    "and",
    "another-way",
    "bot-help",
    "call-operator",
    "share-phone",
    "file-too-large",
    "file-lost",
    "menu-start",
    "menu-help",
    "menu-operator",
];

/// The engine's own sentences, in every language, with the company's name in them.
pub struct Texts {
    bundles: Vec<(Language, FluentBundle<FluentResource>)>,
    company: String,
    default: Language,
    /// What is said when nothing could be advised, to tell it from advice in a history.
    no_advice: Vec<String>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("company", &self.company).finish_non_exhaustive()
    }
}

impl Texts {
    /// The texts of `prompts`, for the company of this name.
    ///
    /// # Errors
    /// The file that can't be used, and why: a syntax error or a text that is missing.
    pub fn new(prompts: &Prompts, company: &str, default: Language) -> Result<Self, PromptsError> {
        let mut faults = Vec::new();
        let texts = Self::parse(prompts, company, default, &mut faults);
        faults.into_iter().next().map_or(Ok(texts), Err)
    }

    /// The same as far as it can be understood, and all that is wrong with it.
    pub(super) fn parse(
        prompts: &Prompts,
        company: &str,
        default: Language,
        faults: &mut Vec<PromptsError>,
    ) -> Self {
        let mut bundles = Vec::new();
        for (language, file, source) in &prompts.texts {
            let text = Text::new(file, source);
            let bundle = bundle(*language, text, faults);
            let talks = prompts.talks.iter().map(|id| format!("talk-{id}"));
            let tried = prompts.tried.iter().map(|id| format!("tried-{id}"));
            for key in NEEDED.iter().map(|key| (*key).to_owned()).chain(talks).chain(tried) {
                if !bundle.has_message(&key) {
                    faults.push(text.fault(None, format!("the text `{key}` is missing")));
                }
            }
            check_values(&bundle, text, faults);
            bundles.push((*language, bundle));
        }
        let mut texts =
            Self { bundles, company: company.to_owned(), default, no_advice: Vec::new() };
        texts.no_advice = texts.without_advice(prompts);
        texts
    }

    fn without_advice(&self, prompts: &Prompts) -> Vec<String> {
        let keys = [
            "received",
            "noted",
            "greeting",
            "ask-back",
            "image-received",
            "unknown-topic",
            "thanks-reply",
            "spam",
            "failure",
            "too-many",
        ];
        let talks = prompts.talks.iter().map(|id| format!("talk-{id}"));
        let asks = prompts.categories().map(|name| format!("ask-back-{name}"));
        let keys: Vec<String> =
            keys.map(str::to_owned).into_iter().chain(talks).chain(asks).collect();
        let say = |(language, _): &(Language, _)| {
            keys.iter().filter_map(|key| self.find(*language, key, &[])).collect::<Vec<_>>()
        };
        self.bundles.iter().flat_map(say).collect()
    }

    /// The customer's language, or the installation's where it isn't known.
    #[must_use]
    pub fn language_or_default(&self, language: Option<Language>) -> Language {
        language.unwrap_or(self.default)
    }

    /// The message arrived, and no more: said to whom nobody will answer.
    #[must_use]
    pub fn noted(&self, language: Language) -> String {
        self.say(language, "noted")
    }

    /// The message arrived; said where an operator has joined and nothing is answered.
    #[must_use]
    pub fn received(&self, language: Language) -> String {
        self.say(language, "received")
    }

    /// That an operator was called; added to the reply of an escalated turn.
    #[must_use]
    pub fn operator_called(&self, language: Language) -> String {
        self.say(language, "operator-called")
    }

    /// The canned reply when the assistant failed.
    #[must_use]
    pub fn failure(&self, language: Language) -> String {
        self.say(language, "failure")
    }

    /// The greeting of a new conversation.
    #[must_use]
    pub fn greeting(&self, language: Language) -> String {
        self.say(language, "greeting")
    }

    /// The answer to a thanks, where one is wanted.
    #[must_use]
    pub fn thanks_reply(&self, language: Language) -> String {
        self.say(language, "thanks-reply")
    }

    /// The question what a vague message is about.
    #[must_use]
    pub fn ask_back(&self, language: Language) -> String {
        self.say(language, "ask-back")
    }

    /// The answer to an image without words.
    #[must_use]
    pub fn image_received(&self, language: Language) -> String {
        self.say(language, "image-received")
    }

    /// The answer where no article fits.
    #[must_use]
    pub fn unknown_topic(&self, language: Language) -> String {
        self.say(language, "unknown-topic")
    }

    /// The answer to advertising.
    #[must_use]
    pub fn spam(&self, language: Language) -> String {
        self.say(language, "spam")
    }

    /// The one notice when a conversation has had too many automatic answers.
    #[must_use]
    pub fn too_many(&self, language: Language) -> String {
        self.say(language, "too-many")
    }

    /// The same in every language, to find it again.
    #[must_use]
    pub fn all_too_many(&self) -> Vec<String> {
        Language::ALL.map(|language| self.too_many(language)).into()
    }

    /// Whether a text is one of those that advise nothing, such as a greeting.
    pub(super) fn is_no_advice(&self, text: &str) -> bool {
        self.no_advice.iter().any(|own| text.trim() == own)
    }

    /// A text that every language has.
    pub(crate) fn say(&self, language: Language, key: &str) -> String {
        self.find(language, key, &[]).unwrap_or_default()
    }

    /// A text with values in it, if the language has it.
    pub(super) fn find(
        &self,
        language: Language,
        key: &str,
        values: &[(&str, &str)],
    ) -> Option<String> {
        let (_, bundle) = self.bundles.iter().find(|(of, _)| *of == language)?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut args = FluentArgs::new();
        args.set("company", self.company.as_str());
        for (name, value) in values {
            args.set(*name, *value);
        }
        let mut errors = Vec::new();
        Some(bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned())
    }
}

fn bundle(
    language: Language,
    text: Text<'_>,
    faults: &mut Vec<PromptsError>,
) -> FluentBundle<FluentResource> {
    let resource =
        FluentResource::try_new(text.part.to_owned()).unwrap_or_else(|(rest, errors)| {
            faults.extend(errors.iter().map(|error| {
                text.fault(Some(error.pos.start), format!("the syntax is wrong: {error}"))
            }));
            rest
        });
    let locales = language.as_str().parse().into_iter().collect();
    let mut bundle = FluentBundle::new_concurrent(locales);
    // Marks of direction around the company's name would be seen in a terminal or an SMS.
    bundle.set_use_isolating(false);
    for error in bundle.add_resource(resource).err().into_iter().flatten() {
        let FluentError::Overriding { id, .. } = &error else { continue };
        let mut places = keys(text.part).filter(|(_, key)| *key == id.as_str());
        let second = places.nth(1).map(|(at, _)| at);
        faults.push(text.fault(second, format!("the text `{id}` is there twice")));
    }
    bundle
}

/// Names that stand in a text in place of values must be those that we have.
fn check_values(
    bundle: &FluentBundle<FluentResource>,
    text: Text<'_>,
    faults: &mut Vec<PromptsError>,
) {
    let mut values = FluentArgs::new();
    values.set("company", "Centrium");
    values.set("steps", "it");
    for (at, key) in keys(text.part) {
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            continue;
        };
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, Some(&values), &mut errors);
        if let Some(error) = errors.first() {
            faults.push(text.fault(Some(at), format!("the text `{key}` can't be said: {error}")));
        }
    }
}

/// The keys of a Fluent source, each with its place.
fn keys(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut at = 0;
    source.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let key = line.split_once('=')?.0.trim_end();
        (!key.is_empty() && key.chars().all(is_key)).then_some((start, key))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    fn texts(company: &str) -> Texts {
        Texts::new(&Prompts::embedded().unwrap(), company, Language::Ru).unwrap()
    }

    #[test]
    fn every_language_has_every_text_and_the_company_is_named() {
        let texts = texts("Ромашка");
        for language in Language::ALL {
            for key in NEEDED {
                let text = texts.say(language, key);
                assert!(!text.trim().is_empty(), "{key} in {language}");
                assert!(*key == "tried" || !text.contains('{'), "{key} in {language}: {text}");
            }
            assert!(texts.greeting(language).contains("Ромашка"));
        }
    }

    #[test]
    fn a_language_that_is_not_known_is_the_default_one() {
        let texts = texts("X");
        assert_eq!(texts.language_or_default(None), Language::Ru);
        assert_eq!(texts.language_or_default(Some(Language::Kk)), Language::Kk);
    }

    #[test]
    fn a_missing_text_is_named_with_its_file() {
        let mut prompts = Prompts::embedded().unwrap();
        prompts.texts[0].2 = "received = Да\n".to_owned();
        let error = Texts::new(&prompts, "X", Language::Ru).unwrap_err();
        assert_eq!(error.file, "texts/ru.ftl");
        assert!(error.sentence.contains("noted"), "{error}");
    }

    #[test]
    fn texts_are_shared_between_threads() {
        const fn shared<T: Send + Sync>() {}
        shared::<Texts>();
        shared::<Prompts>();
    }
}
