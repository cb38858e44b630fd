//! Reads a folder of prompts to its end, for `centrium prompts check`.

use std::path::Path;

use super::{Prompts, PromptsError, files};
use crate::assistant::language::Language;
use crate::assistant::texts::Texts;

/// What was read, and all that is wrong with it.
#[derive(Debug)]
pub struct Report {
    /// What could be made of it.
    pub prompts: Prompts,
    /// In the order in which the files are read.
    pub faults: Vec<PromptsError>,
    /// How many there are of what, such as 42 and "articles".
    pub read: Vec<(usize, &'static str)>,
}

/// Reads the prompts as an engine would that has this folder. A new kind of file gets its line here.
#[must_use]
pub fn check(dir: Option<&Path>) -> Report {
    let mut faults = Vec::new();
    let files = files::read_all(dir, &mut faults);
    let prompts = Prompts::parse(&files, &[], &mut faults);
    Texts::parse(&prompts, "Centrium", Language::Ru, &mut faults);
    let read = vec![
        (prompts.categories.len(), "categories"),
        (prompts.departments.len(), "departments"),
        (prompts.rules.len(), "rules"),
        (prompts.signs.len(), "signs"),
        (prompts.articles().count(), "articles"),
        (prompts.texts.len(), "files of texts"),
    ];
    Report { prompts, faults, read }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use std::fs;

    use super::*;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        check(Some(dir.path())).faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_prompts_of_this_repository_have_no_fault() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
        let report = check(Some(&folder));
        assert!(report.faults.is_empty(), "{:?}", report.faults);
        assert!(report.read.iter().all(|(count, _)| *count >= 3), "{:?}", report.read);
    }

    #[test]
    fn every_fault_of_every_file_is_told_with_its_line() {
        let categories = "departments = [\"technical\", \"financial\", \"sales\", \"service\"]\n\n\
             [[category]]\nname = \"internet\"\ndepartment = \"technical\"\nproblem = 1\n\n\
             [[category]]\nname = \"tv\"\ndepartment = \"billing\"\n\
             [category.topics]\nen = [\"tv\", \"a +  + b\"]\n\n[[wishes]]\n";
        let found = faults(&[("categories.toml", categories)]);
        let expected = [
            "categories.toml:6: unknown field `problem`",
            "categories.toml:14: there is no field `wishes`",
            "categories.toml:10: there is no department `billing`",
            "categories.toml:12: phrase `a +  + b`: a part of it has no word",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
    }

    #[test]
    fn an_article_is_told_with_the_line_of_its_field() {
        let article = |id, links| {
            format!(
                "+++\nid = \"{id}\"\nlanguage = \"en\"\ncategory = \"pets\"\ntitle = \"Pets\"\n\
                 questions = [\"my hamster\"]\nlinks = [\"{links}\"]\n+++\n\n"
            )
        };
        let wrong = article("My pets", "https://example.com");
        let found = faults(&[("knowledge/pets.md", &wrong), ("knowledge/none.md", "Pets")]);
        let starts = [
            "knowledge/none.md:1: it does not begin",
            "knowledge/pets.md:2: an id is",
            "knowledge/pets.md:4: there is no category `pets`",
            "knowledge/pets.md:9: the answer is empty",
            "knowledge/pets.md:7: `https://example.com` is no host",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}\n{start}");
        }
    }

    #[test]
    fn an_article_that_is_there_twice_is_told() {
        let article = "+++\nid = \"balance\"\nlanguage = \"en\"\ncategory = \"billing\"\n\
                       title = \"Balance\"\nquestions = [\"balance\"]\n+++\nSee your account.\n";
        let found = faults(&[("knowledge/zz.md", article)]);
        assert_eq!(
            found,
            ["knowledge/zz.md: knowledge/balance.en.md has the article `balance` in `en` already"]
        );
    }

    #[test]
    fn texts_are_told_with_their_lines() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/texts/en.ftl");
        let english = fs::read_to_string(file).unwrap();
        let lines = english.lines().count();
        let english = english + "mine = Hello from { $compny }\nhello = Again\nbad bad = x\n";
        let found = faults(&[("texts/en.ftl", &english)]);
        let starts = [
            format!("texts/en.ftl:{}: the syntax is wrong", lines + 3),
            format!("texts/en.ftl:{}: the text `hello` is there twice", lines + 2),
            format!("texts/en.ftl:{}: the text `mine` can't be said", lines + 1),
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(&starts) {
            assert!(found.starts_with(start), "{found}\n{start}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_the_only_fault() {
        let report = check(Some(Path::new("/nowhere/at/all")));
        assert_eq!(report.faults.len(), 1, "{:?}", report.faults);
    }
}
