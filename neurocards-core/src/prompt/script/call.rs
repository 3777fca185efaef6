//! The line that says what to do now.

use super::super::Variation;
use super::super::fit::chars;
use super::super::letters::lower;
use super::super::variety::pick;
use super::Reading;
use super::line::{GLANCE_CHARS, line};
use super::phrases::Phrase;
use super::price::{Price, price_at};
use super::tongue::Tongue;
use crate::brief::Lang;

const RU: [&str; 7] = [
    "Добавьте в корзину",
    "Закажите сегодня",
    "Загляните в карточку товара",
    "Оформите заказ в пару касаний",
    "Порадуйте себя",
    "Попробуйте сами",
    "Сохраните, чтобы не потерять",
];
const EN: [&str; 7] = [
    "Add it to your cart",
    "Order yours today",
    "Take a look at the product page",
    "Treat yourself",
    "Try it yourself",
    "Get yours now",
    "Save it for later",
];
const RU_PRICE: [&str; 5] = [
    "Закажите за {}",
    "Забирайте за {}",
    "Добавьте в корзину за {}",
    "Цена — {}. Заказывайте!",
    "Оформите заказ за {}",
];
const EN_PRICE: [&str; 5] =
    ["Order now for {}", "Yours for {}", "Get it for {}", "Take it home for {}", "{} – order yours today"];
const RU_FROM: [&str; 3] = ["Закажите — цены от {}", "Выбирайте: от {}", "Цены от {}. Заказывайте!"];
const EN_FROM: [&str; 3] = ["Order yours, from {}", "Pick yours from {}", "Prices from {} – order today"];

/// Beginnings of requests to buy.
const CALLS: &[&str] = &[
    "закаж",
    "заказыва",
    "купи",
    "покупай",
    "оформ",
    "добав",
    "успей",
    "успева",
    "выбира",
    "выбери",
    "жми",
    "переход",
    "забир",
    "бери",
    "торопи",
    "спеши",
    "не упуст",
    "порадуй",
    "подари",
    "дари",
    "попробуй",
    "пишите",
    "звоните",
    "подпис",
    "нажм",
    "приобрет",
    "order",
    "buy",
    "shop now",
    "get yours",
    "get it",
    "add to",
    "add it",
    "grab",
    "try it",
    "treat yourself",
    "click",
    "tap",
    "don't miss",
    "hurry",
    "pick yours",
    "choose yours",
    "call us",
    "call now",
    "write to us",
    "follow us",
    "visit",
];
/// Requests that lead away from the order.
const ELSEWHERE: &[&str] = &[
    "пиши",
    "звони",
    "подпис",
    "call",
    "write",
    "follow",
    "visit",
    "click",
    "перехо",
    "жми",
    "ссылк",
    "link",
    "@",
    "whatsapp",
    "телеграм",
    "директ",
];

/// True when the phrase asks the reader to do something.
pub(super) fn is_call(text: &str) -> bool {
    // The longest of the beginnings is far shorter.
    let end = text.char_indices().nth(40).map_or(text.len(), |(at, _)| at);
    let lower = lower(&text[..end]);
    let first = lower.chars().next().unwrap_or(' ');
    let verb = CALLS.iter().find(|call| call.starts_with(first) && lower.starts_with(**call));
    verb.is_some_and(|verb| {
        // "Покупатели", "оформление", "заказ" and "ordering" are no requests.
        let word =
            lower.split_whitespace().next().unwrap_or_default().trim_matches(|c: char| !c.is_alphabetic());
        let russian = word.starts_with(|c: char| !c.is_ascii());
        let asks = ["те", "йте", "тесь", "й", "и", "ь"].iter().any(|end| word.ends_with(end));
        !russian && (word == verb.split(' ').next().unwrap_or_default())
            || (russian && (asks || word == "не") && !word.ends_with("ели"))
    })
}

/// A call with a price may be this long.
const CALL_CHARS: usize = GLANCE_CHARS + 15;

/// The call for this video: the seller's own first, then other wordings; all with the price. `others` are the other
/// two lines.
pub(super) fn call(reading: &Reading, others: [&str; 2], lang: Lang, variation: Variation) -> String {
    if reading.tongue == Tongue::Other
        && !reading.phrases.is_empty()
        && let Some(line) = foreign(reading, others)
    {
        return line;
    }
    let price = reading.price.as_ref();
    let own = reading.phrases.iter().filter(|phrase| !phrase.part && serves(phrase, lang));
    let own = own.map(|phrase| with_price(line(&phrase.text), price, lang));
    let own: Vec<String> = own.filter(|line| chars(line) <= CALL_CHARS).collect();
    let index = usize::try_from(variation.index).unwrap_or(0);
    if let Some(line) = own.get(index) {
        return line.clone();
    }
    let lines: &[&str] = match (lang, price) {
        (Lang::Ru, None) => &RU,
        (Lang::En, None) => &EN,
        (Lang::Ru, Some(price)) if price.from => &RU_FROM,
        (Lang::En, Some(price)) if price.from => &EN_FROM,
        (Lang::Ru, Some(_)) => &RU_PRICE,
        (Lang::En, Some(_)) => &EN_PRICE,
    };
    let form = pick(lines, variation, "call").copied().unwrap_or(lines[0]);
    price.map_or_else(|| form.to_owned(), |price| form.replace("{}", &price.text))
}

/// The seller's request with the price behind it, unless it names one.
fn with_price(line: String, price: Option<&Price>, lang: Lang) -> String {
    let Some(price) = price.filter(|_| price_at(&line).is_none()) else { return line };
    let request = line.trim_end_matches(['!', '.', '…']);
    match (lang, price.from) {
        (Lang::Ru, false) => format!("{request} — {}", price.text),
        (Lang::Ru, true) => format!("{request} — от {}", price.text),
        (Lang::En, false) => format!("{request} – {}", price.text),
        (Lang::En, true) => format!("{request} – from {}", price.text),
    }
}

/// What a description in another language gives for the end: the price as it writes it, or one more phrase.
fn foreign(reading: &Reading, others: [&str; 2]) -> Option<String> {
    if let Some(price) = &reading.price {
        return Some(price.said.clone());
    }
    let others = others.map(str::to_lowercase);
    let lines = reading.phrases.iter().filter(|phrase| !phrase.torn).map(|phrase| line(&phrase.text));
    let mut unsaid = lines.filter(|line| {
        let line = line.to_lowercase();
        others.iter().all(|other| !other.contains(&line) && !line.contains(other.as_str()))
    });
    unsaid.find(|line| chars(line) <= CALL_CHARS)
}

/// A request in the script's language that can be followed without what was taken out of it.
fn serves(phrase: &Phrase, lang: Lang) -> bool {
    let lower = phrase.text.to_lowercase();
    let away = ELSEWHERE.iter().any(|word| lower.contains(word));
    is_call(&phrase.text) && !phrase.torn && !away && Lang::detect(&phrase.text) == lang
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_noticed() {
        let check = |text: &str, expect: bool| assert_eq!(is_call(text), expect, "{text:?}");
        check("Закажите прямо сейчас", true);
        check("Успейте купить со скидкой", true);
        check("Не упустите шанс", true);
        check("Покупатели хвалят", false);
        check("Оформление в подарочной коробке", false);
        check("Order today", true);
        check("Orders over $50 ship free", false);
        check("Берите с собой", true);
        check("Подарите тепло", true);
    }
}
