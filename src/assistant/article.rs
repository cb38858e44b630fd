//! What the company knows about one matter, in one language.

use url::Url;

use super::language::Language;

/// Characters of an id, a title, a question and an answer at most.
const LONGEST_ID: usize = 80;
const LONGEST_TITLE: usize = 200;
const LONGEST_QUESTION: usize = 300;
const LONGEST_BODY: usize = 20_000;
/// Questions and links of an article at most.
const MOST_QUESTIONS: usize = 50;
const MOST_LINKS: usize = 20;

/// One answer in one language. Id and language together name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// The matter, such as `how-to-pay`.
    pub id: String,
    /// The language it is written in.
    pub language: Language,
    /// One of the categories in `prompts/`.
    pub category: String,
    /// What it is about, for people.
    pub title: String,
    /// How customers ask for it.
    pub questions: Vec<String>,
    /// The answer.
    pub body: String,
    /// Hosts that a reply made of it may link to.
    pub links: Vec<String>,
    /// Where it comes from.
    pub source: Source,
}

/// Where an article comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This file of the prompts.
    File(String),
    /// `POST /api/knowledge`.
    Api,
}

/// A field of an article, and what is wrong with it.
pub type Fault = (&'static str, String);

impl Article {
    /// What names it.
    #[must_use]
    pub fn key(&self) -> (&str, Language) {
        (&self.id, self.language)
    }

    /// All that is wrong with it.
    pub fn faults(&self, is_category: impl Fn(&str) -> bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut must = |field, holds: bool, sentence: String| {
            if !holds {
                faults.push((field, sentence));
            }
        };
        must("id", is_id(&self.id), format!("an id is 1 to {LONGEST_ID} of a-z, 0-9 and hyphens"));
        let category = &self.category;
        must("category", is_category(category), format!("there is no category `{category}`"));
        let title = format!("a title has 1 to {LONGEST_TITLE} characters");
        must("title", is_said(&self.title, LONGEST_TITLE), title);
        let questions = format!("there are 1 to {MOST_QUESTIONS} questions");
        must("questions", (1..=MOST_QUESTIONS).contains(&self.questions.len()), questions);
        let question = format!("a question has 1 to {LONGEST_QUESTION} characters");
        must("questions", self.questions.iter().all(|q| is_said(q, LONGEST_QUESTION)), question);
        must("body", !self.body.trim().is_empty(), "the answer is empty".to_owned());
        let body = format!("the answer is longer than {LONGEST_BODY} characters");
        must("body", self.body.chars().count() <= LONGEST_BODY, body);
        let links = format!("there are at most {MOST_LINKS} links");
        must("links", self.links.len() <= MOST_LINKS, links);
        for link in self.links.iter().filter(|link| !is_host(link)) {
            must("links", false, format!("`{link}` is no host such as pay.example.com"));
        }
        faults
    }
}

/// Whether this may be an article's id.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(is_plain)
}

fn is_said(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest
}

/// A name in the form in which addresses of links hold it: without scheme, port and path.
fn is_host(text: &str) -> bool {
    let url = Url::parse(&format!("https://{text}/"));
    text.contains('.') && url.is_ok_and(|url| url.host_str() == Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article() -> Article {
        Article {
            id: "how-to-pay".to_owned(),
            language: Language::En,
            category: "billing".to_owned(),
            title: "How to pay".to_owned(),
            questions: vec!["how do I pay".to_owned()],
            body: "By card.".to_owned(),
            links: vec!["pay.example.com".to_owned()],
            source: Source::Api,
        }
    }

    fn fault(article: &Article) -> Vec<&'static str> {
        let faults = article.faults(|category| category == "billing");
        faults.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn each_field_has_its_rule() {
        assert_eq!(fault(&article()), [""; 0]);
        for id in ["", "Pay", "how to pay", "оплата", "../x", &"x".repeat(81)] {
            assert_eq!(fault(&Article { id: id.to_owned(), ..article() }), ["id"], "{id}");
        }
        let title = " ".to_owned();
        assert_eq!(fault(&Article { title, ..article() }), ["title"]);
        assert_eq!(fault(&Article { questions: Vec::new(), ..article() }), ["questions"]);
        let questions = vec!["x".repeat(301)];
        assert_eq!(fault(&Article { questions, ..article() }), ["questions"]);
        let (category, body) = ("pets".to_owned(), "\n".to_owned());
        assert_eq!(fault(&Article { category, body, ..article() }), ["category", "body"]);
    }

    #[test]
    fn a_link_is_a_host_and_nothing_more() {
        for link in
            ["https://example.com", "example.com/pay", "example.com:80", "a@b.com", "", "x y.z"]
        {
            let links = vec![link.to_owned()];
            assert_eq!(fault(&Article { links, ..article() }), ["links"], "{link}");
        }
    }
}
