//! The files of the prompts: those in the binary, and those of a folder in their place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rust_embed::RustEmbed;

use super::PromptsError;
use super::error::Text;

#[derive(RustEmbed)]
#[folder = "prompts/"]
#[include = "*.toml"]
#[include = "*.txt"]
#[include = "knowledge/*.md"]
#[include = "reply.md"]
#[include = "triage.md"]
#[include = "texts/*.ftl"]
#[exclude = "cases/*"]
struct Embedded;

/// Names relative to the prompts folder, with `/`, and the texts.
pub(in crate::assistant) type Files = BTreeMap<String, String>;

pub(super) fn read_all(dir: Option<&Path>, faults: &mut Vec<PromptsError>) -> Files {
    let mut files = Files::new();
    for name in Embedded::iter() {
        if let Some(file) = Embedded::get(&name) {
            add(&mut files, &name, file.data.into_owned(), faults);
        }
    }
    if let Some(dir) = dir {
        read_folder(dir, "", &mut files, faults);
        for folder in ["knowledge/", "texts/"] {
            if dir.join(folder).is_dir() {
                read_folder(&dir.join(folder), folder, &mut files, faults);
            }
        }
    }
    files
}

/// The text of a file that has to be there.
pub(super) fn one<'a>(files: &'a Files, name: &'a str, faults: &mut Vec<PromptsError>) -> Text<'a> {
    files.get(name).map_or_else(
        || {
            faults.push(PromptsError::new(name, "the file is missing"));
            Text::new(name, "")
        },
        |text| Text::new(name, text),
    )
}

fn read_folder(dir: &Path, prefix: &str, files: &mut Files, faults: &mut Vec<PromptsError>) {
    let unreadable = |e| PromptsError::new(&dir.to_string_lossy(), format!("can't be read: {e}"));
    let entries: Result<Vec<_>, _> = fs::read_dir(dir).and_then(Iterator::collect);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return faults.push(unreadable(error)),
    };
    for path in entries.into_iter().map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_file() && [".toml", ".txt", ".md", ".ftl"].iter().any(|end| name.ends_with(end))
        {
            let name = format!("{prefix}{name}");
            match fs::read(&path) {
                Ok(bytes) => add(files, &name, bytes, faults),
                Err(e) => faults.push(PromptsError::new(&name, format!("can't be read: {e}"))),
            }
        }
    }
}

fn add(files: &mut Files, name: &str, bytes: Vec<u8>, faults: &mut Vec<PromptsError>) {
    match String::from_utf8(bytes) {
        Ok(text) => drop(files.insert(name.to_owned(), text)),
        Err(_) => faults.push(PromptsError::new(name, "the text is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labelled_cases_are_not_in_the_binary() {
        let names: Vec<_> = Embedded::iter().collect();
        assert!(names.iter().any(|name| name == "categories.toml"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("cases")), "{names:?}");
    }
}
