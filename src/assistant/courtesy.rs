//! Messages that are only polite.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::words::{skeleton, split};

/// A courtesy has few words; a longer message says something.
pub(super) const MOST_WORDS: usize = 9;

/// Whether the message is a thanks, an "ok" or a 👍 and nothing else. Such a message reopens
/// nothing and is not answered.
#[must_use]
pub fn is_only_thanks(text: &str) -> bool {
    if text.contains('?') {
        return false;
    }
    let words = split(text);
    if words.is_empty() {
        return text.chars().any(|c| THUMBS.contains(&c)) && !has_other_symbols(text);
    }
    consists_of(&words, &THANKS, &BESIDE_THANKS)
}

/// Whether the message is a greeting and nothing else.
pub(super) fn is_only_greeting(text: &str) -> bool {
    consists_of(&split(text), &GREETING, &BESIDE_GREETING)
}

/// Whether these few words are of `those` or stand `beside` them, and one at least is of `those`.
fn consists_of(
    words: &[(String, usize)],
    those: &FxHashSet<String>,
    beside: &FxHashSet<String>,
) -> bool {
    let mut found = false;
    words.len() <= MOST_WORDS
        && words.iter().all(|(word, _)| {
            let bones = skeleton(word);
            let is_of_those = those.contains(&bones);
            found |= is_of_those;
            is_of_those || beside.contains(&bones)
        })
        && found
}

/// Whether the message begins with a greeting.
pub(super) fn greets(text: &str) -> bool {
    split(text).iter().take(2).any(|(word, _)| GREETING.contains(&skeleton(word)))
}

const THUMBS: [char; 14] =
    ['👍', '🙏', '❤', '😊', '🙂', '👌', '🤝', '🌹', '💐', '😀', '😃', '🤗', '💪', '🔥'];

/// Symbols that are neither thumbs nor their modifiers, spaces or punctuation.
fn has_other_symbols(text: &str) -> bool {
    text.chars().any(|c| {
        let modifier = matches!(c, '\u{fe0f}' | '\u{200d}' | '\u{1f3fb}'..='\u{1f3ff}');
        !(THUMBS.contains(&c) || modifier || c.is_whitespace() || c.is_ascii_punctuation())
    })
}

fn folded(words: &str) -> FxHashSet<String> {
    words.split_whitespace().map(skeleton).collect()
}

static THANKS: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    folded(
        "спасибо спс спасибки спасиб сенк сэнкс благодарю благодарим благодарен благодарна пасиб \
         ок окей окэй оке хорошо понял поняла поняли понятно ясно принято договорились отлично \
         супер ладно \
         рахмет рақмет рахмат алғыс түсінікті түсіндім жарайды жақсы тамаша \
         thanks thank thx tnx ty cheers appreciated ok okay okey great perfect awesome understood",
    )
});

static BESIDE_THANKS: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    folded(
        "большое огромное вам тебе вас всем за помощь ответ очень и все всё уже заработало помогло \
         разобрался разобралась получилось работает решено теперь сейчас буду знать хорошего дня \
         вечера до свидания и тогда так \
         көп үлкен сізге сіздерге көмегіңізге көмегіңіз үшін жауабыңызға бәрі істеп тұр енді болды \
         сау болыңыз \
         you very much a lot so for the your help it works now all good have nice day got this that \
         is was and",
    )
});

static GREETING: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    folded(
        "здравствуйте здравствуй здрасте здрасьте здрасти здрав привет приветствую приветик \
         салам салем сәлем сәлеметсіз сәлеметсізбе саламатсыз саламатсызба салеметсизбе \
         ассалаумағалейкум ассалам ассаламу хай хеллоу \
         добрый доброе доброго доброй қайырлы hello hi hey greetings",
    )
});

static BESIDE_GREETING: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    folded(
        "день вечер утро дня вечера утра ночи времени суток вам всем еще раз ночь \
         бе ме ба күн кеш таң ма алейкум маған барлықтарыңызға достар \
         good morning afternoon evening day there dear team support everyone sir madam",
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_alone_are_thanks() {
        for text in [
            "спасибо",
            "Спасибо большое!",
            "ок, понял",
            "👍",
            "👍🏻 ",
            "спасибо, всё заработало 🙏",
            "Рахмет!",
            "көп рақмет сізге",
            "жарайды, түсінікті",
            "spasibo",
            "thanks a lot",
            "Thank you very much!",
            "ok",
        ] {
            assert!(is_only_thanks(text), "{text}");
        }
    }

    #[test]
    fn thanks_with_something_else_are_not() {
        for text in [
            "",
            "спасибо, но не работает",
            "спасибо, а когда придёт мастер?",
            "ok but the internet is slow",
            "рахмет, бірақ интернет жоқ",
            "работает",
            "😡",
            "все",
            "хорошо?",
            "1",
        ] {
            assert!(!is_only_thanks(text), "{text}");
        }
    }

    #[test]
    fn a_greeting_is_told_from_a_greeting_with_a_question() {
        for text in ["Здравствуйте!", "Добрый день", "сәлеметсіз бе", "Hello there", "salem"]
        {
            assert!(is_only_greeting(text), "{text}");
        }
        for text in ["Здравствуйте, нет интернета", "день добрый был вчера", "hi, who is it", ""]
        {
            assert!(!is_only_greeting(text), "{text}");
        }
        assert!(greets("Добрый вечер, пропал интернет"));
    }
}
