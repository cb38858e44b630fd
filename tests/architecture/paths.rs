//! The paths that a Rust file names, found by a small scanner: enough for what `rustfmt` prints.

use std::path::{Path, PathBuf};

/// One file, with the paths it names.
pub(super) struct Source {
    /// From the repository's root.
    pub(super) file: PathBuf,
    pub(super) text: String,
    module: String,
    /// How many modules deep the file is, and from which line on a module inside it is one deeper.
    depth: usize,
    inner: usize,
    top: Vec<String>,
    uses: Vec<Use>,
}

/// One path such as `crate::store::Store`, with the line it stands on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) line: usize,
    parts: Vec<String>,
}

impl Source {
    /// `top` are the modules that stand directly in `folder`.
    pub(super) fn new(file: &Path, folder: &str, text: &str, top: &[String]) -> Self {
        let below = file.strip_prefix(folder).unwrap().with_extension("");
        let code = code(text);
        let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
        Self {
            file: file.to_owned(),
            module: parts[0].to_owned(),
            depth: parts.iter().filter(|part| **part != "mod").count(),
            inner: code.lines().position(opens_module).unwrap_or(usize::MAX),
            top: top.to_vec(),
            uses: named(&code),
            text: text.to_owned(),
        }
    }

    /// The module of the crate that the file belongs to: `api` for `src/api/tickets.rs`.
    pub(super) fn module(&self) -> &str {
        &self.module
    }

    /// Whether the path climbs with `super` up to the crate's root.
    pub(super) fn is_left_by(&self, used: &Use) -> bool {
        let climbs = used.parts.iter().take_while(|part| *part == "super").count();
        climbs >= self.depth + usize::from(used.line > self.inner)
    }

    /// Whether the crate has such a module.
    pub(super) fn knows(&self, module: &str) -> bool {
        self.top.iter().any(|known| known == module)
    }

    /// The paths that start with this name.
    pub(super) fn uses(&self, name: &str) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(move |used| used.parts[0] == name)
    }

    /// Lines with a string that starts as a statement of SQL does.
    pub(super) fn sql(&self) -> Vec<(usize, &'static str)> {
        let starts = ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "];
        let lines = self.text.lines().enumerate();
        lines
            .flat_map(|(at, line)| {
                starts.iter().filter(move |start| line.contains(**start)).map(move |s| (at + 1, *s))
            })
            .collect()
    }
}

impl Use {
    /// What comes first below the crate; empty where nothing does.
    pub(super) fn first(&self) -> &str {
        self.parts.get(1).map_or("", String::as_str)
    }

    /// Whether what comes after `depth` modules is a type, not a function or a module.
    pub(super) fn is_type(&self, depth: usize) -> bool {
        let name = self.parts.get(depth + 1);
        name.and_then(|name| name.chars().next()).is_some_and(char::is_uppercase)
    }

    pub(super) fn written(&self) -> String {
        self.parts.join("::")
    }
}

/// Whether a module with a body begins here, such as the tests at a file's end.
fn opens_module(line: &str) -> bool {
    line.starts_with("mod ") && line.ends_with('{')
}

/// The text without comments and the insides of strings; every line stays where it is.
fn code(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(next) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if next == '"' {
            quoted(rest)
        } else if rest.starts_with("r#\"") || rest.starts_with("r\"") {
            let open = rest.find('"').unwrap();
            let close = format!("\"{}", "#".repeat(open - 1));
            rest[open + 1..].find(&close).map_or(rest.len(), |end| open + 1 + end + close.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').unwrap() + 2
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
            // A name is taken whole: the `r` at the end of one does not open a raw string.
            while is_name(next) && rest.starts_with(is_name) {
                let part = rest.chars().next().unwrap();
                out.push(part);
                rest = &rest[part.len_utf8()..];
            }
            continue;
        };
        out.extend(rest[..skip].chars().filter(|c| *c == '\n'));
        out.push(' ');
        rest = &rest[skip..];
    }
    out
}

/// How long the string literal at the start of `text` is.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// All paths of two parts and more, groups in braces taken apart, and single names after `use`.
fn named(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    let mut rest = code;
    let mut before = String::new();
    while let Some(start) = rest.find(is_name) {
        let continues = rest[..start].ends_with("::") || rest[..start].ends_with('.');
        let end = rest[start..].find(|c| !is_name(c)).map_or(rest.len(), |end| start + end);
        let word = &rest[start..end];
        let at = code.len() - rest.len() + start;
        if !continues && (rest[end..].starts_with("::") || before == "use") {
            let taken = tree(&code[at..], &[], code, at, &mut found);
            rest = &code[at + taken..];
            before.clear();
        } else {
            word.clone_into(&mut before);
            rest = &rest[end..];
        }
    }
    found
}

/// Reads one path, or the group at its end, and says how much of the text it was.
fn tree(text: &str, outer: &[String], code: &str, at: usize, found: &mut Vec<Use>) -> usize {
    let mut parts = outer.to_vec();
    let mut taken = 0;
    loop {
        let rest = &text[taken..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if end > 0 {
            parts.push(rest[..end].to_owned());
            taken += end;
        } else if rest.starts_with('{') {
            return group(text, taken, &parts, code, at, found);
        }
        match text[taken..].strip_prefix("::") {
            Some(next) if next.starts_with(|c| is_name(c) || c == '{') => taken += 2,
            _ => break,
        }
    }
    let line = code[..at].matches('\n').count() + 1;
    found.push(Use { line, parts });
    taken
}

fn group(
    text: &str,
    open: usize,
    outer: &[String],
    code: &str,
    at: usize,
    found: &mut Vec<Use>,
) -> usize {
    let mut taken = open + 1;
    while let Some(c) = text[taken..].chars().next() {
        match c {
            '}' => return taken + 1,
            c if is_name(c) => taken += tree(&text[taken..], outer, code, at + taken, found),
            c => taken += c.len_utf8(),
        }
    }
    taken
}

#[test]
fn paths_are_found_in_groups_and_outside_of_use() {
    let text = "use crate::{\n    store::{Store, conn::Conn},\n    clock,\n};\nfn f(x: r::T) {\n    \
                let _ = crate::app::run(\"crate::no\"); // crate::no\n    diesel::insert(x.y::<T>());\n}\n";
    let found: Vec<_> = named(&code(text)).iter().map(|u| (u.line, u.written())).collect();
    let expected = [
        (2, "crate::store::Store"),
        (2, "crate::store::conn::Conn"),
        (3, "crate::clock"),
        (5, "r::T"),
        (6, "crate::app::run"),
        (7, "diesel::insert"),
    ];
    assert_eq!(found, expected.map(|(line, path)| (line, path.to_owned())));
}

#[test]
fn strings_and_comments_are_not_code() {
    let text = "let a = r#\"crate::a \" \"#; let q = '\"'; /* crate::b\n */ let b = \"\\\"crate::c\"; crate::d()";
    let found: Vec<_> = named(&code(text)).iter().map(|u| (u.line, u.written())).collect();
    assert_eq!(found, [(2, "crate::d".to_owned())]);
}

#[test]
fn a_path_is_followed_up_to_the_root() {
    let text = "use super::a;\nuse super::super::b;\nmod tests {\n    use super::super::c;\n    use \
                super::super::super::d;\n}\n";
    let source = Source::new(Path::new("src/keys/file.rs"), "src", text, &[]);
    let left: Vec<_> =
        source.uses("super").filter(|u| source.is_left_by(u)).map(|u| u.line).collect();
    assert_eq!(left, [2, 5]);
    let source = Source::new(Path::new("src/keys/mod.rs"), "src", "use super::store;\n", &[]);
    assert!(source.uses("super").all(|used| source.is_left_by(used)));
}
