//! Which links a reply may hold, and how the others are taken out.
//!
//! Whatever a program might show as a link counts as one: an address with a scheme, one that begins
//! with `//`, a bare domain, an address of mail, a public IP address, a mention. A text is looked at
//! word by word, in its compatibility form, in which look-alike letters and dots are the plain ones.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use url::{Host, Url};

type Pattern = LazyLock<Option<Regex>>;

/// What goes on behind a scheme that programs follow.
static SCHEME: Pattern = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:https?|ftps?|wss?|javascript|vbscript|data|file|blob|mailto|tel|sms|smsto|callto|skype|tg|viber|whatsapp|intent|market|magnet|about|view-source|geo|bitcoin|matrix|xmpp|ircs?|ssh|facetime|maps|itms\w*|ms-\w+|content|chrome\w*|jar):\S",
    )
    .ok()
});
/// With or without a scheme before it.
static SLASHES: Pattern = LazyLock::new(|| Regex::new(r"[/\\]{2,}|(?i:https?):").ok());
static DOMAIN: Pattern = LazyLock::new(|| {
    Regex::new(r"[\p{L}\p{N}\p{M}_-]+(?:\.[\p{L}\p{N}\p{M}_-]+)*\.(\p{L}[\p{L}\p{N}\p{M}-]+)").ok()
});
static ADDRESS: Pattern =
    LazyLock::new(|| Regex::new(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:[:/]\S*)?").ok());
static MENTION: Pattern =
    LazyLock::new(|| Regex::new(r"(^|[^\p{L}\p{N}_.])@([\p{L}\p{N}_]{3,})").ok());

/// Last parts of names on the internet with more than two letters; a name with another one is no
/// link to any program once it is written in two words.
const ENDINGS: &str = " com net org info biz name pro mobi app dev xyz online site website store shop \
    club top live link click page web cloud host space fun icu vip win bid loan download stream \
    review work life world today news email zip mov rest lol cat tel asia jobs edu gov mil int arpa \
    onion test example invalid localhost local internal bot chat help support wiki blog tech digital \
    network agency media social one run ink art ltd group team center company services ";

/// The hosts that a reply may link to.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    hosts: HashSet<String>,
    mentions: HashSet<String>,
}

/// The same in other letters.
const NATIVE_ENDINGS: &str =
    " рф рус бел укр қаз срб мкд мон бг ею онлайн сайт дети орг ком москва католик ";

/// What a word is.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// No link.
    Plain,
    /// A link that may stay.
    Allowed,
    /// A link that may not.
    Foreign,
    /// Two sentences without a blank between them, which would be a link to some programs.
    Sentences,
}

impl Allowed {
    pub(super) fn new(hosts: &[String]) -> Self {
        let hosts = hosts.iter().map(|host| host.to_lowercase()).collect();
        Self { hosts, mentions: HashSet::new() }
    }

    /// Also what this article links to.
    pub(super) fn allow_those_in(&mut self, article: &str) {
        for word in article.split_whitespace().map(fold) {
            if let Some(url) = address_in(&word) {
                self.hosts.extend(url.host_str().map(str::to_lowercase));
                continue;
            }
            let found = DOMAIN.iter().flat_map(|pattern| pattern.find_iter(&word));
            self.hosts.extend(found.map(|found| found.as_str().to_lowercase()));
            let found = ADDRESS.iter().flat_map(|pattern| pattern.find_iter(&word));
            let bare = |found: &str| found.split([':', '/']).next().map(str::to_owned);
            self.hosts.extend(found.filter_map(|found| bare(found.as_str())));
            let found = MENTION.iter().flat_map(|pattern| pattern.captures_iter(&word));
            let name = |found: &regex::Captures<'_>| Some(found.get(2)?.as_str().to_lowercase());
            self.mentions.extend(found.filter_map(|found| name(&found)));
        }
    }

    /// Also these hosts.
    pub(super) fn allow_hosts(&mut self, hosts: &[String]) {
        self.hosts.extend(hosts.iter().map(|host| host.to_lowercase()));
    }

    /// Whether this address may be linked to.
    pub(super) fn allows(&self, address: &str) -> bool {
        address_in(&fold(address)).is_some_and(|url| self.allows_url(&url))
    }

    /// The text without the links that may not be in it.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            clean.push_str(&self.clean_word(word));
            let blank = after.chars().next().map_or(0, char::len_utf8);
            let (blank, after) = after.split_at(blank);
            clean.push_str(blank);
            rest = after;
        }
        clean
    }

    fn clean_word(&self, word: &str) -> String {
        let folded = fold(word);
        let cleaned = match self.judge(&folded) {
            Verdict::Plain => return self.without_mentions(word, &folded),
            Verdict::Allowed => folded,
            Verdict::Foreign => String::new(),
            Verdict::Sentences => folded.replace('.', ". "),
        };
        self.without_mentions(&cleaned, &cleaned)
    }

    fn judge(&self, word: &str) -> Verdict {
        let is = |pattern: &Pattern| pattern.iter().any(|pattern| pattern.is_match(word));
        if is(&SCHEME) || is(&SLASHES) {
            let may_stay = address_in(word).is_some_and(|url| self.allows_url(&url));
            return if may_stay { Verdict::Allowed } else { Verdict::Foreign };
        }
        let addresses = ADDRESS.iter().flat_map(|pattern| pattern.find_iter(word));
        if addresses.into_iter().any(|found| !self.allows_address(found.as_str())) {
            return Verdict::Foreign;
        }
        let mut verdict = Verdict::Plain;
        for found in DOMAIN.iter().flat_map(|pattern| pattern.captures_iter(word)) {
            let whole = found.get(0).map_or("", |m| m.as_str());
            let ending = found.get(1).map_or("", |m| m.as_str());
            if self.hosts.contains(&whole.to_lowercase()) {
                continue;
            }
            if is_ending(ending) || word.contains('@') {
                return Verdict::Foreign;
            }
            verdict = Verdict::Sentences;
        }
        verdict
    }

    fn allows_url(&self, url: &Url) -> bool {
        let is_bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
        let is_web = matches!(url.scheme(), "http" | "https");
        is_bare && is_web && url.host_str().is_some_and(|host| self.hosts.contains(host))
    }

    /// An address in the customer's own network, such as the router's, is no link as long as nothing
    /// follows it.
    fn allows_address(&self, found: &str) -> bool {
        let (address, path) = found.split_at(found.find([':', '/']).unwrap_or(found.len()));
        let is_at_home = |ip: Ipv4Addr| ip.is_private() && path.len() < 2;
        self.hosts.contains(address) || address.parse().is_ok_and(is_at_home)
    }

    /// Telegram and others make links of `@name`.
    fn without_mentions(&self, word: &str, folded: &str) -> String {
        let Some(pattern) = MENTION.iter().find(|pattern| pattern.is_match(folded)) else {
            return word.to_owned();
        };
        let replaced = pattern.replace_all(folded, |found: &regex::Captures<'_>| {
            let part = |at| found.get(at).map_or("", |m| m.as_str());
            let sign = if self.mentions.contains(&part(2).to_lowercase()) { "@" } else { "" };
            format!("{}{sign}{}", part(1), part(2))
        });
        replaced.into_owned()
    }
}

/// Whether a name that ends like this is one on the internet. A capital letter begins a sentence.
fn is_ending(ending: &str) -> bool {
    let begins_sentence =
        ending.starts_with(char::is_uppercase) && ending.contains(char::is_lowercase);
    let lower = ending.to_lowercase();
    let is_known =
        || lower.len() == 2 || lower.starts_with("xn--") || ENDINGS.contains(&format!(" {lower} "));
    let is_native = || NATIVE_ENDINGS.contains(&format!(" {lower} "));
    !begins_sentence && if ending.is_ascii() { is_known() } else { is_native() }
}

/// The one address in a word, without the signs around it.
fn address_in(word: &str) -> Option<Url> {
    let lower = word.to_ascii_lowercase();
    let start = lower.find("http://").or_else(|| lower.find("https://"))?;
    let (before, address) = word.split_at(start);
    let is_alone = !before.contains(['.', '/', '\\', '@', ':']) || before.ends_with(':');
    let address = address.trim_end_matches(|c: char| ".,;:!?)]}>»\"'”’*_".contains(c));
    // At any other sign some programs end the address, and may begin another link behind it.
    let is_of_it = |c: char| c.is_alphanumeric() || "-._~:/?#=&%+,;!$*".contains(c);
    let is_one = lower.matches("://").count() == 1 && address.chars().all(is_of_it);
    Url::parse(address).ok().filter(|url| {
        let is_named = !matches!(url.host(), None | Some(Host::Ipv6(_)));
        is_alone && is_one && is_named
    })
}

/// The word as programs read it: look-alike forms of letters and dots are the plain ones.
fn fold(word: &str) -> String {
    let plain = |c| match c {
        '。' | '．' | '｡' | '․' | '﹒' => '.',
        '⁄' | '∕' | '／' | '⧸' => '/',
        '∶' | '꞉' | '：' | '﹕' => ':',
        c => c,
    };
    word.nfkc().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Allowed {
        let mut allowed = Allowed::new(&["example.com".to_owned()]);
        allowed.allow_those_in("Pay at https://pay.example.org/now, or write to @example_help.");
        allowed
    }

    #[test]
    fn links_to_known_hosts_stay() {
        for text in [
            "Open https://example.com/help, please.",
            "Pay at (https://pay.example.org/now).",
            "Look at example.com or write to help@example.com.",
            "Ask @example_help!",
            "Your router is at 192.168.1.1.",
        ] {
            assert_eq!(allowed().clean(text), text);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "Проверьте кабель… Если не поможет, т.е. лампа красная, напишите, и т. д.",
            "Тариф 5.990 тг, скорость 100 Мбит/с, с 9:00 до 18:00.",
            "Open Settings → Mobile data: turn it on; 2.4 GHz and 5 GHz.",
            "Жұмыс уақыты: 9.00–18.00",
        ] {
            assert_eq!(allowed().clean(text), text);
        }
    }

    #[test]
    fn a_missing_blank_makes_no_link() {
        assert_eq!(allowed().clean("роутер.Проверьте кабель"), "роутер. Проверьте кабель");
        assert_eq!(allowed().clean("the router.Check it"), "the router. Check it");
    }

    #[test]
    fn foreign_links_go_in_whatever_dress() {
        for link in [
            "https://evil.com/x",
            "HTTPS://EVIL.COM",
            "http:evil.com",
            "https:\\\\evil.com",
            "//evil.com/x",
            "hxxp://evil.com",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@evil.com",
            "tg://resolve?domain=evil",
            "evil.com",
            "зло.рф",
            "www.evil.com/?q=secret",
            "sub.evil.io",
            "a@evil.com",
            "https://example.com@evil.com/",
            "https://example.com:81/",
            "https://example.com.evil.com/",
            "https://evil.com/https://example.com/",
            "https://example.com|https://evil.com",
            "https://example.com,//evil.com",
            "https://example.com/\"evil.com",
            "https://example.com/<evil.com>",
            "https://example.com/»evil.com",
            "https://example.com/)evil.com",
            "http://192.168.1.1/reboot",
            "8.8.4.4",
            "192.168.1.1/reboot",
            "http://0x7f000001/",
            "http://[::1]/",
            "https://ｅｖｉｌ.com",
            "evil。com",
            "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦",
            "https://exаmple.com",
            "xn--80ak6aa92e.com",
            "(evil.com)",
            "см.https://evil.com",
        ] {
            assert_eq!(allowed().clean(&format!("here {link} there")), "here  there", "{link}");
        }
        assert_eq!(allowed().clean("write @evil_bot"), "write evil_bot");
    }
}
