//! The price, when the description names exactly one.

use super::super::fit::chars;
use super::phrases::Phrase;

/// A price as a caption shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Price {
    /// `1 290 ₽`, `$12.50`.
    pub(super) text: String,
    /// The description says "from".
    pub(super) from: bool,
}

/// Words near a sum of money that is not what the product costs.
const OTHER_SUMS: &[&str] = &[
    "доставк",
    "скидк",
    "вместо",
    "стар",
    "было",
    "была",
    "раньше",
    "эконом",
    "кэшб",
    "кешб",
    "бонус",
    "подар",
    "сертификат",
    "залог",
    "предоплат",
    "месяц",
    "при заказе",
    "при покупке",
    "свыше",
    "купон",
    "промокод",
    "рассрочк",
    "shipping",
    "delivery",
    "save",
    " off",
    "was ",
    "instead",
    "cashback",
    "deposit",
    "month",
    "orders over",
    "coupon",
    "worth",
    "value",
    "reg.",
];

/// The one price of the description. Two different sums are none: a wrong price on the screen is worse than no price.
pub(super) fn price(phrases: &[Phrase]) -> Option<Price> {
    let mut found: Vec<Price> = Vec::new();
    for phrase in phrases.iter().filter(|phrase| !phrase.part) {
        for price in sums(&phrase.text).into_iter().filter_map(|(price, own)| own.then_some(price)) {
            if !found.contains(&price) {
                found.push(price);
            }
        }
    }
    match found.as_slice() {
        [price] => Some(price.clone()),
        _ => None,
    }
}

/// True when the text names a sum that looks like a price.
pub(super) fn has_price(text: &str) -> bool {
    sums(text).iter().any(|(_, own)| *own)
}

/// Sums of money, each with whether it can be the product's price.
fn sums(text: &str) -> Vec<(Price, bool)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let end = start + number_len(&text[start..]);
        from = end;
        let Some((sign, after)) = currency(text, start, end) else { continue };
        let Some(shown) = shown(&text[start..end], sign) else { continue };
        let before = text[..start].trim_end_matches(['$', '€', '£', ' ', '\u{a0}']).to_lowercase();
        let last = before.split_whitespace().last().unwrap_or_default().to_owned();
        let near: String = before.chars().rev().take(25).collect::<Vec<_>>().into_iter().rev().collect();
        let near = format!("{near} {}", after.to_lowercase().chars().take(20).collect::<String>());
        let other = OTHER_SUMS.iter().any(|word| near.contains(word))
            || matches!(last.as_str(), "до" | "to" | "over" | "under")
            || after.trim_start().starts_with('/')
            || before.ends_with(['-', '–', '—'])
                && before.trim_end_matches(['-', '–', '—', ' ']).ends_with(|c: char| c.is_ascii_digit());
        found.push((Price { text: shown, from: matches!(last.as_str(), "от" | "from") }, !other));
    }
    found
}

/// Length of a number with spaces or commas between thousands and at most two decimals.
fn number_len(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(text);
    if len <= 3 {
        while let Some(gap) =
            text[len..].chars().next().filter(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | ',' | '\''))
        {
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

/// The currency of a number and the text after it.
fn currency(text: &str, start: usize, end: usize) -> Option<(char, &str)> {
    let before = text[..start].trim_end().chars().last();
    if let Some(sign @ ('$' | '€' | '£')) = before {
        return Some((sign, &text[end..]));
    }
    let after = text[end..].trim_start();
    let signs = [
        ("₽", '₽'),
        ("рублей", '₽'),
        ("рубля", '₽'),
        ("рубль", '₽'),
        ("руб", '₽'),
        ("р", '₽'),
        ("$", '$'),
        ("€", '€'),
        ("£", '£'),
        ("USD", '$'),
        ("EUR", '€'),
        ("dollars", '$'),
        ("euros", '€'),
        ("rub", '₽'),
    ];
    let whole = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    signs.iter().find_map(|(word, sign)| {
        after
            .strip_prefix(word)
            .filter(|rest| whole(rest))
            .map(|rest| (*sign, rest.strip_prefix('.').unwrap_or(rest)))
    })
}

/// The sum in the manner of its currency; nothing for a zero or an absurd one.
fn shown(number: &str, sign: char) -> Option<String> {
    let fraction = number.rfind(['.', ',']).filter(|at| chars(&number[at + 1..]) <= 2);
    let (whole, cents) = fraction.map_or((number, ""), |at| (&number[..at], &number[at + 1..]));
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    if digits.len() > 9 || digits.chars().all(|c| c == '0') && cents.chars().all(|c| c == '0') {
        return None;
    }
    let russian = sign == '₽';
    let (gap, point) = if russian { (' ', ',') } else { (',', '.') };
    let mut sum = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            sum.push(gap);
        }
        sum.push(digit);
    }
    let cents = if cents.chars().all(|c| c == '0') { String::new() } else { format!("{point}{cents:0<2}") };
    Some(if russian { format!("{sum}{cents} ₽") } else { format!("{sign}{sum}{cents}") })
}

#[cfg(test)]
mod tests {
    use super::super::phrases::phrases;
    use super::*;

    #[test]
    fn the_price_is_found() {
        let check = |text: &str, expect: Option<&str>| {
            let price = price(&phrases(text))
                .map(|price| if price.from { format!("from {}", price.text) } else { price.text });
            assert_eq!(price.as_deref(), expect, "{text:?}");
        };
        check("Кружка. Цена: 1290 ₽", Some("1 290 ₽"));
        check("Цена 1 290 руб., объём 500 мл", Some("1 290 ₽"));
        check("Цена 990р. Доставка 300 ₽", Some("990 ₽"));
        check("от 1500 рублей", Some("from 1 500 ₽"));
        check("Вместо 2000 ₽ всего 1290 ₽ сегодня", None);
        check("Цена 1290 ₽ или 2490 ₽ за две", None);
        check("1000-2000 ₽", None);
        check("500 рупий", None);
        check("Скидка 500 ₽", None);
        check("Only $12.50 today", Some("$12.50"));
        check("Now $1,290", Some("$1,290"));
        check("Free shipping on orders over $50. Price $20.00", Some("$20"));
        check("500 ₽/шт", None);
        check("Объём 500 мл", None);
    }
}
