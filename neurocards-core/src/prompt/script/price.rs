//! The price that a description names.

use std::ops::Range;

use super::super::letters::lower;
use super::super::sentences::sentences;
use super::old::{OLD_AFTER, OLD_BEFORE};

/// A price as a caption shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Price {
    /// `1 290 ₽`, `$12.50`, `890 ₽/кг`.
    pub(super) text: String,
    /// As the seller wrote it.
    pub(super) said: String,
    /// The description says "from", or has several prices and this is the least of them.
    pub(super) from: bool,
    currency: char,
    hundredths: u64,
}

/// A sum of money in a text.
#[derive(Debug)]
pub(super) struct Sum {
    price: Price,
    /// Where it stands, with its currency.
    pub(super) at: Range<usize>,
    /// It can be what the product costs.
    own: bool,
}

/// Currencies by what stands after a number.
const CURRENCIES: &[(&str, char)] = &[
    ("₽", '₽'),
    ("рублей", '₽'),
    ("рубля", '₽'),
    ("рубль", '₽'),
    ("руб", '₽'),
    ("р", '₽'),
    ("rub", '₽'),
    ("$", '$'),
    ("us$", '$'),
    ("usd", '$'),
    ("dollars", '$'),
    ("долларов", '$'),
    ("€", '€'),
    ("eur", '€'),
    ("euros", '€'),
    ("euro", '€'),
    ("евро", '€'),
    ("£", '£'),
    ("gbp", '£'),
    ("₸", '₸'),
    ("тенге", '₸'),
    ("теңге", '₸'),
    ("тг", '₸'),
    ("kzt", '₸'),
    ("₴", '₴'),
    ("грн", '₴'),
    ("¥", '¥'),
    ("元", '¥'),
    ("円", '¥'),
];
/// What stands before a number.
const CODES: &[(&str, char)] =
    &[("$", '$'), ("€", '€'), ("£", '£'), ("¥", '¥'), ("₽", '₽'), ("usd", '$'), ("eur", '€'), ("gbp", '£')];
/// Words before a sum that is not what the product costs, with as much after them as makes them clear.
const OTHER_BEFORE: &[&str] = &[
    "доставк",
    "скидк",
    "экономи",
    "экономь",
    "кэшб",
    "кешб",
    "бонус",
    "подарок",
    "залог",
    "предоплат",
    "купон",
    "промокод",
    "рассрочк",
    "при заказе",
    "при покупке",
    "заказ от",
    "заказы от",
    "свыше",
    "платеж",
    "платёж",
    "частями",
    "долями",
    "shipping",
    "delivery",
    "save ",
    "cashback",
    "deposit",
    "orders over",
    "coupon",
    "worth",
    "value",
    "payments of",
];
/// Words before a sum that make it the price whatever stands before them.
pub(super) const OWN_BEFORE: &[&str] = &[
    "цен",
    "стоит",
    "стоимость",
    "сейчас",
    "теперь",
    "всего",
    "только",
    "итого",
    "с доставкой",
    "со скидкой",
    "после скидки",
    "price",
    "now",
    "only",
    "just",
    "with shipping",
    "including shipping",
];
/// Words right after such a sum.
const OTHER_AFTER: &[&str] = &[
    "скидк",
    "за доставк",
    "на доставк",
    "доставка п",
    "кэшб",
    "кешб",
    "бонус",
    "в месяц",
    "в мес",
    "/мес",
    "/ мес",
    "/mo",
    "/ mo",
    "a month",
    "per month",
    "off",
    "shipping",
    "delivery",
    "for shipping",
    "for delivery",
    "cashback",
    "value",
    "in savings",
];
/// Units that a price may be for.
const UNITS: &[&str] = &[
    "г", "кг", "мл", "л", "м", "м²", "м2", "метр", "литр", "пару", "g", "kg", "ml", "l", "m", "lb", "oz",
    "pair",
];
/// Smaller sums with a bare "р" are sizes of clothes more often than prices.
const LEAST_BARE: u64 = 80_00;

/// The price of a description; of several, the least, as a price "from".
pub(super) fn price(text: &str) -> Option<Price> {
    let phrases = text.lines().flat_map(sentences);
    let found: Vec<Price> = phrases.flat_map(sums).filter(|sum| sum.own).map(|sum| sum.price).collect();
    let first = found.first()?;
    let alike = || found.iter().filter(|price| price.currency == first.currency);
    let least = alike().min_by_key(|price| price.hundredths)?.clone();
    let several = alike().any(|price| price.hundredths != least.hundredths);
    Some(Price { from: least.from || several, ..least })
}

/// Where the first sum that looks like a price stands.
pub(super) fn price_at(text: &str) -> Option<Range<usize>> {
    sums(text).into_iter().find(|sum| sum.own).map(|sum| sum.at)
}

/// Sums of money in the order of the text.
pub(super) fn sums(text: &str) -> Vec<Sum> {
    let mut found: Vec<Sum> = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let end = start + number_len(&text[start..]);
        let done = found.last().map_or(0, |sum| sum.at.end);
        match sum(text, done, start..end) {
            Some(sum) => {
                from = sum.at.end;
                found.push(sum);
            }
            None => from = end,
        }
    }
    found
}

/// The sum that a number is; `done` is where the sum before it ends.
fn sum(text: &str, done: usize, number: Range<usize>) -> Option<Sum> {
    let (sign_start, prefix) = match code_before(&text[done..number.start]) {
        Some((at, sign)) => (done + at, Some(sign)),
        None => (number.start, None),
    };
    let digits = &text[number.clone()];
    let mut end = number.end;
    let mut ranged = false;
    let currency = match prefix.or_else(|| currency_after(text, &mut end)) {
        Some(currency) => currency,
        None => {
            // "1000-2000 ₽", "от 1000 до 2000 ₽": the lower bound.
            let rest = text[end..].trim_start();
            let rest = ["-", "–", "—", "до ", "to "].iter().find_map(|dash| rest.strip_prefix(dash))?;
            let rest = rest.trim_start();
            end = text.len() - rest.len() + number_len(rest);
            ranged = number_len(rest) > 0;
            ranged.then(|| currency_after(text, &mut end)).flatten()?
        }
    };
    let cents = if digits.contains([',', '.']) { None } else { cents_after(text, &mut end) };
    let thousands = text[number.end..end].to_lowercase().contains("тыс");
    let whole = cents.map(|cents| format!("{digits},{cents:0>2}"));
    let (shown, hundredths) = shown(whole.as_deref().unwrap_or(digits), thousands, currency)?;
    let bare = text[..end].trim_end_matches('.').ends_with(['р', 'Р']);
    let before = lower(clause(&text[done..sign_start]));
    let last = before.split_whitespace().last().unwrap_or_default();
    let after = lower(text[end..].trim_start());
    let bound = matches!(last, "до" | "to" | "over" | "under" | "up");
    let clothes = bare && hundredths < LEAST_BARE;
    let own = !(bound || clothes || is_other(&before, &after));
    let price = Price {
        text: shown + &unit(&after),
        said: text[sign_start..end].to_owned(),
        from: ranged || matches!(last, "от" | "from" | "ab" | "dès"),
        currency,
        hundredths,
    };
    Some(Sum { price, at: sign_start..end, own })
}

/// What stands between the last clause mark and the end.
fn clause(before: &str) -> &str {
    before.rsplit([',', ';', '.', '!', '?', '(', '•', '\u{1}']).next().unwrap_or_default()
}

fn is_other(before: &str, after: &str) -> bool {
    let other = last_end(before, OTHER_BEFORE).max(last_end(before, OLD_BEFORE));
    let follows = |words: &[&str]| words.iter().any(|word| after.starts_with(word));
    other.is_some() && other >= last_end(before, OWN_BEFORE) || follows(OTHER_AFTER) || follows(OLD_AFTER)
}

/// Where the last of the words ends, when it stands at the beginning of a word.
pub(super) fn last_end(text: &str, words: &[&str]) -> Option<usize> {
    let ends = words.iter().filter_map(|word| {
        let at = text.rmatch_indices(word).map(|(at, _)| at);
        at.filter(|at| !text[..*at].ends_with(char::is_alphanumeric)).map(|at| at + word.len()).max()
    });
    ends.max()
}

/// A currency that ends the text, and where it begins. A sign of the sum before is none: "15€ 20 см".
fn code_before(text: &str) -> Option<(usize, char)> {
    let text = text.trim_end();
    CODES.iter().find_map(|(code, sign)| {
        let at = text.len().checked_sub(code.len())?;
        let found = text.get(at..)?.eq_ignore_ascii_case(code);
        let word = text[..at].trim_end().ends_with(|c: char| c.is_ascii_digit())
            || code.is_ascii() && *code != "$" && text[..at].ends_with(char::is_alphanumeric);
        (found && !word).then_some((at, *sign))
    })
}

/// The currency at `end`, which moves behind it.
pub(super) fn currency_after(text: &str, end: &mut usize) -> Option<char> {
    let rest = text[*end..].trim_start();
    let rest = after(rest, "тыс").map_or(rest, |rest| rest.trim_start_matches('.').trim_start());
    let first = rest.chars().next()?.to_lowercase().next()?;
    CURRENCIES.iter().filter(|(word, _)| word.starts_with(first)).find_map(|(word, sign)| {
        let rest = after(rest, word)?;
        let whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-')
            || !word.chars().all(char::is_alphabetic);
        whole.then(|| *end = text.len() - rest.len())?;
        Some(*sign)
    })
}

/// The hundredths in words behind a currency, " 50 копеек"; `end` moves behind them.
fn cents_after<'a>(text: &'a str, end: &mut usize) -> Option<&'a str> {
    let rest = text[*end..].trim_start_matches('.').trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (cents, word) = rest.split_at(digits);
    let behind =
        ["копеек", "копейки", "копейка", "коп"].iter().find_map(|coin| after(word.trim_start(), coin))?;
    let fits = (1..=2).contains(&digits) && !behind.starts_with(char::is_alphanumeric);
    fits.then(|| *end = text.len() - behind.len())?;
    Some(cents)
}

/// The text after a word, however it is capitalised.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    let same =
        word.chars().all(|c| rest.next().is_some_and(|other| other == c || other.to_lowercase().eq([c])));
    same.then_some(rest.as_str())
}

/// What the price is for, when that is a measure: `/кг`.
fn unit(after: &str) -> String {
    let after = after.trim_start_matches('.').trim_start();
    let per = ["/", "за ", "per "].iter().find_map(|per| after.strip_prefix(per)).map(str::trim_start);
    let Some(rest) = per else { return String::new() };
    let number = &rest[..number_len(rest)];
    let word = rest[number.len()..].trim_start();
    let word = word.split(|c: char| !c.is_alphanumeric() && c != '²').next().unwrap_or_default();
    match (UNITS.contains(&word), number.is_empty()) {
        (false, _) => String::new(),
        (true, true) => format!("/{word}"),
        (true, false) => format!(" / {number} {word}"),
    }
}

/// Length of a number with spaces, commas or points between thousands and at most two decimals.
pub(super) fn number_len(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(text);
    if (1..=3).contains(&len) {
        let is_gap = |c: &char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | ',' | '.' | '\'');
        let gap = text[len..].chars().next().filter(is_gap);
        while let Some(gap) = gap.filter(|gap| text[len..].starts_with(*gap)) {
            if digits(&text[len + gap.len_utf8()..]) != 3 {
                break;
            }
            len += gap.len_utf8() + 3;
        }
    }
    if text[len..].starts_with(['.', ',']) && (1..=2).contains(&digits(&text[len + 1..])) {
        len += 1 + digits(&text[len + 1..]);
    }
    len
}

/// The sum in the manner of its currency, and in hundredths; nothing for a zero or an absurd one.
fn shown(number: &str, thousands: bool, sign: char) -> Option<(String, u64)> {
    let fraction = number.rfind(['.', ',']).filter(|at| number.len() - at - 1 <= 2);
    let (whole, cents) = fraction.map_or((number, ""), |at| (&number[..at], &number[at + 1..]));
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let cents: u64 = format!("{cents:0<2}").parse().ok()?;
    let hundredths = digits.parse::<u64>().ok()?.checked_mul(100)? + cents;
    let hundredths = if thousands { hundredths.checked_mul(1_000)? } else { hundredths };
    if hundredths == 0 || hundredths >= 100_000_000_000 {
        return None;
    }
    let trails = matches!(sign, '₽' | '₸' | '₴');
    let (gap, point) = if trails { (' ', ',') } else { (',', '.') };
    let digits = (hundredths / 100).to_string();
    let mut sum = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            sum.push(gap);
        }
        sum.push(digit);
    }
    if hundredths % 100 > 0 {
        sum.push_str(&format!("{point}{:02}", hundredths % 100));
    }
    Some((if trails { format!("{sum} {sign}") } else { format!("{sign}{sum}") }, hundredths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_price_is_found() {
        let check = |text: &str, expect: Option<&str>| {
            let price =
                price(text).map(|price| if price.from { format!("from {}", price.text) } else { price.text });
            assert_eq!(price.as_deref(), expect, "{text:?}");
        };
        check("Кружка. Цена: 1290 ₽", Some("1 290 ₽"));
        check("Держит тепло. 1 290 ₽", Some("1 290 ₽"));
        check("Цена 1 290 руб., объём 500 мл", Some("1 290 ₽"));
        check("Цена 990р. Доставка 300 ₽", Some("990 ₽"));
        check("1290Р", Some("1 290 ₽"));
        check("1 290,50 РУБ", Some("1 290,50 ₽"));
        check("1.290 ₽", Some("1 290 ₽"));
        check("1,5 тыс. руб.", Some("1 500 ₽"));
        check("1290 рублей 50 копеек", Some("1 290,50 ₽"));
        check("Цена 1290 руб. 50 коп. за штуку", Some("1 290,50 ₽"));
        check("1290 рублей 50 штук", Some("1 290 ₽"));
        check("990 ₽, доставка бесплатная", Some("990 ₽"));
        check("Подарочный набор 990 ₽", Some("990 ₽"));
        check("Стартовый комплект — 990 ₽", Some("990 ₽"));
        check("от 1500 рублей", Some("from 1 500 ₽"));
        check("Вместо 2000 ₽ всего 1290 ₽ сегодня", Some("1 290 ₽"));
        check("Старая цена 2000 ₽, новая 1290 ₽", Some("1 290 ₽"));
        check("Старая цена 2 000 ₽, новая цена 990 ₽", Some("990 ₽"));
        check("Было 2000 руб, стало 1500 руб", Some("1 500 ₽"));
        check("Было 2000, стало 1500 руб", Some("1 500 ₽"));
        check("2000 ₽ без скидки, 990 ₽ со скидкой", Some("990 ₽"));
        check("Скидка 20%, цена 1290 ₽", Some("1 290 ₽"));
        check("Цена 1290 ₽ или 2490 ₽ за две", Some("from 1 290 ₽"));
        check("1000-2000 ₽", Some("from 1 000 ₽"));
        check("от 1000 до 2000 ₽", Some("from 1 000 ₽"));
        check("500 рупий", None);
        check("Скидка 500 ₽", None);
        check("Размеры 42-46 р.", None);
        check("300 ₽ в месяц", None);
        check("Бесплатная доставка от 3000 ₽", None);
        check("Only $12.50 today", Some("$12.50"));
        check("Mug $12.90.", Some("$12.90"));
        check("€15", Some("€15"));
        check("15€ 20x30 cm", Some("€15"));
        check("12.90 USD", Some("$12.90"));
        check("EUR 1.290,50", Some("€1,290.50"));
        check("£9", Some("£9"));
        check("15 000 тг", Some("15 000 ₸"));
        check("¥199", Some("¥199"));
        check("Now $1,290", Some("$1,290"));
        check("Free shipping on orders over $50. Price $20.00", Some("$20"));
        check("Was $129, now $89", Some("$89"));
        check("Now $89 instead of $129", Some("$89"));
        check("$20 off", None);
        check("500 ₽/шт", Some("500 ₽"));
        check("890 ₽ за кг", Some("890 ₽/кг"));
        check("350 ₽ за 100 г", Some("350 ₽ / 100 г"));
        check("Объём 500 мл", None);
        check("0 ₽", None);
    }
}
