//! The line that says why to want the product.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::Variation;
use super::super::fit::chars;
use super::super::letters::{is_word, lower};
use super::super::sentences::{clause_ends, firm_end};
use super::super::variety::pick;
use super::Reading;
use super::call::is_call;
use super::hook::Hook;
use super::line::{GLANCE_CHARS, line};
use super::phrases::Phrase;
use super::price::price_at;
use super::tongue::Tongue;
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
/// Beginnings of figures that are no reason to buy.
const MEASURES: [&str; 10] =
    ["вес ", "высота", "длина", "ширина", "толщина", "диаметр", "weight", "height", "length", "diameter"];
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
/// An order has fewer videos; more need not be compared with each other.
const MOST: usize = 40;
/// A phrase below this says nothing for the product.
const LEAST: i32 = 3;

/// A benefit with the measure of the product may be this long.
const SIZED_CHARS: usize = GLANCE_CHARS + 15;

/// The benefit line for this video: the strongest for the first, the next ones for the others; with the measure of
/// the product where it fits.
pub(super) fn benefit(reading: &Reading, hook: &Hook, lang: Lang, variation: Variation) -> String {
    let ranked = ranked(reading, &hook.line, hook);
    let turn = usize::try_from(variation.index).unwrap_or(0).checked_rem(ranked.len());
    let line = turn.and_then(|turn| ranked.into_iter().nth(turn)).unwrap_or_else(|| {
        let lines = match lang {
            Lang::Ru => &RU_NEUTRAL,
            Lang::En => &EN_NEUTRAL,
        };
        pick(lines, variation, "benefit").copied().unwrap_or(lines[0]).to_owned()
    });
    match &reading.size {
        Some(size) if !says(&line, size) && !says(&hook.line, size) => {
            let sized = format!("{} • {size}", line.trim_end_matches('.'));
            if chars(&sized) <= SIZED_CHARS { sized } else { line }
        }
        _ => line,
    }
}

/// The phrases that speak for the product, the strongest first, no two alike.
fn ranked(reading: &Reading, hook_line: &str, hook: &Hook) -> Vec<String> {
    let phrases = &reading.phrases;
    let main = Lang::detect(&phrases.iter().map(|phrase| phrase.text.as_str()).collect::<String>());
    let rest = Phrase { text: hook.rest.clone(), torn: false, part: true };
    let others =
        phrases.iter().enumerate().filter(|(at, _)| Some(*at) != hook.phrase).map(|(_, phrase)| phrase);
    let mut scored: Vec<(usize, i32, String, String)> = Vec::new();
    for (at, phrase) in others.chain([&rest]).enumerate() {
        let said = before_price(&phrase.text);
        let text = spec(line(said));
        let bare =
            reading.size.as_ref().is_some_and(|size| text.len() <= size.len() + 2 && says(size, &text));
        if bare || text.is_empty() || is_call(&phrase.text) {
            continue;
        }
        let lower = lower(&text);
        scored.push((at, score(phrase, &text, &lower, main), text, lower));
    }
    // Stable: of equals, the one that the seller named first.
    scored.sort_by_key(|(_, score, ..)| std::cmp::Reverse(*score));
    let best = scored.first().map_or(0, |(_, score, ..)| *score);
    let least = if reading.tongue == Tongue::Known { LEAST.max(best - RANGE) } else { best - RANGE };
    scored.retain(|(_, score, ..)| *score >= least);
    scored.truncate(MOST);
    // Of two that say the same, the one that the seller named first stays.
    scored.sort_by_key(|(at, ..)| *at);
    let mut said = vec![lower(hook_line)];
    scored.retain(|(.., lower)| {
        let fresh = !said.iter().any(|other| same(lower, other));
        if fresh {
            said.push(lower.clone());
        }
        fresh
    });
    scored.sort_by_key(|(_, score, ..)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, _, text, _)| text).collect()
}

/// The clauses in front of a price; the price itself stands in the call.
fn before_price(text: &str) -> &str {
    let Some(sum) = price_at(text) else { return text };
    let clause = clause_ends(text).into_iter().rfind(|at| *at < sum.start);
    clause.map_or("", |at| firm_end(&text[..at]))
}

/// The line names the measure, however it is spaced.
fn says(line: &str, size: &str) -> bool {
    let plain = |text: &str| lower(&text.split_whitespace().collect::<String>());
    line.contains(|c: char| c.is_ascii_digit()) && plain(line).contains(&plain(size))
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
    if one.len() < other.len() { other.contains(one) } else { one.contains(other) }
}

fn score(phrase: &Phrase, text: &str, lower: &str, main: Lang) -> i32 {
    let words = text.split_whitespace().count();
    let praise = PRAISE_STEMS.count(lower, 2);
    let dull = DULL_STEMS.count(lower, 1) > 0;
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
        (dull, -9),
        (phrase.torn, -6),
        (phrase.part, -1),
        (words == 1, -3),
        (text.contains(": "), -1),
        (text.ends_with('?'), -3),
        (Lang::detect(text) == main, 2),
        (Lang::detect(text) != main, -3),
        (MEASURES.iter().any(|measure| lower.starts_with(measure)), -4),
    ];
    let sum: i32 = points.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum();
    sum + length + 3 * praise
}

static PRAISE_STEMS: LazyLock<Stems> = LazyLock::new(|| Stems::of(PRAISE));
static DULL_STEMS: LazyLock<Stems> = LazyLock::new(|| Stems::of(DULL));

/// Stems by their first letter: a long description has hundreds of words.
struct Stems(HashMap<char, Vec<&'static str>>);

impl Stems {
    fn of(list: &[&'static str]) -> Self {
        let mut stems: HashMap<char, Vec<&'static str>> = HashMap::new();
        for stem in list {
            if let Some(first) = stem.chars().next() {
                stems.entry(first).or_default().push(stem);
            }
        }
        Self(stems)
    }

    /// How many different stems begin words of the text, up to `most`.
    fn count(&self, text: &str, most: usize) -> i32 {
        let mut said: Vec<&str> = Vec::new();
        let mut inside = false;
        for (at, c) in text.char_indices() {
            let begins = is_word(c) && !inside;
            inside = is_word(c);
            let stems = if begins { self.0.get(&c) } else { None };
            let fresh = stems.into_iter().flatten().filter(|stem| text[at..].starts_with(**stem));
            for stem in fresh {
                if said.len() < most && !said.contains(stem) {
                    said.push(stem);
                }
            }
        }
        i32::try_from(said.len()).unwrap_or(0)
    }
}
