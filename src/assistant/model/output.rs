//! A model's reply as plain text: no markup, no images, and no links but those that are allowed.

use std::sync::LazyLock;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use regex::Regex;

use super::links::Allowed;

/// Characters of a model's text that are read at all.
const MOST_READ: usize = 16_000;
/// Characters of a reply.
const MOST_SAID: usize = 4_000;

type Pattern = LazyLock<Option<Regex>>;

/// What is not for people, with what it holds.
static SCRIPT: Pattern = LazyLock::new(|| {
    Regex::new(r"(?is)<script\b.*?</script\s*>|<style\b.*?</style\s*>|<!--.*?-->").ok()
});
static AUTOLINK: Pattern = LazyLock::new(|| Regex::new(r"(?i)<((?:https?|mailto):[^\s<>]*)>").ok());
static LINE_END: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)<(?:br|/p|/li|/ul|/ol|/div|/tr|/h[1-6])\b[^<>]*>").ok());
static TAG: Pattern = LazyLock::new(|| Regex::new(r"(?s)<[/!?a-zA-Z][^<>]*>").ok());

/// The text as it may be shown to a customer; empty where nothing is left of it.
pub(super) fn plain(text: &str, allowed: &Allowed) -> String {
    let text: String = text.chars().filter(|c| !is_invisible(*c)).take(MOST_READ).collect();
    let text = without_markdown(&without_tags(&text), allowed);
    // What was written as `&lt;img&gt;` is a tag by now.
    let text = allowed.clean(&without_tags(&text));
    cut(&tidy(&without_forms(&text)), MOST_SAID)
}

/// The same in one line of so many characters at most.
pub(super) fn line(text: &str, allowed: &Allowed, most: usize) -> String {
    let text = plain(text, allowed);
    let words: Vec<&str> = text.split_whitespace().collect();
    cut(&words.join(" "), most)
}

/// Signs that nobody sees, and that hide a link from those who look for it.
fn is_invisible(c: char) -> bool {
    let is_control = c.is_control() && c != '\n' && c != '\t';
    let is_format = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    );
    is_control || is_format
}

fn without_tags(text: &str) -> String {
    let mut text = text.to_owned();
    // Taking one out may make another one of what stood around it.
    for _ in 0..4 {
        for (pattern, instead) in
            [(&SCRIPT, " "), (&AUTOLINK, " $1 "), (&LINE_END, "\n"), (&TAG, "")]
        {
            if let Some(pattern) = &**pattern {
                text = pattern.replace_all(&text, instead).into_owned();
            }
        }
    }
    let mut clean = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let opens = |next: &char| next.is_alphabetic() || matches!(next, '/' | '!' | '?');
        if sign != '<' || !signs.peek().is_some_and(opens) {
            clean.push(sign);
        }
    }
    clean
}

fn without_markdown(text: &str, allowed: &Allowed) -> String {
    let mut plain = Plain::default();
    for (event, place) in Parser::new(text).into_offset_iter() {
        let before = text.get(..place.start).unwrap_or_default();
        // The lines between two blocks are kept as they were written.
        if is_block(&event) && before.trim_end_matches(' ').ends_with("\n\n") {
            plain.text.push('\n');
        }
        plain.take(event, allowed);
    }
    plain.text
}

fn is_block(event: &Event<'_>) -> bool {
    let Event::Start(tag) = event else { return false };
    matches!(
        tag,
        Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::List(_) | Tag::Item
    )
}

/// Markdown on its way into plain text.
#[derive(Default)]
struct Plain {
    text: String,
    /// The lists that are open; an ordered one with the number of its next item.
    lists: Vec<Option<u64>>,
    /// The links that are open: where they lead, and where their text begins.
    links: Vec<(String, usize)>,
    /// How many images are open: what they would show is not said.
    images: usize,
}

impl Plain {
    fn take(&mut self, event: Event<'_>, allowed: &Allowed) {
        match event {
            Event::Text(text) | Event::Code(text) if self.images == 0 => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Start(Tag::Image { .. }) => self.images += 1,
            Event::End(TagEnd::Image) => self.images = self.images.saturating_sub(1),
            Event::Start(Tag::Link { dest_url, .. }) => {
                self.links.push((dest_url.into_string(), self.text.len()));
            }
            Event::End(TagEnd::Link) => self.end_link(allowed),
            Event::Start(Tag::List(first)) => {
                self.begin_line();
                self.lists.push(first);
            }
            Event::End(TagEnd::List(_)) => drop(self.lists.pop()),
            Event::Start(Tag::Item) => self.begin_item(),
            Event::End(
                TagEnd::Item | TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock,
            ) => self.begin_line(),
            _ => {}
        }
    }

    fn begin_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn begin_item(&mut self) {
        self.begin_line();
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&format!("{number}. "));
                *number += 1;
            }
            _ => self.text.push_str("• "),
        }
    }

    /// The text of a link is said, and where it leads if that is allowed.
    fn end_link(&mut self, allowed: &Allowed) {
        let Some((address, start)) = self.links.pop() else { return };
        let is_said = self.text.get(start..).is_some_and(|text| text.contains(&address));
        if self.images == 0 && !is_said && allowed.allows(&address) {
            self.text.push_str(&format!(" ({address})"));
        }
    }
}

/// What would be Markdown or an entity to the next one who reads it.
fn without_forms(text: &str) -> String {
    text.replace("](", "] (").replace("]:", "] :").replace("![", "! [").replace("&#", "& #")
}

fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            blank_lines += 1;
            continue;
        }
        if !tidy.is_empty() {
            tidy.push_str(if blank_lines > 0 { "\n\n" } else { "\n" });
        }
        blank_lines = 0;
        tidy.push_str(&words.join(" "));
    }
    tidy
}

/// At most so many characters, cut at a word.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let cut = text.get(..end).unwrap_or(text);
    let cut = cut.rsplit_once(char::is_whitespace).map_or(cut, |(words, _)| words);
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        plain(text, &Allowed::new(&["example.com".to_owned()]))
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in [
            "Перезагрузите роутер:\n1. Выключите его.\n2. Подождите минуту.\n\nПомогло?",
            "• в кабинете картой\n• в приложении банка",
            "Скорость < 10 Мбит/с & пинг > 100? Тогда 2 * 3 * 4.",
            "Сәлеметсіз бе! Қосымшаны ашыңыз.",
            "More at https://example.com/help.",
        ] {
            assert_eq!(said(text), text);
        }
    }

    #[test]
    fn markdown_and_html_become_plain() {
        for (text, plain) in [
            (
                "## Шаги\n\n**Важно**: _перезагрузите_ `роутер`.",
                "Шаги\n\nВажно: перезагрузите роутер.",
            ),
            ("- one\n- two\n", "• one\n• two"),
            ("<p>Hello<br>there</p><script>alert(1)</script>", "Hello\nthere"),
            ("[Help](https://example.com/help)", "Help (https://example.com/help)"),
            ("[Help](https://evil.com/help)", "Help"),
            ("![a picture](https://evil.com/i.png) Hi", "Hi"),
            ("See [this][1].\n\n[1]: https://evil.com", "See this."),
            ("<https://example.com/x>", "https://example.com/x"),
            ("&lt;img src=x onerror=alert(1)&gt;Hi", "Hi"),
            ("<<b>img src=//evil.com/x>Hi", "Hi"),
            ("ev<b></b>il.com", ""),
            ("ev\u{200b}il.com", ""),
            ("> quoted\n", "quoted"),
        ] {
            assert_eq!(said(text), plain, "{text}");
        }
    }

    #[test]
    fn a_long_reply_is_cut_at_a_word() {
        let long = said(&"слово ".repeat(2_000));
        assert!(long.chars().count() <= MOST_SAID + 1 && long.ends_with("слово…"), "{long}");
        assert_eq!(line("one\ntwo three", &Allowed::default(), 9), "one two…");
    }
}
