//! Which languages the lines can be made in, and which letters they can show.

use serde::Serialize;

use super::super::Script;
use super::super::contacts::TORN;

/// What the captions of a description lack; the seller should know before paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "warning", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CaptionWarning {
    /// Captions cannot show the letters of the description: they are general phrases, with its price if it names one.
    #[error("captions cannot show the letters of this description: general phrases stand in")]
    Unreadable,
    /// Some words have letters that captions cannot show; what has such letters is left out.
    #[error("captions leave out the words of this description that have letters they cannot show")]
    Partly,
    /// There are signs and no letter or digit: the captions are general phrases.
    #[error("the description has no words: general phrases stand in")]
    NoWords,
    /// Neither Russian nor English: the captions are pieces of the description as it stands.
    #[error("the description is neither Russian nor English: captions repeat its own words")]
    OtherLanguage,
}

/// How far the rules can read a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Russian or English.
    Known,
    /// Another language in letters that captions have.
    Other,
    /// Letters that captions lack.
    Unreadable,
}

/// Frequent short words of languages in Latin letters, none of them English.
const OTHER_WORDS: &[&str] = &[
    "und", "der", "das", "mit", "für", "aus", "ist", "nicht", "von", "ein", "eine", "zum", "zur", "aber",
    "auch", "et", "le", "la", "les", "des", "avec", "pour", "sans", "une", "est", "dans", "du", "el", "los",
    "las", "con", "para", "una", "sin", "por", "que", "del", "es", "il", "di", "della", "per", "senza",
    "nel", "com", "um", "uma", "sem", "não", "na", "dla", "jest", "bez", "oraz", "się", "en", "het", "een",
    "met", "voor", "van", "zonder", "ve", "için", "ile", "bir", "och", "för", "med", "som", "og", "til",
    "av", "uchun", "bilan", "va",
];
/// Frequent short words of English.
const ENGLISH_WORDS: &[&str] = &[
    "the", "and", "with", "for", "of", "to", "a", "an", "is", "are", "your", "you", "it", "from", "on",
    "this", "that", "not", "or", "by", "at", "as", "without", "no", "up", "our",
];

impl Script {
    /// What the seller should know about the captions of this description; nothing when they can say what it says.
    #[must_use]
    pub fn warning(description: &str) -> Option<CaptionWarning> {
        if !description.trim().is_empty() && !description.chars().any(char::is_alphanumeric) {
            return Some(CaptionWarning::NoWords);
        }
        match tongue(description) {
            Tongue::Unreadable => Some(CaptionWarning::Unreadable),
            _ if description.chars().any(is_lacking) => Some(CaptionWarning::Partly),
            Tongue::Other => Some(CaptionWarning::OtherLanguage),
            Tongue::Known => None,
        }
    }

    /// True for letters that captions can show: Latin of European languages, and Cyrillic of Slavic ones.
    #[must_use]
    pub fn draws(letter: char) -> bool {
        matches!(letter,
            'A'..='Z' | 'a'..='z' | 'ª' | 'µ' | 'º' | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ſ' | 'ẞ' | 'Ѐ'..='џ' | 'Ґ' | 'ґ')
    }
}

/// Letters of an alphabet that captions lack; signs and emoji are none.
fn is_lacking(c: char) -> bool {
    !c.is_ascii() && !Script::draws(c) && c.is_alphabetic()
}

/// Latin and Cyrillic letters that captions lack: without them the words around say nothing.
pub(super) fn is_near(c: char) -> bool {
    matches!(c, 'ƀ'..='ɏ' | 'Ѡ'..='ԯ' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
        && is_lacking(c)
}

/// The text without the words of far alphabets; [`TORN`] stands where they were.
pub(super) fn readable(text: &str) -> String {
    if !text.chars().any(is_lacking) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_lacking(c) && !is_near(c) { TORN } else { c }).collect()
}

pub(super) fn tongue(description: &str) -> Tongue {
    let (mut shown, mut lacking, mut russian, mut cyrillic) = (0_usize, 0_usize, 0_usize, 0_usize);
    for c in description.chars() {
        shown += usize::from(Script::draws(c));
        lacking += usize::from(is_lacking(c));
        russian += usize::from(matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё'));
        cyrillic += usize::from(matches!(c, 'Ѐ'..='џ' | 'Ґ' | 'ґ'));
    }
    let words = || description.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let lost = if lacking == 0 { 0 } else { words().filter(|word| word.contains(is_near)).count() };
    if lacking > shown || (lost > 0 && lost * 4 > words().count()) {
        Tongue::Unreadable
    } else if cyrillic * 2 > shown {
        // A letter or two may be a slip of the keyboard.
        if (cyrillic - russian) * 50 > cyrillic { Tongue::Other } else { Tongue::Known }
    } else if is_english(description) {
        Tongue::Known
    } else {
        Tongue::Other
    }
}

/// False when words and letters speak for another language in Latin letters.
fn is_english(description: &str) -> bool {
    let (mut english, mut other) = (0, 0);
    for word in description.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        english += 2 * usize::from(ENGLISH_WORDS.contains(&word.as_str()));
        other += 2 * usize::from(OTHER_WORDS.contains(&word.as_str()));
        other += usize::from(word.contains(|c: char| matches!(c, 'ß'..='ſ')));
    }
    other < 2 || other <= english
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shown_is_told() {
        let check = |text: &str, expect: Option<CaptionWarning>| {
            assert_eq!(Script::warning(text), expect, "{text:?}")
        };
        check("Кружка 350 мл, держит тепло", None);
        check("Coffee mug, 350 ml. Café style", None);
        check("Mug", None);
        check("350", None);
        check("…", Some(CaptionWarning::NoWords));
        check("☕ — ☕!", Some(CaptionWarning::NoWords));
        check("Mug 🔥 5 ₽", None);
        check("Kaffeetasse für zwei, mit Untertasse", Some(CaptionWarning::OtherLanguage));
        check("Tasse à café en céramique, avec soucoupe", Some(CaptionWarning::OtherLanguage));
        check("Чашка для кави, тримає тепло дві години", Some(CaptionWarning::OtherLanguage));
        check("Кофеге арналған кесе, екі сағат жылуды сақтайды", Some(CaptionWarning::Unreadable));
        check("陶瓷咖啡杯 350ml", Some(CaptionWarning::Unreadable));
        check("كوب قهوة من السيراميك", Some(CaptionWarning::Unreadable));
        check("Ceramic coffee cup 咖啡杯", Some(CaptionWarning::Partly));
    }
}
