//! Articles for the first line, and the search among them.

use rustc_hash::FxHashMap;

use super::article::Article;
use super::language::Language;
use super::words::{Word, read, written};

/// How much a word in a question, the title and the answer counts.
const IN_QUESTION: f32 = 3.0;
const IN_TITLE: f32 = 2.0;
const IN_BODY: f32 = 0.3;
/// How soon a repeated word stops counting more.
const SATURATION: f32 = 2.0;
/// What a message that says all of a question's words gains.
const WHOLE_QUESTION: f32 = 4.0;
/// How rare the words said must be together for that, so that "does not work" is no question.
const TELLING: f32 = 1.6;
/// What is left of the score of an article of another category.
const OTHER_CATEGORY: f32 = 0.6;

/// An article and how well it fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'a> {
    pub(super) article: &'a Article,
    pub(super) score: f32,
}

/// All articles, indexed by language.
#[derive(Debug)]
pub(super) struct Knowledge {
    shelves: Vec<Shelf>,
}

impl Knowledge {
    pub(super) fn new(articles: Vec<Article>) -> Self {
        let mut by_language: FxHashMap<Language, Vec<Article>> = FxHashMap::default();
        for article in articles {
            by_language.entry(article.language).or_default().push(article);
        }
        let shelf =
            |language| Shelf::new(language, by_language.remove(&language).unwrap_or_default());
        Self { shelves: Language::ALL.map(shelf).into() }
    }

    pub(super) fn articles(&self) -> impl Iterator<Item = &Article> {
        self.shelves.iter().flat_map(|shelf| &shelf.articles)
    }

    /// Whether an article uses this word.
    pub(super) fn knows(&self, word: &Word) -> bool {
        self.shelves.iter().any(|shelf| shelf.term(word).is_some())
    }

    /// The articles that fit a message of a category, best first.
    pub(super) fn search(
        &self,
        words: &[Word],
        language: Language,
        category: Option<&str>,
    ) -> Vec<Hit<'_>> {
        let shelf = self.shelves.iter().find(|shelf| shelf.language == language);
        shelf.map(|shelf| shelf.search(words, category)).unwrap_or_default()
    }
}

/// The articles of one language.
#[derive(Debug)]
struct Shelf {
    language: Language,
    articles: Vec<Article>,
    terms: FxHashMap<Box<str>, usize>,
    /// By term: how rare it is.
    rarity: Vec<f32>,
    /// By term: the articles with it, and its weight there.
    postings: Vec<Vec<(usize, f32)>>,
    questions: Vec<Question>,
}

/// A question that an article answers.
#[derive(Debug)]
struct Question {
    article: usize,
    terms: Vec<usize>,
    /// How rare all its terms are together.
    rarity: f32,
}

impl Shelf {
    fn new(language: Language, articles: Vec<Article>) -> Self {
        let mut shelf = Self {
            language,
            articles: Vec::new(),
            terms: FxHashMap::default(),
            rarity: Vec::new(),
            postings: Vec::new(),
            questions: Vec::new(),
        };
        for (at, article) in articles.iter().enumerate() {
            for question in &article.questions {
                let terms = shelf.add(at, question, IN_QUESTION);
                shelf.questions.push(Question { article: at, terms, rarity: 0.0 });
            }
            shelf.add(at, &article.title, IN_TITLE);
            shelf.add(at, &article.body, IN_BODY);
        }
        shelf.articles = articles;
        shelf.weigh();
        shelf
    }

    /// Counts the words of a text for an article; its terms, each once.
    fn add(&mut self, article: usize, text: &str, weight: f32) -> Vec<usize> {
        let mut terms = Vec::new();
        for word in read(written(text), Some(self.language)) {
            let Some(stem) = word.stems.get(self.language).or(word.stems.get(Language::En)) else {
                continue;
            };
            // One letter is the rest of an abbreviation, or `и`, `a`, `I`: it tells nothing.
            if stem.len() < 2 {
                continue;
            }
            let term = *self.terms.entry(stem.into()).or_insert(self.postings.len());
            if term == self.postings.len() {
                self.postings.push(Vec::new());
            }
            let Some(posting) = self.postings.get_mut(term) else { continue };
            match posting.last_mut() {
                Some((last, sum)) if *last == article => *sum += weight,
                _ => posting.push((article, weight)),
            }
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
        terms
    }

    /// Turns counts into weights: a word that many articles ask about tells little.
    #[expect(clippy::cast_precision_loss, reason = "a few dozen articles")]
    fn weigh(&mut self) {
        let articles = self.articles.len() as f32;
        for posting in &mut self.postings {
            let asked = posting.iter().filter(|(_, sum)| *sum >= IN_TITLE).count().max(1) as f32;
            self.rarity.push((articles / asked).ln().max(0.0));
            for (_, sum) in posting {
                *sum = *sum * (SATURATION + 1.0) / (*sum + SATURATION);
            }
        }
        let rarity = &self.rarity;
        for question in &mut self.questions {
            question.rarity = question.terms.iter().map(|term| telling(rarity, *term)).sum();
        }
    }

    fn term(&self, word: &Word) -> Option<usize> {
        let stem = |language| word.stems.get(language);
        let known = |language| stem(language).and_then(|stem| self.terms.get(stem));
        known(self.language).or_else(|| known(Language::En)).copied()
    }

    fn search(&self, words: &[Word], category: Option<&str>) -> Vec<Hit<'_>> {
        let mut terms: Vec<usize> = words.iter().filter_map(|word| self.term(word)).collect();
        terms.sort_unstable();
        terms.dedup();

        let mut scores = vec![0.0_f32; self.articles.len()];
        for &term in &terms {
            let rarity = self.rarity.get(term).copied().unwrap_or_default();
            for (article, weight) in self.postings.get(term).into_iter().flatten() {
                if let Some(score) = scores.get_mut(*article) {
                    *score += rarity * weight;
                }
            }
        }
        for (score, coverage) in scores.iter_mut().zip(self.coverages(&terms)) {
            *score += WHOLE_QUESTION * coverage;
        }
        let mut hits: Vec<Hit<'_>> = (self.articles.iter().zip(scores))
            .map(|(article, score)| {
                let fits = category.is_none_or(|category| category == article.category);
                Hit { article, score: if fits { score } else { score * OTHER_CATEGORY } }
            })
            .filter(|hit| hit.score > 0.0)
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits
    }

    /// By article: how much of its best-matched question the terms, in order, say, from 0 to 1.
    fn coverages(&self, terms: &[usize]) -> Vec<f32> {
        let mut best = vec![0.0_f32; self.articles.len()];
        for question in &self.questions {
            let said = question.terms.iter().filter(|term| terms.binary_search(term).is_ok());
            let said: f32 = said.map(|term| telling(&self.rarity, *term)).sum();
            if let Some(best) = best.get_mut(question.article) {
                *best = best.max(said / question.rarity.max(0.1) * (said / TELLING).min(1.0));
            }
        }
        best
    }
}

/// How much it tells that a question has this term.
fn telling(rarity: &[f32], term: usize) -> f32 {
    rarity.get(term).copied().unwrap_or_default() + 0.1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::assistant::article::Source;

    fn article(id: &str, category: &str, question: &str) -> Article {
        Article {
            id: id.to_owned(),
            language: Language::En,
            category: category.to_owned(),
            title: String::new(),
            questions: vec![question.to_owned()],
            body: "Please check it.".to_owned(),
            links: Vec::new(),
            source: Source::Api,
        }
    }

    fn best(text: &str, category: Option<&str>) -> String {
        let knowledge = Knowledge::new(vec![
            article("password", "internet", "change my password"),
            article("payment", "billing", "how do I pay the bill"),
            article("channels", "tv", "channels are missing"),
        ]);
        let hits =
            knowledge.search(&read(written(text), Some(Language::En)), Language::En, category);
        hits.first().map(|hit| hit.article.id.clone()).unwrap_or_default()
    }

    #[test]
    fn the_article_with_the_rare_words_is_found() {
        assert_eq!(best("forgotten passwords", None), "password");
        assert_eq!(best("paying bills", None), "payment");
        assert_eq!(best("zzz", None), "");
    }

    #[test]
    fn the_category_decides_between_equals() {
        assert_eq!(best("pay channels", Some("tv")), "channels");
        assert_eq!(best("pay channels", Some("billing")), "payment");
    }
}
