//! Making a line of a phrase.

use super::super::Script;
use super::super::fit::{chars, fit};
use super::super::letters::is_letter;
use super::super::sentences::{clause_ends, firm_end, is_loose, is_opener};
use super::super::templates::capitalised;

/// A caption of at most this many characters is read at a glance.
pub(super) const GLANCE_CHARS: usize = 45;
/// A shorter piece of a phrase says too little.
const PIECE_MIN_CHARS: usize = 12;
/// Latin words that stay in capitals when a text in capitals is lowered.
const ACRONYMS: [&str; 21] = [
    "USB", "LED", "UV", "SPF", "TV", "PC", "HD", "RGB", "BPA", "XL", "XXL", "XXXL", "XS", "DIY", "EU", "UK",
    "USA", "GPS", "ABS", "PVC", "NFC",
];

/// The phrase as a line: at a glance where a part of it can stand alone, else whole up to the hard limit.
pub(super) fn line(phrase: &str) -> String {
    let glance = shorten(phrase, GLANCE_CHARS);
    let text = match glance {
        Some(text) => text.to_owned(),
        None if chars(phrase) <= Script::LINE_MAX_CHARS => phrase.to_owned(),
        None => shorten(phrase, Script::LINE_MAX_CHARS)
            .map_or_else(|| fit(phrase, Script::LINE_MAX_CHARS), ToOwned::to_owned),
    };
    capitalised(without_loose_end(neat_end(&text)))
}

/// Prepositions and conjunctions that the seller left at the end go too.
pub(super) fn without_loose_end(mut text: &str) -> &str {
    while let Some((rest, _)) = text.rsplit_once(' ').filter(|(_, last)| is_opener(last)) {
        text = neat_end(rest);
    }
    text
}

/// The longest beginning of the phrase, at most `max` characters, that can stand alone: the whole, some clauses, or
/// what comes before a preposition or a conjunction.
pub(super) fn shorten(phrase: &str, max: usize) -> Option<&str> {
    if chars(phrase) <= max {
        return Some(phrase);
    }
    let fits = |piece: &&str| (PIECE_MIN_CHARS..=max).contains(&chars(piece)) && stands_alone(piece);
    let mut clauses = clause_ends(phrase).into_iter().map(|at| neat_end(firm_end(&phrase[..at])));
    let clause = clauses.rfind(fits);
    clause.or_else(|| {
        let words = word_starts(phrase).filter(|at| is_opener(first_word(&phrase[*at..])));
        words.map(|at| neat_end(firm_end(&phrase[..at]))).filter(fits).last()
    })
}

/// False for pieces that a cut has robbed of their end: a bare number, an open bracket or quotation mark, one word.
fn stands_alone(piece: &str) -> bool {
    let last = piece.rsplit(char::is_whitespace).next().unwrap_or_default();
    let open = piece.matches('(').count() > piece.matches(')').count()
        || piece.matches('«').count() > piece.matches('»').count()
        || piece.matches('"').count() % 2 == 1;
    let numeric = last.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-'));
    !open && !numeric && !is_loose(last) && piece.contains(char::is_whitespace)
}

pub(super) fn word_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8())
}

pub(super) fn first_word(text: &str) -> &str {
    text.split(char::is_whitespace).next().unwrap_or_default()
}

/// Without the marks that a caption does not need at its end; `!` and `?` stay, once.
pub(super) fn neat_end(text: &str) -> &str {
    let kept = text.trim_end_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '.' | ',' | ';' | ':' | '—' | '–' | '-' | '…' | '/' | '!' | '?' | '+' | '=' | '&')
    });
    match text[kept.len()..].chars().find(|c| matches!(c, '!' | '?')) {
        Some(mark) if text[kept.len()..].starts_with(mark) => &text[..kept.len() + mark.len_utf8()],
        _ => kept,
    }
}

/// Words in capitals lowered: a whole phrase of them, three and more in a row, and long Russian words anywhere.
/// What stands in quotation marks keeps a capital, as names do.
pub(super) fn lowered(phrase: &str) -> String {
    let words: Vec<&str> = phrase.split(' ').collect();
    let capital: Vec<bool> = words.iter().map(|word| in_capitals(word)).collect();
    if !capital.contains(&true) {
        return phrase.to_owned();
    }
    let (upper, letters) = phrase
        .chars()
        .filter(|c| is_letter(*c))
        .fold((0_usize, 0_usize), |(upper, letters), c| (upper + usize::from(c.is_uppercase()), letters + 1));
    let shouted = letters >= 4 && upper * 10 >= letters * 7;
    let mut quoted = false;
    let mut kept = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let opens = word.starts_with(['"', '«', '“', '„']);
        quoted |= opens;
        let before = capital[..at].iter().rev().take_while(|capital| **capital).count();
        let run = before + capital[at..].iter().take_while(|capital| **capital).count();
        let lower = capital[at]
            && !is_code(word)
            && (shouted || run >= 3 || (is_russian(word) && letters_in(word) >= 5));
        kept.push(match lower {
            true if opens || (quoted && !is_russian(word)) => title(word),
            true => word.to_lowercase(),
            false => (*word).to_owned(),
        });
        quoted &= !word.trim_end_matches([',', '.', '!']).ends_with(['"', '»', '”']) || word.len() == 1;
    }
    kept.join(" ")
}

fn letters_in(word: &str) -> usize {
    word.chars().filter(|c| is_letter(*c)).count()
}

fn is_russian(word: &str) -> bool {
    word.chars().any(|c| matches!(c, 'А'..='я' | 'Ё' | 'ё'))
}

fn in_capitals(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| is_letter(*c)).peekable();
    letters.peek().is_some() && letters.all(char::is_uppercase)
}

/// `X15`, `USB`: capitals that are not shouting.
fn is_code(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    !is_russian(word) && (bare.chars().any(|c| c.is_ascii_digit()) || ACRONYMS.contains(&bare))
}

/// The word lowered but for its first letter, whatever stands before it.
fn title(word: &str) -> String {
    let lower = word.to_lowercase();
    let start = lower.find(char::is_alphabetic).unwrap_or(0);
    format!("{}{}", &lower[..start], capitalised(&lower[start..]))
}

/// The phrase with its first word lowered, to stand inside a line; names and foreign words keep their capitals.
pub(super) fn inside(phrase: &str) -> String {
    let first = first_word(phrase);
    let mut rest = first.chars();
    let plain = rest.next().is_some_and(char::is_uppercase)
        && rest.clone().next().is_some()
        && rest.all(|c| !c.is_uppercase() && !c.is_ascii_digit());
    let next = phrase[first.len()..].split_whitespace().next().unwrap_or_default();
    let named = next.starts_with(char::is_uppercase) && !next.chars().all(|c| !c.is_lowercase());
    let latin = first.chars().any(|c| c.is_ascii_alphabetic());
    let foreign = latin && phrase.chars().any(|c| matches!(c, 'А'..='я'));
    if plain && !named && !foreign {
        format!("{}{}", first.to_lowercase(), &phrase[first.len()..])
    } else {
        phrase.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_becomes_a_line() {
        let check = |phrase: &str, expect: &str| assert_eq!(line(phrase), expect, "{phrase:?}");
        check("держит тепло 12 часов.", "Держит тепло 12 часов");
        check(
            "Сохраняет тепло до 12 часов благодаря двойным стенкам из нержавеющей стали",
            "Сохраняет тепло до 12 часов",
        );
        check("Надоело мёрзнуть?!", "Надоело мёрзнуть?");
        check(
            "Keeps drinks cold for 24 hours thanks to double-wall insulation",
            "Keeps drinks cold for 24 hours",
        );
        check(
            "Подходит детям от 3 до 10 лет и взрослым, которые любят собирать",
            "Подходит детям от 3 до 10 лет и взрослым",
        );
        check(&"а".repeat(200), &format!("А{}", "а".repeat(89)));
    }

    #[test]
    fn capitals_are_lowered() {
        let check = |phrase: &str, expect: &str| assert_eq!(lowered(phrase), expect, "{phrase:?}");
        check("ТЕРМОКРУЖКА С КРЫШКОЙ", "термокружка с крышкой");
        check("WIRELESS USB FAN", "wireless USB fan");
        check("Лампа LED для дома", "Лампа LED для дома");
        check("ВНИМАНИЕ на размер", "внимание на размер");
        check("Наушники TWS X15", "Наушники TWS X15");
        check(
            "HANDMADE SOY CANDLE \"QUIET FOREST\" - burns long",
            "handmade soy candle \"Quiet Forest\" - burns long",
        );
        check("КРЕМ «ОБЛЕПИХА» 75 МЛ", "крем «Облепиха» 75 мл");
    }

    #[test]
    fn a_name_is_lowered_inside_a_line() {
        let check = |phrase: &str, expect: &str| assert_eq!(inside(phrase), expect, "{phrase:?}");
        check("Термокружка 500 мл", "термокружка 500 мл");
        check("Samsung Galaxy Buds", "Samsung Galaxy Buds");
        check("Xiaomi чайник", "Xiaomi чайник");
        check("Steel water bottle", "steel water bottle");
        check("USB-лампа", "USB-лампа");
    }
}
