//! The files of the prompts: those in the binary, and those of a folder in their place.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rust_embed::RustEmbed;

use super::PromptsError;

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
pub(super) type Files = BTreeMap<String, String>;

pub(super) fn read_all(dir: Option<&Path>) -> Result<Files, PromptsError> {
    let mut files = Files::new();
    for name in Embedded::iter() {
        if let Some(file) = Embedded::get(&name) {
            files.insert(name.to_string(), text(&name, file.data.into_owned())?);
        }
    }
    if let Some(dir) = dir {
        read_folder(dir, "", &mut files)?;
        for folder in ["knowledge/", "texts/"] {
            if dir.join(folder).is_dir() {
                read_folder(&dir.join(folder), folder, &mut files)?;
            }
        }
    }
    Ok(files)
}

/// The text of a file that has to be there.
pub(super) fn one<'a>(files: &'a Files, name: &str) -> Result<&'a str, PromptsError> {
    let missing = || PromptsError::new(name, "the file is missing");
    files.get(name).map(String::as_str).ok_or_else(missing)
}

fn read_folder(dir: &Path, prefix: &str, files: &mut Files) -> Result<(), PromptsError> {
    let unreadable = |e| PromptsError::new(&dir.to_string_lossy(), format!("can't be read: {e}"));
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_file() && [".toml", ".txt", ".md", ".ftl"].iter().any(|end| name.ends_with(end))
        {
            let name = format!("{prefix}{name}");
            let bytes = fs::read(&path)
                .map_err(|e| PromptsError::new(&name, format!("can't be read: {e}")))?;
            let text = text(&name, bytes)?;
            files.insert(name, text);
        }
    }
    Ok(())
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, PromptsError> {
    String::from_utf8(bytes).map_err(|_| PromptsError::new(name, "the text is not UTF-8"))
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
