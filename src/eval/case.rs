//! Labelled messages, as they stand in `prompts/cases`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use centrium_channels::ChannelKind;
use serde::Deserialize;
use toml::Spanned;

use crate::assistant::{Language, Prompts, Said};
use crate::tickets::Priority;

/// A message, and what the assistant should make of it. What a case does not name isn't counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the customer wrote.
    pub text: String,
    /// The language to answer in.
    pub language: Language,
    /// One of the categories in `prompts/categories.toml`.
    pub category: Option<String>,
    /// Whether a human must come.
    pub escalate: bool,
    /// Where it was written.
    #[serde(default = "web")]
    pub channel: ChannelKind,
    /// One of the departments in `prompts/categories.toml`.
    pub department: Option<String>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// What was said before, oldest first.
    #[serde(default)]
    pub history: Vec<Said>,
    /// A few words on why it is labelled so.
    pub why: Option<String>,
    /// The file and the line it stands in, as `FILE:LINE`.
    #[serde(skip)]
    pub place: String,
}

impl Case {
    /// The name of its file.
    #[must_use]
    pub fn file(&self) -> &str {
        let path = self.place.rsplit_once(':').map_or(self.place.as_str(), |(path, _)| path);
        Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
    }
}

const fn web() -> ChannelKind {
    ChannelKind::Web
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    cases: Vec<Spanned<Case>>,
}

/// A folder or a file of cases can't be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{place}: {sentence}")]
pub struct CaseError {
    /// The folder, the file, or the file and the line, as `FILE:LINE`.
    pub place: String,
    /// What is wrong there.
    pub sentence: String,
}

impl CaseError {
    fn new(place: impl ToString, sentence: impl ToString) -> Self {
        Self { place: place.to_string(), sentence: sentence.to_string() }
    }

    fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::new(path.display(), format!("can't be read: {error}"))
    }
}

/// The cases of all `.toml` files in a folder, by the files' names; `prompts` tell the categories
/// and the departments that there are.
///
/// # Errors
/// The first place that is wrong. A folder without a case is an error too.
pub fn read(folder: &Path, prompts: &Prompts) -> Result<Vec<Case>, CaseError> {
    let mut cases = Vec::new();
    for file in files(folder).map_err(|e| CaseError::unreadable(folder, &e))? {
        cases.extend(read_file(&file, prompts)?);
    }
    if cases.is_empty() {
        return Err(CaseError::new(folder.display(), "there are no cases in this folder"));
    }
    Ok(cases)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The cases of one file.
///
/// # Errors
/// As [`read`].
pub fn read_file(file: &Path, prompts: &Prompts) -> Result<Vec<Case>, CaseError> {
    parse(file, prompts)?.into_iter().collect()
}

/// All that is wrong in the files of a folder of cases and of the folders in it, and how many files
/// there are. A folder that is not there has none.
#[must_use]
pub fn check(folder: &Path, prompts: &Prompts) -> (usize, Vec<CaseError>) {
    let mut checked = (0, Vec::new());
    for file in files(folder).into_iter().flatten() {
        checked.0 += 1;
        match parse(&file, prompts) {
            Ok(cases) => checked.1.extend(cases.into_iter().filter_map(Result::err)),
            Err(error) => checked.1.push(error),
        }
    }
    let inner = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut inner: Vec<_> = inner.filter(|path| path.is_dir()).collect();
    inner.sort();
    for folder in inner {
        let (files, faults) = check(&folder, prompts);
        checked.0 += files;
        checked.1.extend(faults);
    }
    checked
}

/// The cases of one file, each with its place, or what is wrong with it.
fn parse(file: &Path, prompts: &Prompts) -> Result<Vec<Result<Case, CaseError>>, CaseError> {
    let text = fs::read_to_string(file).map_err(|e| CaseError::unreadable(file, &e))?;
    let at = |start: usize| {
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        format!("{}:{line}", file.display())
    };
    let read: CaseFile = toml::from_str(&text).map_err(|error| {
        CaseError::new(at(error.span().map_or(0, |span| span.start)), error.message())
    })?;
    let placed = |case: Spanned<Case>| {
        let place = at(case.span().start);
        let case = case.into_inner();
        match fault(&case, prompts) {
            Some(sentence) => Err(CaseError { place, sentence }),
            None => Ok(Case { place, ..case }),
        }
    };
    Ok(read.cases.into_iter().map(placed).collect())
}

/// What is wrong with a case.
fn fault(case: &Case, prompts: &Prompts) -> Option<String> {
    if case.text.trim().is_empty() {
        return Some("the text is empty".to_owned());
    }
    let missing = |what: &str, name: &str| Some(format!("there is no {what} `{name}`"));
    match (&case.category, &case.department) {
        (Some(name), _) if !prompts.categories().any(|c| c == name) => missing("category", name),
        (_, Some(name)) if !prompts.departments().any(|d| d == name) => missing("department", name),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::assistant::Speaker;

    fn read_text(text: &str) -> Result<Vec<Case>, CaseError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ru.toml"), text).unwrap();
        fs::write(folder.path().join("notes.md"), "no cases").unwrap();
        read(folder.path(), &Prompts::embedded().unwrap())
    }

    #[test]
    fn a_case_is_read_with_all_that_it_names() {
        let cases = read_text(
            r#"cases = [
  { text = "нет сети", language = "ru", escalate = false },
  { text = "все равно нет", language = "ru", category = "internet", escalate = true, channel = "whatsapp", department = "technical", priority = "high", why = "did not help", history = [
    { by = "customer", text = "нет сети" },
    { by = "assistant", text = "Перезагрузите роутер." },
  ] },
]"#,
        )
        .unwrap();
        let [first, second] = &cases[..] else { panic!("{cases:?}") };
        assert!(first.place.ends_with("ru.toml:2"), "{}", first.place);
        assert_eq!((first.channel, first.category.as_deref()), (ChannelKind::Web, None));
        assert!(second.place.ends_with("ru.toml:3"), "{}", second.place);
        assert_eq!((second.channel, second.language), (ChannelKind::Whatsapp, Language::Ru));
        assert_eq!((second.priority, second.escalate), (Some(Priority::High), true));
        let by: Vec<_> = second.history.iter().map(|said| said.by).collect();
        assert_eq!(by, [Speaker::Customer, Speaker::Assistant]);
    }

    #[test]
    fn a_broken_file_is_told_with_its_line_and_a_sentence() {
        let good = r#"{ text = "hi", language = "en", escalate = false }"#;
        for (line, broken, sentence) in [
            (3, r#"{ text = "hi", language = "fr", escalate = false }"#, "`fr`"),
            (3, r#"{ text = "hi", language = "en" }"#, "missing field `escalate`"),
            (3, r#"{ text = "hi", language = "en", escalate = 1 }"#, "boolean"),
            (3, r#"{ text = "hi", language = "en", escalate = true, urgent = 1 }"#, "`urgent`"),
            (3, r#"{ text = " ", language = "en", escalate = true }"#, "the text is empty"),
            (
                3,
                r#"{ text = "hi", language = "en", escalate = true, category = "pets" }"#,
                "there is no category `pets`",
            ),
            (
                3,
                r#"{ text = "hi", language = "en", escalate = true, department = "zoo" }"#,
                "there is no department `zoo`",
            ),
            (
                3,
                r#"{ text = "hi", language = "en", escalate = true, history = [{ by = "dog", text = "x" }] }"#,
                "`dog`",
            ),
            (3, r#"{ text = "hi, language = "en" }"#, ""),
        ] {
            let error = read_text(&format!("cases = [\n  {good},\n  {broken},\n]")).unwrap_err();
            assert!(error.place.ends_with(&format!("ru.toml:{line}")), "{error}");
            assert!(error.sentence.contains(sentence), "{error}");
        }
    }

    #[test]
    fn every_wrong_case_of_every_folder_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let case =
            |text: &str| format!("{{ text = \"{text}\", language = \"en\", escalate = true }},\n");
        let inner = folder.path().join("train");
        fs::create_dir(&inner).unwrap();
        let wrong = format!("cases = [\n{}{}{}]", case(" "), case("hi"), case(" "));
        fs::write(folder.path().join("en.toml"), format!("cases = [{}]", case("hello"))).unwrap();
        fs::write(inner.join("a.toml"), wrong).unwrap();
        fs::write(inner.join("b.toml"), "\n[[x]\n").unwrap();
        let prompts = Prompts::embedded().unwrap();
        let (files, faults) = check(folder.path(), &prompts);
        assert_eq!(files, 3);
        let places: Vec<_> = faults.iter().map(|fault| fault.place.as_str()).collect();
        let ends = ["a.toml:2", "a.toml:4", "b.toml:2"];
        assert_eq!(places.len(), ends.len(), "{places:?}");
        assert!(places.iter().zip(ends).all(|(place, end)| place.ends_with(end)), "{places:?}");
        assert_eq!(check(&folder.path().join("absent"), &prompts).0, 0);
    }

    #[test]
    fn a_folder_without_cases_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let prompts = Prompts::embedded().unwrap();
        let error = read(folder.path(), &prompts).unwrap_err();
        assert!(error.sentence.contains("no cases"), "{error}");
        let error = read(&folder.path().join("absent"), &prompts).unwrap_err();
        assert!(error.sentence.contains("can't be read"), "{error}");
        assert!(error.place.ends_with("absent"), "{error}");
    }
}
