//! The language of a message.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{Written, is_latin, skeleton, written};

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
    of(&written(text))
}

/// The language of a text of these words, as [`detect`] tells it.
pub(super) fn of(words: &[Written]) -> Option<Language> {
    let mut signs = Signs::default();
    for word in words {
        signs.weigh(&word.text, &word.skeleton);
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
    fn weigh(&mut self, word: &str, bones: &str) {
        if !word.chars().any(char::is_alphabetic) || beginnings(bones).any(|b| NEUTRAL.contains(b))
        {
            return;
        }
        let latin = is_latin(word);
        if latin && ENGLISH.contains(word) {
            self.english += 2;
        } else if word.contains(KAZAKH_LETTERS) || KAZAKH.contains(bones) {
            self.kazakh += 2;
        } else if RUSSIAN.contains(bones) {
            self.russian += 2;
        } else if has_ending(bones, &KAZAKH_ENDINGS) {
            self.kazakh += 1;
        } else if has_ending(bones, &RUSSIAN_ENDINGS) && !has_ending(word, &ENGLISH_ENDINGS) {
            self.russian += 1;
        } else if latin && has_ending(word, &ENGLISH_ENDINGS) {
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

/// Letters of the longest beginning or ending below.
const LONGEST: usize = 9;

fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    (2..=LONGEST).map_while(|letters| word.get(..letters))
}

fn has_ending(word: &str, endings: &FxHashSet<&str>) -> bool {
    let mut own = (2..=LONGEST).map_while(|letters| word.get(word.len().checked_sub(letters)?..));
    word.len() >= 5 && own.any(|ending| endings.contains(ending))
}

const KAZAKH_LETTERS: [char; 9] = ['ә', 'ғ', 'қ', 'ң', 'ө', 'ұ', 'ү', 'һ', 'і'];

/// Beginnings, in the one alphabet, of words that all three languages use.
static NEUTRAL: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    "internet ruter router rauter modem operator televizor vifi vaifai tarif balans parol \
     kabel signal kanal sim apn iptv tv ont wifi ok pon los smartfon telefon"
        .split_whitespace()
        .collect()
});

/// Endings in the one alphabet that Russian hardly has.
static KAZAKH_ENDINGS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    "maidi meidi baidi beidi paidi peidi iniz inizdar lardi lerdi lardin lerdin larga lerge \
     dardi derdi nizdi gandai mizdi mizde mizda nizda nizde sizdar sizder indagi indegi nderi \
     ndari gimiz apti epti ipti adi edi aidi eidi aiin eiin amiz emiz amin emin imin irmin \
     ganda gende ganin gansiz gensiz sadar sender anda ende inda inde lari leri dari deri ndi \
     ngi uden udan ildi indi tirdi dirdi dirip tirip inip ilip imiz"
        .split_whitespace()
        .collect()
});

static RUSSIAN_ENDINGS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    "aet iaet iat iut iet it at et ali ili al il ala ila alo ilo ogo ego oi aia oe ie omu om \
     ami iami ih ost osti enie tsa tsia tes ite"
        .split_whitespace()
        .collect()
});

static ENGLISH_ENDINGS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    "ing tion ed ly ght ment ness ble ck ee ll wn ould ess".split_whitespace().collect()
});

fn folded(words: &str) -> FxHashSet<String> {
    words.split_whitespace().map(skeleton).collect()
}

static KAZAKH: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
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
         көрсетіңіз тексеріңіз тексеріп қайтарыңыз қайта ауырамын шағым сотқа сот жеткізу ай айына \
         осы ол бұл сол мына анау өзі өзім өзіме өзіміз өз біреу ешкім ешкімде барлық бүкіл басқа \
         жаңа ескі үлкен кішкентай көп аз тек ғана тым өте мүлде бәрібір сонда сосын кейін бұрын \
         дейін бойы арқылы бойынша қарай сияқты секілді шейін берi бері соң кезде бірге жақта \
         жақтан жерде жерге қасында астында үстінде ішінде арасында бойымен адам адамға адаммен \
         тірі бала балам балалар балаларға анам әкем апам әжем атам көрші көршім көршілер ауыл ауылда \
         қала көше көшесі пәтер пәтерге бөлме бөлмеде күн күні күннен апта ай айдан жыл сағат минут \
         таң кеш түн ертең танертен шебер маман қызметкер басшы кеңсе кеңсеңіз сым сымды сымы шырақ \
         батырма құрылғы сурет дыбыс үн экранда баға бағасы бағалары жеңілдік қарыз қарызым шарт \
         шартты келісімшарт өтінім арыз теңге мың жүз елу түбіртек төленген төлесем төлегенде төлей \
         салып алады алды алам алайын алғым аламын алдым беріп беру берген берсін бересіздер келіп \
         келеді келген келсін кетеді кеткен кетіпті кетемін кетем қойды қойдым қойып қойыпты қалды \
         қалып қалған тастап тастады жазып жазам жазыңыз айтып айтты айтқан деді деймін дейді десе \
         екен едім еді еке емеспін болған болып болмай болам боламын болу көрініп көрем көремін \
         көрейін көрдім көрсетіп көрсетпей шығып шықты шықпайды түсіп түспеді түседі түсті іздеп іздедім \
         іздеймін таппай таптым білем білу білгім білмеймін келмейді алмаймын алмайды жүрмін отырмыз \
         отырған жібер жіберіп жіберіңіз жөндеп жөндеңіз қайтып сұрап сұраймын өтінем хабар хабарлама \
         жауап бермейді пайда өзгеріс сонша неге нешеде нешеге неше нешінші қайсы қайсысы қайтем ба \
         емей қосам қосамын қоса қосылу қосыла орнату орнатам баптау баптауы ауысу ауысамыз көшіп \
         көштік үйіміз үйімізде өшті өшірдім қостым тексердім істедім жасадым ауыстырдым рас иә \
         айналайын бауырым күтіп күтемін жетпейді жете жеткілікті кімге кім қайтыс кірді кіріп кіре \
         асығыс тез жедел дұрыс бұрыс қате артық",
    )
    .into_iter()
    // Spelt like Russian words when the Kazakh letters are missing.
    .filter(|bones| {
        !matches!(
            bones.as_str(),
            "ai" | "bar" | "ma" | "ui" | "ret" | "abonent" | "minut" | "ba" | "ol" | "bala" | "bul"
                | "kala" | "kim" | "kesh" | "tan" | "bes" | "son" | "sol" | "as" | "uni"
                | "un" | "kate" | "tez" | "kosa" | "ani" | "az" | "kos" | "sim" | "balam"
                | "zil" | "ia" | "tek"
        )
    })
    .collect()
});

static RUSSIAN: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    folded(
        "не нет на в с у я мы вы он она они меня мне мой моя моё мои нас вас вам ваш ваша ваше что \
         чтобы как какой какая какие когда где куда почему зачем сколько кто это этот эта тот так \
         уже ещё еще только опять снова или но если то же по из за до от для без под при про бы ли \
         хочу хотел надо нужно нужен нужна можно могу может есть было был была будет всё все очень \
         работает работал пропал пропала пропали исчез здравствуйте привет добрый день вечер утро \
         спасибо пожалуйста помогите подскажите скажите дайте верните деньги денег списали оплатил \
         оплата счёт договор подключить подключите отключили отключить дом дома сегодня вчера \
         завтра второй третий неделю час часа часов дней скорость медленно лагает тормозит телек \
         ящик инет нету низкая человека человек соедините позовите вопрос проблема \
         этого этому этой этом этих эти тем чем чего чему кого кому кем ком ней ним них ему ей им \
         себе себя свой свою сам сама сами сюда туда там тут здесь тоже также даже ведь вот лишь \
         либо пока хотя потому поэтому через перед после между около возле рядом вместо кроме ну \
         да ага нельзя можете могли хотите хотим хотела нужны нету стал стала стало были буду будем \
         будут есть такой такая такое такие другой другая другое каждый весь вся всех всем день дня \
         дней неделя недели месяц месяца месяцев лет года год утром вечером ночью днем минут час \
         один два три раз раза пять десять первый новый новая старый сделать сделайте сделал делать \
         делал посмотреть узнать скажите говорит пишет просит показывает показывать идет пошел \
         пришел придет пришлите включить включается выключил перезагрузил проверил поменял поставил \
         купил купили забыл нашел нашла вижу знаю понял получил заплатил перевел стоит хватит \
         горит мигает лампочка красная зеленая картинка звук \
         жалоба жалобу адрес улица улице квартира квартиру подъезд соседи мама муж жена сын \
         дочка ребенок дети связи связь сети слабо ловит висит грузит плохо хорошо нормально \
         совсем никак ничего никто никого нигде всегда никогда почти сразу сейчас щас потом зато",
    )
});

static ENGLISH: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
    "a an the is are was were am be been i im you he she it its we they me my your our their this \
     that these those there here and or but if so to of in on at for from with without by about as \
     not no do does did dont doesnt didnt isnt cant cannot wont have has had havent can could will \
     would should may please thanks thank hello hi hey good morning evening what when where why how \
     who which any some all more still again already just only very too now today yesterday \
     tomorrow get got want need help work works working worked slow fast speed down up out off \
     money charged charge paid pay payment bill refund account balance price plan connect connection \
     disconnect lost broken issue problem question human agent person someone talk speak call \
     house street building picture sound channel channels screen red light lamp blinking password \
     card number twice back new old home office hours open tv move cancel contract complaint ok \
     then than because since until while after before during over under into onto through around \
     next last first second other another each every both few many much own same such once always \
     never ever maybe actually really quite almost rather u ur im ive id ill youre thats whats hes \
     shes theres lets gonna wanna pls plz thx yes yeah nope sure well like just make made take took \
     taken give gave given put see saw seen look looking find found know knew think say said \
     tell told ask asked try tried trying use used using turn turned go going gone went come came \
     coming keep keeps let leave left stop start started wait waiting send sent show shows run \
     change changed check checked buy bought watch restart restarted rebooted unplugged replaced \
     fix fixed install installed want wanted feel being were did having him her his them us one two \
     three five ten day days week weeks month months year years time times minute minutes hour \
     night tonight man woman people guys kids mother father wife husband son neighbour neighbours \
     flat village room kitchen bedroom wire cable router box remote fire smoke light lights green \
     black blank missing dead free cheap much sum fee invoice receipt debt tariff discount wrong \
     mistake agent human support service company provider technician engineer master visit address \
     data personal account login code message app website page site button settings game \
     stream weak coverage abroad any anyone anything nothing \
     something someone somebody nobody everything everyone else ok okay hello dear sir madam best"
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
