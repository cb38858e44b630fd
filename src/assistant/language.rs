//! The language of a message.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{is_latin, skeleton, split};

/// A language that customers are answered in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Russian.
    Ru,
    /// Kazakh.
    Kk,
    /// English.
    En,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ru, Self::Kk, Self::En];

    /// The ISO 639-1 code, on the wire, in the database and in file names.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::Kk => "kk",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no language.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a language is one of ru, kk, en")]
pub struct UnknownLanguage;

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(s: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL.into_iter().find(|l| l.as_str() == s).ok_or(UnknownLanguage)
    }
}

/// The language of a text, or `None` where nothing tells: numbers, `Wi-Fi`, `интернет`.
///
/// A Kazakh text with Russian words in it is Kazakh; so is one without the Kazakh letters, and
/// either language may be written in Latin letters.
#[must_use]
pub fn detect(text: &str) -> Option<Language> {
    let mut signs = Signs::default();
    for (word, _) in split(text) {
        signs.weigh(&word);
    }
    signs.language()
}

/// How strongly the words seen so far speak for each language.
#[derive(Default)]
struct Signs {
    russian: usize,
    kazakh: usize,
    english: usize,
    cyrillic_words: usize,
    latin_words: usize,
}

impl Signs {
    fn weigh(&mut self, word: &str) {
        if !word.chars().any(char::is_alphabetic) {
            return;
        }
        let bones = skeleton(word);
        if NEUTRAL.iter().any(|neutral| bones.starts_with(neutral)) {
            return;
        }
        let latin = is_latin(word);
        if latin && ENGLISH.contains(word) {
            self.english += 2;
        } else if word.contains(KAZAKH_LETTERS) || KAZAKH.contains(&bones) {
            self.kazakh += 2;
        } else if RUSSIAN.contains(&bones) {
            self.russian += 2;
        } else if has_ending(&bones, KAZAKH_ENDINGS) {
            self.kazakh += 1;
        } else if has_ending(&bones, RUSSIAN_ENDINGS) && !has_ending(word, ENGLISH_ENDINGS) {
            self.russian += 1;
        } else if latin && has_ending(word, ENGLISH_ENDINGS) {
            self.english += 1;
        }
        if latin {
            self.latin_words += 1;
        } else {
            self.cyrillic_words += 1;
        }
    }

    fn language(&self) -> Option<Language> {
        if self.kazakh > 0 && self.kazakh >= self.russian && self.kazakh >= self.english {
            return Some(Language::Kk);
        }
        if self.russian > 0 && self.russian >= self.english {
            return Some(Language::Ru);
        }
        if self.english > 0 {
            return Some(Language::En);
        }
        // Nothing known: Cyrillic is Russian here, and a sentence in Latin letters English.
        match (self.cyrillic_words, self.latin_words) {
            (1.., _) => Some(Language::Ru),
            (0, 3..) => Some(Language::En),
            _ => None,
        }
    }
}

fn has_ending(word: &str, endings: &[&str]) -> bool {
    word.len() >= 5 && endings.iter().any(|ending| word.ends_with(ending))
}

const KAZAKH_LETTERS: [char; 9] = ['ә', 'ғ', 'қ', 'ң', 'ө', 'ұ', 'ү', 'һ', 'і'];

/// Beginnings, in the one alphabet, of words that all three languages use.
const NEUTRAL: &[&str] = &[
    "internet",
    "ruter",
    "router",
    "rauter",
    "modem",
    "operator",
    "televizor",
    "vifi",
    "vaifai",
    "tarif",
    "balans",
    "parol",
    "kabel",
    "signal",
    "kanal",
    "sim",
    "apn",
    "iptv",
    "tv",
    "ont",
    "wifi",
    "ok",
    "pon",
    "los",
    "smartfon",
    "telefon",
];

/// Endings in the one alphabet that Russian hardly has.
const KAZAKH_ENDINGS: &[&str] = &[
    "maidi", "meidi", "baidi", "beidi", "paidi", "peidi", "iniz", "inizdar", "lardi", "lerdi",
    "lardin", "lerdin", "larga", "lerge", "dardi", "derdi", "nizdi", "gandai", "mizdi", "mizde",
    "mizda", "nizda", "nizde",
];

const RUSSIAN_ENDINGS: &[&str] = &[
    "aet", "iaet", "iat", "iut", "iet", "it", "at", "et", "ali", "ili", "al", "il", "ala", "ila",
    "alo", "ilo", "ogo", "ego", "oi", "aia", "oe", "ie", "omu", "om", "ami", "iami", "ih", "ost",
    "osti", "enie", "tsa", "tsia", "tes", "ite",
];

const ENGLISH_ENDINGS: &[&str] = &[
    "ing", "tion", "ed", "ly", "ght", "ment", "ness", "ble", "ck", "ee", "ll", "wn", "ould", "ess",
];

fn folded(words: &str) -> HashSet<String> {
    words.split_whitespace().map(skeleton).collect()
}

static KAZAKH: LazyLock<HashSet<String>> = LazyLock::new(|| {
    folded(
        "мен маған менің менде менен бізде бізге біздің сіз сізге сіздің сізде сендер олар жоқ \
         керек емес емеспін қалай қанша қайда қашан қандай неге неліктен үшін туралы және немесе \
         бірақ болса болады болмайды болды бола тұр тұрмын тұрған жатыр жатырмын жүр отыр отырмын \
         істемейді істемей істемейт жұмыс жасамайды жасамай көрсетпейді қосылмай қосылмайды \
         қосылып ашылмай ашылмайды рахмет рақмет сәлем сәлеметсіз саламатсыз салеметсизбе \
         салеметсиз ассалаумағалейкум қайырлы көмектесіңіз көмектесіңізші көмек өтінемін айтыңыз \
         айтыңызшы айтшы ақша ақшаны ақшам төлем төледім төлеу төлеймін шот есепшот мекенжай үй \
         үйде үйге бүгін кеше ертең қазір әлі енді тағы бәрі ештеңе ешқандай жаман жақсы баяу \
         жылдамдық байланыс қызмет ауыстыру ауыстырғым қосу қосыңыз қосқым қосып өшіп өшіріп кетті \
         келмей келмейді келді екі рет бір үш рас ғой шығар деген деп ғана нөмір нөмірім абонент \
         аласыз аламын болмай алмай алып тұрмыз сұрақ сұрағым бар ма барма құпиясөз ұмытып қалдым \
         мекен арна арналар теледидар теледидарда шам қызыл жанып істеп істейді жабу бересіз беріңіз \
         көрсетіңіз тексеріңіз тексеріп қайтарыңыз қайта ауырамын шағым сотқа сот жеткізу ай айына",
    )
    .into_iter()
    // Spelt like Russian words when the Kazakh letters are missing.
    .filter(|bones| !matches!(bones.as_str(), "ai" | "bar" | "ma" | "ui" | "ret" | "abonent"))
    .collect()
});

static RUSSIAN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    folded(
        "не нет на в с у я мы вы он она они меня мне мой моя моё мои нас вас вам ваш ваша ваше что \
         чтобы как какой какая какие когда где куда почему зачем сколько кто это этот эта тот так \
         уже ещё еще только опять снова или но если то же по из за до от для без под при про бы ли \
         хочу хотел надо нужно нужен нужна можно могу может есть было был была будет всё все очень \
         работает работал пропал пропала пропали исчез здравствуйте привет добрый день вечер утро \
         спасибо пожалуйста помогите подскажите скажите дайте верните деньги денег списали оплатил \
         оплата счёт договор подключить подключите отключили отключить дом дома сегодня вчера \
         завтра второй третий неделю час часа часов дней скорость медленно лагает тормозит телек \
         ящик инет нету низкая человека человек соедините позовите вопрос проблема",
    )
});

static ENGLISH: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "a an the is are was were am be been i im you he she it its we they me my your our their this \
     that these those there here and or but if so to of in on at for from with without by about as \
     not no do does did dont doesnt didnt isnt cant cannot wont have has had havent can could will \
     would should may please thanks thank hello hi hey good morning evening what when where why how \
     who which any some all more still again already just only very too now today yesterday \
     tomorrow get got want need help work works working worked slow fast speed down up out off \
     money charged charge paid pay payment bill refund account balance price plan connect connection \
     disconnect lost broken issue problem question human agent person someone talk speak call \
     house street building picture sound channel channels screen red light lamp blinking password \
     card number twice back new old home office hours open tv move cancel contract complaint ok"
        .split_whitespace()
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_told_apart() {
        for (text, language) in [
            ("Не работает интернет", Language::Ru),
            ("ne rabotaet internet", Language::Ru),
            ("skorost nizkaya, pochemu?", Language::Ru),
            ("Живу на улице Қабанбай батыра, нет сигнала", Language::Ru),
            ("Интернет істемей тұр", Language::Kk),
            ("интернет истемей тур", Language::Kk),
            ("internet jumys istemeidi", Language::Kk),
            ("Сәлеметсіз бе, вчерадан бері интернет пропал болып тұр", Language::Kk),
            ("маган оператор керек", Language::Kk),
            ("My internet is not working", Language::En),
            ("no signal", Language::En),
            ("Where is the balance?", Language::En),
        ] {
            assert_eq!(detect(text), Some(language), "{text}");
        }
    }

    #[test]
    fn nothing_tells_the_language_of_a_number_or_a_shared_word() {
        for text in ["", "12345", "Wi-Fi", "интернет", "👍"] {
            assert_eq!(detect(text), None, "{text}");
        }
    }

    #[test]
    fn the_names_are_read_back() {
        for language in Language::ALL {
            assert_eq!(language.to_string().parse::<Language>().ok(), Some(language));
        }
        assert!("de".parse::<Language>().is_err());
    }
}
