//! The line that says why to want the product.

use super::super::Variation;
use super::super::fit::chars;
use super::super::variety::pick;
use super::call::is_call;
use super::hook::Hook;
use super::line::{GLANCE_CHARS, line};
use super::phrases::Phrase;
use super::price::has_price;
use crate::brief::Lang;

/// Stems of words that speak for a product.
const PRAISE: &[&str] = &[
    "автоматич",
    "аромат",
    "бережн",
    "бесплатн",
    "бесшумн",
    "быстр",
    "влаго",
    "водонепрон",
    "водоотталк",
    "водостойк",
    "выдерж",
    "гарант",
    "гипоаллерг",
    "держит",
    "дышащ",
    "защит",
    "защищ",
    "комфорт",
    "компактн",
    "легк",
    "лёгк",
    "мощн",
    "мягк",
    "надежн",
    "надёжн",
    "натуральн",
    "не бьётся",
    "не боится",
    "не выцвета",
    "не линя",
    "не мнётся",
    "не намока",
    "не пачка",
    "не проли",
    "не промока",
    "не протека",
    "не скольз",
    "не требу",
    "не трескается",
    "не ломает",
    "не царапа",
    "небьющ",
    "нержаве",
    "безопасн",
    "помеща",
    "помога",
    "прочн",
    "работает",
    "регулир",
    "ручн",
    "складн",
    "сохран",
    "свеж",
    "тёпл",
    "тепл",
    "удобн",
    "универсальн",
    "увлажн",
    "устойчив",
    "уют",
    "хватает",
    "эконом",
    "эко",
    "экологич",
    "без bpa",
    "скидк",
    "кэшбэк",
    "подар",
    "anti",
    "automat",
    "breathab",
    "cashmere",
    "comfort",
    "compact",
    "cool",
    "cosy",
    "cozy",
    "cruelty-free",
    "discount",
    "durab",
    "easy",
    "eco",
    "fast",
    "fits",
    "free",
    "fresh",
    "genuine",
    "handmade",
    "holds",
    "insulat",
    "keeps",
    "lasts",
    "leak",
    "light",
    "natural",
    "never",
    "non-slip",
    "organic",
    "premium",
    "protect",
    "quick",
    "quiet",
    "rechargeab",
    "resist",
    "safe",
    "silent",
    "soft",
    "stainless",
    "strong",
    "warm",
    "warranty",
    "washab",
    "waterproof",
    "wireless",
    "works",
];
/// Starts and stems of what nobody buys for: codes, care, disclaimers, shop talk.
const DULL: &[&str] = &[
    "артикул",
    "арт.",
    "штрихкод",
    "страна",
    "производител",
    "бренд",
    "тн вэд",
    "комплектац",
    "в комплекте",
    "вес товара",
    "вес с упак",
    "размер упак",
    "габариты упак",
    "модель",
    "цвет:",
    "цвет может",
    "может отлич",
    "обратите внимание",
    "внимание",
    "просим",
    "перед покупкой",
    "размеры",
    "размерн",
    "торг",
    "не является",
    "не рекоменд",
    "не подходит",
    "противопоказ",
    "хранить",
    "срок годности",
    "состав",
    "добро пожаловать",
    "здравствуйте",
    "спасибо",
    "подписы",
    "отзыв",
    "вопрос",
    "доставк",
    "возврат",
    "самовывоз",
    "оплат",
    "пишите",
    "звоните",
    "тел.",
    "телефон",
    "sku",
    "item number",
    "country",
    "manufacturer",
    "brand",
    "model",
    "package",
    "color may",
    "colour may",
    "may vary",
    "please note",
    "note",
    "keep out of reach",
    "not suitable",
    "ingredients",
    "welcome",
    "thank you",
    "feedback",
    "shipping",
    "contact us",
    "returns",
    "made in",
];
const RU_NEUTRAL: [&str; 4] = [
    "Рассмотрите каждую деталь",
    "Посмотрите со всех сторон",
    "Обратите внимание на детали",
    "Оцените форму и цвет",
];
const EN_NEUTRAL: [&str; 4] = [
    "Look at every detail",
    "See it from every side",
    "Notice the little things",
    "Check the shape and the colour",
];

/// How much weaker than the strongest a benefit may be and still lead another video.
const RANGE: i32 = 8;
/// A phrase below this says nothing for the product.
const LEAST: i32 = 3;

/// The benefit line for this video: the strongest for the first, the next ones for the others.
pub(super) fn benefit(phrases: &[Phrase], hook: &Hook, lang: Lang, variation: Variation) -> String {
    let hook_lower = hook.line.to_lowercase();
    // Score, line, line in lower case.
    let mut ranked: Vec<(i32, String, String)> = Vec::new();
    let main = Lang::detect(&phrases.iter().map(|phrase| phrase.text.as_str()).collect::<String>());
    let rest = Phrase { text: hook.rest.clone(), torn: false, part: true };
    let others = phrases.iter().enumerate().map(|(at, phrase)| (Some(at), phrase));
    for (at, phrase) in others.chain([(None, &rest)]) {
        let text = spec(line(&phrase.text));
        let lower = text.to_lowercase();
        let known = same(&lower, &hook_lower) || ranked.iter().any(|(_, _, other)| same(&lower, other));
        let taken = at.is_some() && at == hook.phrase;
        if taken || known || is_call(&phrase.text) || phrase.text.is_empty() {
            continue;
        }
        ranked.push((score(phrase, &text, &lower, main), text, lower));
    }
    // Stable: of equals, the one that the seller named first.
    ranked.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    let best = ranked.first().map_or(0, |(score, ..)| *score);
    ranked.retain(|(score, ..)| *score >= LEAST.max(best - RANGE));
    let turn = usize::try_from(variation.index).unwrap_or(0).checked_rem(ranked.len());
    if let Some((_, text, _)) = turn.and_then(|turn| ranked.get(turn)) {
        return text.clone();
    }
    let lines = match lang {
        Lang::Ru => &RU_NEUTRAL,
        Lang::En => &EN_NEUTRAL,
    };
    pick(lines, variation, "benefit").copied().unwrap_or(lines[0]).to_owned()
}

/// "Объём: 500 мл" reads better as "Объём 500 мл"; "Материал: сталь" keeps its colon.
fn spec(line: String) -> String {
    match line.split_once(": ") {
        Some((key, value))
            if value.starts_with(|c: char| c.is_ascii_digit()) && value.contains(char::is_alphabetic) =>
        {
            format!("{key} {value}")
        }
        _ => line,
    }
}

/// One line says what the other says, or is a part of it; both in lower case.
fn same(one: &str, other: &str) -> bool {
    one.contains(other) || other.contains(one)
}

fn score(phrase: &Phrase, text: &str, lower: &str, main: Lang) -> i32 {
    let words = text.split_whitespace().count();
    let starts: Vec<&str> = word_starts(lower).map(|at| &lower[at..]).collect();
    let said = |stem: &&&str| starts.iter().any(|rest| rest.starts_with(**stem));
    let praise = PRAISE.iter().filter(said).take(2).count();
    let dull = DULL.iter().any(|stem| said(&stem));
    let figures = text.split(|c: char| !c.is_ascii_digit()).filter(|figure| !figure.is_empty()).count();
    let length = match chars(text) {
        0..8 => -4,
        8..14 => 0,
        14..=GLANCE_CHARS => 2,
        _ => -1,
    };
    let points = [
        (lower.contains('%'), 3),
        (lower.contains(|c: char| c.is_ascii_digit()), 3),
        (["час", "hour", "дней", "days", "год", "year", "лет "].iter().any(|unit| lower.contains(unit)), 2),
        (figures >= 4, -8),
        (has_price(text), -5),
        (dull, -9),
        (phrase.torn, -6),
        (phrase.part, -1),
        (words == 1, -3),
        (text.contains(": "), -1),
        (text.ends_with('?'), -3),
        (Lang::detect(text) == main, 2),
        (Lang::detect(text) != main, -3),
        (lower.starts_with("вес ") || lower.starts_with("weight"), -3),
    ];
    let sum: i32 = points.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum();
    sum + length + 3 * i32::try_from(praise).unwrap_or(0)
}

/// Where words begin: at letters and figures that follow neither.
fn word_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut inside = false;
    text.char_indices().filter_map(move |(at, c)| {
        let begins = c.is_alphanumeric() && !inside;
        inside = c.is_alphanumeric();
        begins.then_some(at)
    })
}
