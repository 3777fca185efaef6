//! Where sentences and clauses end, and which words cannot end one.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::letters::{is_word, lower};

/// Tokens whose full stop does not end a sentence.
const ABBREVIATIONS: [&str; 13] =
    ["т.е", "т.к", "напр", "арт", "№", "ул", "e.g", "i.e", "vs", "mr", "mrs", "dr", "no"];

/// Words that leave a phrase hanging when they come last: prepositions, conjunctions, articles, and words that
/// want a complement.
const LOOSE: &str = "\
    а без благодаря более в вместо во всего где для до его ее если её же за и из изготовлен изготовлена \
    изготовлено из-за из-под или им их к как когда ко который которая которое которые ли либо между \
    менее на над не ни но о об около от перед по под после подойдет подойдёт подходит подходят пока \
    позволяет потому предназначен предназначена при про против с самый самая самое сделан сделана \
    сделано со состоит среди так также то только у через чем что чтобы это этот эта эти является отлично \
    идеально прекрасно очень ваш ваша ваше ваши наш наша наше наши свой своя свои каждый каждая любой \
    любая любое a about also an and are as at be because but by comes designed each every for from has \
    have ideal if in into is its it's made most my no nor not of on onto or our over per perfect so \
    suitable than that the their these this those to under until up very when where which while who with \
    within without you your thanks great best only will can";

/// Words before which a phrase may be cut: what stands before them is usually complete.
const OPENERS: &str = "\
    а без благодаря в во для до за и из или который которая которое которые на но от по под при с со \
    через что чтобы and because but by during for from in or so thanks that to when which while with \
    without";

static LOOSE_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| LOOSE.split(' ').collect());
static OPENER_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| OPENERS.split(' ').collect());

fn bare(word: &str) -> String {
    lower(word.trim_matches(|c: char| !is_word(c)))
}

/// True when a phrase cannot end with this word.
pub(super) fn is_loose(word: &str) -> bool {
    let word = bare(word);
    word.is_empty() || LOOSE_WORDS.contains(word.as_str())
}

/// True when a phrase may be cut before this word.
pub(super) fn is_opener(word: &str) -> bool {
    // A single capital inside a phrase is a name: "витамин С".
    !word.starts_with(char::is_uppercase) && OPENER_WORDS.contains(bare(word).as_str())
}

/// The sentences of a text with their end marks, trimmed. A line break ends a sentence.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut start = 0;
        for (end, _) in line.char_indices().filter(|(at, _)| ends_sentence(line, *at)) {
            found.push(line[start..end].trim());
            start = end;
        }
        found.push(line[start..].trim());
    }
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// True when white space at `at` parts two sentences.
fn ends_sentence(line: &str, at: usize) -> bool {
    let (before, after) = line.split_at(at);
    if !after.starts_with(char::is_whitespace) {
        return false;
    }
    let core = before.trim_end_matches(['"', '\'', '»', '”', ')']);
    let ends = core.ends_with(['.', '!', '?', '…']);
    let next = after.trim_start().chars().next();
    if !ends || next.is_none_or(|c| c.is_lowercase() || matches!(c, '—' | '–' | '-')) {
        return false;
    }
    let mut words = core.split_whitespace().rev();
    let word = lower(words.next().unwrap_or_default());
    let stem = word.trim_end_matches('.');
    // A letter after a number is a unit: "200 g. Burns slowly".
    let unit = words.next().is_some_and(|word| word.ends_with(|c: char| c.is_ascii_digit()));
    let initial = stem.chars().count() == 1 && stem.chars().all(char::is_alphabetic) && !unit;
    // "1290 руб. 50 коп." is one sum.
    let coins = after.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
    let sum = matches!(stem, "руб" | "р") && lower(coins).trim_start().starts_with("коп");
    !(core.ends_with('.') && (initial || sum || ABBREVIATIONS.contains(&stem)))
}

/// Byte positions where a clause ends: before `, ; :` that are followed by white space, before a dash between
/// spaces, before an opening bracket.
pub(super) fn clause_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let mark = matches!(c, ',' | ';' | ':') && rest.starts_with(char::is_whitespace);
        let aside = c.is_whitespace()
            && (rest.starts_with('(')
                || ["— ", "– ", "- ", "| ", "/ "].iter().any(|dash| rest.starts_with(dash)));
        if mark || aside {
            ends.push(at);
        }
    }
    ends
}

/// Takes words that cannot end a phrase, and loose punctuation, off the end.
pub(super) fn firm_end(mut text: &str) -> &str {
    loop {
        text = text.trim_end_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | ':' | '—' | '–' | '-' | '(' | '/' | '|' | '«')
        });
        let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
        if last.len() == text.len() || !is_loose(last) {
            return text;
        }
        text = &text[..text.len() - last.len()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_found() {
        let check = |text: &str, expect: &[&str]| assert_eq!(sentences(text), expect, "{text:?}");
        check("One. Two! Three", &["One.", "Two!", "Three"]);
        check("Объём 1.5 л. Не протекает", &["Объём 1.5 л.", "Не протекает"]);
        check("Вес 500 г. Не протекает", &["Вес 500 г.", "Не протекает"]);
        check("Candle, 200 g. Burns slowly", &["Candle, 200 g.", "Burns slowly"]);
        check("a\nb", &["a", "b"]);
        check("Made by J. Smith. Nice", &["Made by J. Smith.", "Nice"]);
        check("1290 руб. 50 коп. за всё", &["1290 руб. 50 коп. за всё"]);
        check("Really?! Yes...", &["Really?!", "Yes..."]);
    }

    #[test]
    fn ends_are_made_firm() {
        let check = |text: &str, expect: &str| assert_eq!(firm_end(text), expect, "{text:?}");
        check("Держит тепло до", "Держит тепло");
        check("Держит тепло благодаря —", "Держит тепло");
        check("Perfect for the", "Perfect");
        check("A cup (", "A cup");
    }
}
