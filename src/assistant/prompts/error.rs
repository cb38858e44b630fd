//! What is wrong with a file of the prompts, and where.

use std::fmt;

/// A file of the prompts can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PromptsError {
    /// The file's name, relative to the prompts folder.
    pub file: String,
    /// The line, from 1 on, where one can be named.
    pub line: Option<usize>,
    /// What is wrong with it.
    pub sentence: String,
}

impl PromptsError {
    pub(in crate::assistant) fn new(file: &str, sentence: impl ToString) -> Self {
        Self { file: file.to_owned(), line: None, sentence: sentence.to_string() }
    }
}

impl fmt::Display for PromptsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.sentence)
    }
}

/// A file, or a part of one, that is being read.
#[derive(Clone, Copy, Debug)]
pub(in crate::assistant) struct Text<'a> {
    file: &'a str,
    whole: &'a str,
    /// The part, and where in the whole it begins.
    pub(in crate::assistant) part: &'a str,
    begin: usize,
}

impl<'a> Text<'a> {
    /// All of a file.
    pub(in crate::assistant) const fn new(file: &'a str, whole: &'a str) -> Self {
        Self { file, whole, part: whole, begin: 0 }
    }

    /// A part of this part.
    pub(super) fn cut(self, begin: usize, end: usize) -> Self {
        let part = self.part.get(begin..end).unwrap_or_default();
        Self { part, begin: self.begin + begin, ..self }
    }

    /// A fault at this byte of the part, or of the file as a whole.
    pub(in crate::assistant) fn fault(
        &self,
        at: Option<usize>,
        sentence: impl ToString,
    ) -> PromptsError {
        let before = at.and_then(|at| self.whole.get(..self.begin + at));
        let line = before.map(|before| before.matches('\n').count() + 1);
        PromptsError { line, ..PromptsError::new(self.file, sentence) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_line_of_the_whole_file() {
        let text = Text::new("a.md", "+++\nid = 5\n+++\nYes.\n");
        let front = text.cut(3, 11);
        assert_eq!(front.part, "\nid = 5\n");
        assert_eq!(front.fault(Some(1), "no").to_string(), "a.md:2: no");
        assert_eq!(text.fault(None, "no").to_string(), "a.md: no");
    }
}
