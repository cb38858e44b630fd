//! What customers are called and what they write, by language.

use rand::RngExt;
use rand::rngs::StdRng;

/// The language of a customer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tongue {
    Russian,
    Kazakh,
    English,
    /// Told by no option; such customers are answered in the default language.
    Uzbek,
}

impl Tongue {
    pub fn of(customer: u64) -> Self {
        match customer % 17 {
            0..=9 => Self::Russian,
            10..=13 => Self::Kazakh,
            14 | 15 => Self::English,
            _ => Self::Uzbek,
        }
    }

    /// The language in which the customer is spoken to.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Russian | Self::Uzbek => "ru",
            Self::Kazakh => "kk",
            Self::English => "en",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Russian => {
                "здравствуйте интернет не работает со вчерашнего вечера роутер перезагружал дважды \
                 лампочка горит красным договор счёт списали оплату вернуть деньги тариф поменять \
                 пароль вайфай телевидение каналы пропадают мастер приехать когда заявка адрес \
                 переезд подключить скорость медленно фильм приставка пульт кабель оборвали подъезд \
                 оператор ответьте пожалуйста спасибо уже третий день жду никто звонит помогите"
            }
            Self::Kazakh => {
                "сәлеметсіз бе интернет жұмыс істемейді кеше кештен бері роутерді қайта қостым шам \
                 қызыл жанып тұр шарт нөмірі төлем екі рет алынды қайтарыңыз тариф өзгерту құпия \
                 сөз теледидар арналар көрсетпейді шебер қашан келеді өтінім мекенжай көшу қосу \
                 жылдамдық баяу фильм пульт кабель үзілді оператор жауап беріңіз рахмет күтіп отырмын"
            }
            Self::English => {
                "hello the internet has been down since yesterday evening i restarted my router twice \
                 its light is red contract payment was charged two times please return money change \
                 tariff password wireless television shows no channels when will engineer come order \
                 address moving connect speed slow film remote cable cut operator answer thanks waiting"
            }
            Self::Uzbek => {
                "assalomu alaykum kechadan beri internet ishlamayapti routerni qayta yoqdim chiroq \
                 qizil yonib turibdi shartnoma raqami to'lov ikki marta yechildi qaytarib bering \
                 tarif o'zgartirish parol televizor kanallar ko'rsatmayapti usta qachon keladi ariza \
                 manzil ko'chish ulash tezlik sekin operator javob bering rahmat kutyapman"
            }
        }
    }

    /// Some words: mostly a line, at times a page.
    pub fn text(self, random: &mut StdRng) -> String {
        let words: Vec<&str> = self.words().split_whitespace().collect();
        // The product of two even numbers leans towards the short.
        let lean: f64 = random.random::<f64>() * random.random::<f64>();
        let longest = if random.random_bool(0.02) { 300.0 } else { 40.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "3 to 303")]
        let length = 3 + (lean * longest) as usize;
        let mut text: Vec<String> =
            (0..length).map(|_| words[random.random_range(0..words.len())].to_owned()).collect();
        text.push(random.random_range(100_000..999_999).to_string());
        text.join(" ")
    }
}

/// A name to show.
pub(super) fn name(customer: u64) -> String {
    const FIRST: [&str; 12] = [
        "Анна",
        "Айгуль",
        "Дмитрий",
        "Ерлан",
        "Мария",
        "Нурлан",
        "Ольга",
        "Сауле",
        "Тимур",
        "John",
        "Emma",
        "Dilshod",
    ];
    const LAST: [&str; 11] = [
        "Иванова",
        "Ахметова",
        "Ким",
        "Петренко",
        "Сулейменов",
        "Орлова",
        "Юсупов",
        "Smith",
        "Brown",
        "Каримова",
        "Жумабаев",
    ];
    let pick = |from: &[&str], number: u64| {
        let count = u64::try_from(from.len()).unwrap_or(1);
        from.get(usize::try_from(number % count).unwrap_or(0))
            .copied()
            .unwrap_or_default()
            .to_owned()
    };
    format!("{} {}", pick(&FIRST, customer), pick(&LAST, customer / 12))
}
