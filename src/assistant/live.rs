//! What the assistant works from at this moment. It is replaced as a whole while the engine runs:
//! a turn that has begun ends with what it began with.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};

use super::article::Article;
use super::model::Briefing;
use super::prompts::Files;
use super::{
    Assistant, AssistantError, Builtin, Immediate, Language, Prompts, PromptsError, Texts, Turn,
    Verdict,
};

/// Prompts, texts, and the built-in assistant that works from them, all of one moment.
#[derive(Debug)]
pub struct Instructions {
    /// Categories, departments, rules and articles.
    pub prompts: Arc<Prompts>,
    /// Short texts to customers.
    pub texts: Arc<Texts>,
    /// The assistant that needs no model.
    pub builtin: Builtin,
    /// What a model is told.
    pub(super) briefing: Briefing,
    files: Arc<Files>,
    articles: Articles,
    /// The company's name.
    pub(super) company: Arc<str>,
    language: Language,
}

/// Articles that do not come from files, and the version of their set.
#[derive(Clone, Debug, Default)]
struct Articles {
    all: Arc<[Article]>,
    version: Option<String>,
}

impl Instructions {
    /// Those of the files in the binary, with the files of `dir` in their place, for the company of
    /// this name, and for customers whose language can't be told in this one.
    ///
    /// # Errors
    /// The file that can't be used, and why.
    pub fn load(
        dir: Option<&Path>,
        company: &str,
        language: Language,
    ) -> Result<Self, PromptsError> {
        Self::of(Arc::new(Prompts::files(dir)?), Articles::default(), company.into(), language)
    }

    /// The same with the files as they are now.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn with_files_of(&self, dir: Option<&Path>) -> Result<Self, PromptsError> {
        let files = Arc::new(Prompts::files(dir)?);
        Self::of(files, self.articles.clone(), self.company.clone(), self.language)
    }

    /// The same with these articles beside those of the files; `version` names their set.
    ///
    /// # Errors
    /// None but a defect of ours: an article that can't be used is left out, and the log tells.
    pub fn with_articles(
        &self,
        articles: Vec<Article>,
        version: Option<String>,
    ) -> Result<Self, PromptsError> {
        let articles = Articles { all: articles.into(), version };
        Self::of(self.files.clone(), articles, self.company.clone(), self.language)
    }

    /// Which set of articles is beside those of the files.
    #[must_use]
    pub fn articles_version(&self) -> Option<&str> {
        self.articles.version.as_deref()
    }

    fn of(
        files: Arc<Files>,
        articles: Articles,
        company: Arc<str>,
        language: Language,
    ) -> Result<Self, PromptsError> {
        let prompts = Arc::new(Prompts::of(&files, &articles.all)?);
        let texts = Arc::new(Texts::new(&prompts, &company, language)?);
        let builtin = Builtin::new(prompts.clone(), texts.clone(), language);
        let briefing = Briefing::new(&prompts, &company)?;
        Ok(Self { prompts, texts, builtin, briefing, files, articles, company, language })
    }
}

/// The instructions that are in force. Cheap to clone; all clones are the same.
///
/// As an assistant it is the built-in one, by the instructions that are in force when a turn begins.
#[derive(Clone, Debug)]
pub struct Live {
    now: Arc<RwLock<Arc<Instructions>>>,
    change: Arc<Mutex<()>>,
}

impl Live {
    /// These instructions are in force.
    #[must_use]
    pub fn new(instructions: Arc<Instructions>) -> Self {
        Self { now: Arc::new(RwLock::new(instructions)), change: Arc::default() }
    }

    /// The instructions that are in force now.
    #[must_use]
    pub fn now(&self) -> Arc<Instructions> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Held by who makes new ones of those in force, so that nobody else does meanwhile.
    pub async fn alone(&self) -> MutexGuard<'_, ()> {
        self.change.lock().await
    }

    /// From now on these are in force.
    pub fn replace(&self, instructions: Instructions) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(instructions);
    }
}

impl Immediate for Live {
    fn decide(&self, turn: &Turn) -> Verdict {
        self.now().builtin.decide(turn)
    }
}

#[async_trait]
impl Assistant for Live {
    fn name(&self) -> &'static str {
        "builtin"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        Ok(self.decide(turn))
    }

    fn as_immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::assistant::article::Source;

    fn article(body: &str) -> Article {
        Article {
            id: "balance".to_owned(),
            language: Language::En,
            category: "billing".to_owned(),
            title: "Balance".to_owned(),
            questions: vec!["what is my balance".to_owned()],
            body: body.to_owned(),
            links: Vec::new(),
            source: Source::Api,
        }
    }

    fn reply(live: &Live) -> String {
        let message = "what is my balance".to_owned();
        live.decide(&Turn { message, ..Turn::default() }).reply
    }

    #[test]
    fn an_article_takes_the_place_of_a_files_until_it_goes() {
        let live = Live::new(Arc::new(Instructions::load(None, "X", Language::En).unwrap()));
        let from_file = reply(&live);
        live.replace(live.now().with_articles(vec![article("Ask the oracle.")], None).unwrap());
        assert_eq!(reply(&live), "Ask the oracle.");
        live.replace(live.now().with_articles(Vec::new(), None).unwrap());
        assert_eq!(reply(&live), from_file);
    }

    #[test]
    fn an_article_that_no_category_here_fits_is_left_out() {
        let instructions = Instructions::load(None, "X", Language::En).unwrap();
        let strange = Article { category: "pets".to_owned(), ..article("Woof.") };
        let with = instructions.with_articles(vec![strange], None).unwrap();
        let balance = |article: &&Article| article.key() == ("balance", Language::En);
        let found = with.prompts.articles().find(balance).unwrap();
        assert!(matches!(found.source, Source::File(_)), "{found:?}");
    }
}
