//! The line that catches the eye, and the name of the product.

use super::super::Variation;
use super::super::fit::chars;
use super::super::sentences::{clause_ends, firm_end, is_loose, is_opener};
use super::super::templates::capitalised;
use super::super::variety::pick;
use super::Reading;
use super::line::{first_word, inside, line, shorten, word_starts};
use super::phrases::Phrase;
use super::price::price_at;
use super::tongue::Tongue;
use crate::brief::Lang;

/// The hook, and which phrase it took.
#[derive(Debug)]
pub(super) struct Hook {
    pub(super) line: String,
    /// The phrase that the line was made of.
    pub(super) phrase: Option<usize>,
    /// What the phrase says after the name; may be empty.
    pub(super) rest: String,
}

/// A hook around a name may be a little longer than what is read at a glance.
const HOOK_CHARS: usize = 50;

/// Lines around a name. The name stands in the nominative in all of them. `^` asks for its capital.
const RU: [&str; 6] = [
    "Встречайте: {}",
    "Знакомьтесь: {}",
    "Вот это находка: {}",
    "^{}: смотрите вблизи",
    "^{} — рассмотрим поближе",
    "Смотрите: {}",
];
const EN: [&str; 6] = [
    "Meet the {}",
    "Look at this: {}",
    "Say hello to the {}",
    "^{}, up close",
    "^{}: see it in action",
    "Found it: {}",
];
const RU_NAMELESS: [&str; 4] =
    ["Вы только посмотрите", "Присмотритесь поближе", "Смотрите, что у нас есть", "Хотите увидеть вблизи?"];
const EN_NAMELESS: [&str; 4] =
    ["Take a closer look", "You have to see this", "Look what we have here", "Want to see it up close?"];

/// Greetings and shop talk that come before the product.
const PREAMBLE: &[&str] = &[
    "добро пожаловать",
    "здравствуйте",
    "привет",
    "добрый день",
    "дорогие",
    "уважаемые",
    "рады приветствовать",
    "спасибо",
    "акция",
    "новинка",
    "хит продаж",
    "хит",
    "распродажа",
    "скидк",
    "в наличии",
    "внимание",
    "топ продаж",
    "супер",
    "в подарок",
    "welcome",
    "hello",
    "hi",
    "dear",
    "thank you",
    "sale",
    "new",
    "best seller",
    "bestseller",
    "hot sale",
    "in stock",
    "attention",
    "price",
    "цена",
    "стоимость",
];
/// First words and stems of statements that are not names.
const STATEMENT_STARTS: &[&str] = &[
    "мы",
    "вы",
    "наш",
    "наша",
    "наши",
    "ваш",
    "это",
    "если",
    "когда",
    "хотите",
    "ищете",
    "надоел",
    "устали",
    "больше",
    "теперь",
    "почему",
    "как",
    "продаю",
    "продам",
    "продается",
    "продаётся",
    "предлагаем",
    "забудьте",
    "подарите",
    "купите",
    "сделайте",
    "не",
    "we",
    "you",
    "your",
    "our",
    "this",
    "these",
    "it",
    "if",
    "when",
    "are",
    "is",
    "do",
    "does",
    "tired",
    "looking",
    "keep",
    "keeps",
    "stay",
    "make",
    "get",
    "buy",
    "forget",
    "why",
    "how",
    "discover",
    "enjoy",
    "never",
    "say",
    "i",
    "my",
    "ignore",
    "upgrade",
];
/// Verbs that make a phrase a statement wherever they stand.
const VERBS: &[&str] = &[
    "держит",
    "подходит",
    "подходят",
    "подойдёт",
    "подойдет",
    "поможет",
    "создан",
    "создана",
    "сделан",
    "сделана",
    "станет",
    "хранит",
    "не",
    "keeps",
    "helps",
    "protects",
    "will",
    "lets",
    "is",
    "are",
    "makes",
    "burns",
    "lasts",
    "works",
    "fits",
    "holds",
    "gives",
];
/// Words in front of a name that are no part of it.
const INTRODUCTIONS: &[&str] = &[
    "представляем",
    "встречайте",
    "новинка",
    "introducing",
    "presenting",
    "meet",
    "the",
    "a",
    "an",
    "new:",
    "продукт",
];

/// The hook line for this video.
pub(super) fn hook(reading: &Reading, lang: Lang, variation: Variation) -> Hook {
    let Some(at) = reading.opening else {
        let lines = match lang {
            Lang::Ru => &RU_NAMELESS,
            Lang::En => &EN_NAMELESS,
        };
        return Hook {
            line: pick(lines, variation, "hook").copied().unwrap_or(lines[0]).to_owned(),
            phrase: None,
            rest: String::new(),
        };
    };
    let text = &reading.phrases[at].text;
    let name = name_in(text);
    let rest = name.map_or("", |(_, rest)| rest).to_owned();
    let line = match (name, reading.tongue) {
        (Some((name, _)), Tongue::Known) => around(name, lang, variation),
        // Russian or English words around the name would be a third language for the viewer.
        (Some((name, _)), _) => Some(line(name)),
        (None, _) => None,
    };
    Hook { line: line.unwrap_or_else(|| self::line(text)), phrase: Some(at), rest }
}

/// The first phrase that is about the product.
pub(super) fn opening(phrases: &[Phrase]) -> Option<usize> {
    let whole = || phrases.iter().enumerate().filter(|(_, phrase)| !phrase.part);
    let product =
        whole().find(|(_, phrase)| !is_preamble(&phrase.text) && !super::call::is_call(&phrase.text));
    product.or_else(|| whole().find(|(_, phrase)| !phrase.torn)).map(|(at, _)| at)
}

fn is_preamble(text: &str) -> bool {
    let lower = text.to_lowercase();
    let said = |start: &&&str| {
        lower
            .strip_prefix(**start)
            .is_some_and(|rest| !rest.starts_with(char::is_alphabetic) || **start == "скидк")
    };
    let Some(start) = PREAMBLE.iter().find(|start| said(start)) else { return false };
    // "New wireless speaker" is about the product; "New!" is not.
    let words = text.split_whitespace().count();
    !matches!(*start, "new" | "hit" | "хит" | "супер" | "новинка" | "акция")
        || words <= 2 && !text.contains(':')
}

/// The name in front of a phrase and what the phrase says after it: the name ends at the first comma, dash or
/// bracket, or before a verb. A statement has no name.
pub(super) fn name_in(phrase: &str) -> Option<(&str, &str)> {
    let text = introduced(phrase);
    let first = text
        .split(|c: char| !c.is_alphanumeric() && c != '-' && c != '\'')
        .find(|word| !word.is_empty())?
        .to_lowercase();
    let asks = ["йте", "ите", "руй"].iter().any(|end| first.ends_with(end));
    if text.ends_with(['!', '?']) || asks || STATEMENT_STARTS.contains(&first.as_str()) {
        return None;
    }
    let clause = clause_ends(text).first().copied().unwrap_or(text.len());
    let said = word_starts(text).find(|at| is_verb(first_word(&text[*at..]))).unwrap_or(text.len());
    let sum = price_at(text).map_or(text.len(), |at| at.start);
    let end = clause.min(said).min(firm_end(&text[..sum]).len());
    let (name, rest) = (text[..end].trim(), text[end..].trim_start_matches(|c: char| !c.is_alphanumeric()));
    let short = name.split_whitespace().count() <= 10 && !is_verb(first_word(text));
    (short && name.contains(char::is_alphabetic) && !is_loose(name.rsplit(' ').next()?))
        .then_some((name, rest))
}

/// The phrase without "Introducing the" and the like in front.
fn introduced(phrase: &str) -> &str {
    let mut text = phrase;
    while let Some((first, rest)) = text.split_once(' ') {
        if !INTRODUCTIONS.contains(&first.to_lowercase().trim_end_matches([':', ',', '!', '—'])) {
            break;
        }
        text = rest.trim_start_matches(['—', '–', '-', ':', ' ']);
    }
    text
}

/// A known verb, or a word that ends like a Russian verb in the present tense.
fn is_verb(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let ends = ["ает", "яет", "ует", "еет", "ают", "яют", "уют", "еют", "ется", "ится", "ются", "ятся"];
    VERBS.contains(&word.as_str()) || (chars(&word) >= 5 && ends.iter().any(|end| word.ends_with(end)))
}

/// The first word of a name, if it is a telling one and what follows only qualifies it: "Термокружка | с крышкой".
fn head(name: &str) -> Option<&str> {
    let (first, rest) = name.split_once(' ')?;
    (chars(first) >= 8 && is_opener(first_word(rest))).then_some(first)
}

/// A line around the name: the form for this video around as much of the name as it has room for and as stands alone,
/// or the next form that has more room.
fn around(name: &str, lang: Lang, variation: Variation) -> Option<String> {
    let lines = match lang {
        Lang::Ru => &RU,
        Lang::En => &EN,
    };
    let turn = |at: usize| Variation {
        index: variation.index.saturating_add(u32::try_from(at).unwrap_or(0)),
        ..variation
    };
    let forms: Vec<&str> = (0..lines.len()).filter_map(|at| pick(lines, turn(at), "hook")).copied().collect();
    let room = |form: &str| HOOK_CHARS.saturating_sub(chars(form.trim_start_matches('^')) - 2);
    let (form, name) = forms
        .iter()
        .find_map(|form| shorten(name, room(form)).or_else(|| head(name)).map(|name| (*form, name)))?;
    let (form, name) =
        form.strip_prefix('^').map_or_else(|| (form, inside(name)), |form| (form, capitalised(name)));
    Some(form.replace("{}", &name))
}
