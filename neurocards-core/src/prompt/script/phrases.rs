//! From a description as marketplaces know it to a list of phrases.

use super::super::clean::is_emoji;
#[cfg(test)]
use super::super::clean::scrubbed;
use super::super::contacts::TORN;
use super::super::fit::chars;
use super::super::letters::{is_letter, is_word, lower};
use super::super::sentences::{clause_ends, firm_end, is_loose, sentences};
use super::line::{lowered, neat_end, without_loose_end};
use super::old::without_old;
use super::tongue::{is_near, readable};

/// One statement of the description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    /// Plain text on one line, its capitals lowered, no loose marks at its end.
    pub(super) text: String,
    /// True when a link or a number was taken out of it: it may point at nothing.
    pub(super) torn: bool,
    /// True when it is a part of a longer phrase.
    pub(super) part: bool,
}

/// Keys and lines that only announce what follows.
const HEADINGS: &[&str] = &[
    "характеристики",
    "основные характеристики",
    "технические характеристики",
    "преимущества",
    "наши преимущества",
    "особенности",
    "описание",
    "описание товара",
    "о товаре",
    "о продукте",
    "подробнее",
    "состоит из",
    "достоинства",
    "плюсы",
    "почему мы",
    "почему выбирают нас",
    "применение",
    "внимание",
    "важно",
    "features",
    "key features",
    "specs",
    "specifications",
    "description",
    "product description",
    "about",
    "about this item",
    "details",
    "benefits",
    "advantages",
    "highlights",
    "note",
    "why you'll love it",
    "что вы получите",
    "для кого",
    "как использовать",
    "how to use",
];
/// Keys whose value is the name of the product.
const NAME_KEYS: &[&str] =
    &["название", "наименование", "товар", "продукт", "name", "product", "product name", "title"];

/// The phrases of a description in their order. Nothing in it is empty.
#[cfg(test)]
pub(super) fn phrases(description: &str) -> Vec<Phrase> {
    phrases_of(&scrubbed(description))
}

/// The phrases of a text without markup and contacts.
pub(super) fn phrases_of(text: &str) -> Vec<Phrase> {
    let mut found = Vec::new();
    for segment in readable(text).lines().flat_map(segments) {
        for sentence in sentences(unheaded(without_bullet(&segment))) {
            push(&mut found, sentence);
        }
    }
    found
}

/// A line parted at emoji that serve as bullets; other emoji become spaces.
fn segments(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if !is_emoji(c) {
            parts.last_mut().into_iter().for_each(|part| part.push(c));
            continue;
        }
        let mut bullet = is_bullet(c);
        while let Some(next) = chars.next_if(|next| is_emoji(*next) || next.is_whitespace()) {
            bullet |= is_bullet(next);
        }
        if bullet || chars.peek().is_none_or(|next| next.is_uppercase() || next.is_ascii_digit()) {
            parts.push(String::new());
        } else {
            parts.last_mut().into_iter().for_each(|part| part.push(' '));
        }
    }
    parts.retain(|part| part.contains(is_word));
    parts
}

fn is_bullet(c: char) -> bool {
    matches!(c,
        '\u{b7}' | '\u{2022}' | '\u{2023}' | '\u{2190}'..='\u{21ff}' | '\u{25a0}'..='\u{25ff}' | '\u{2605}' | '\u{2606}' | '\u{2611}'
        | '\u{2705}' | '\u{2713}'..='\u{2718}' | '\u{2794}' | '\u{27a1}' | '\u{27a4}' | '\u{2b50}' | '\u{1f449}' | '\u{1f525}'
        | '\u{1f538}' | '\u{1f539}')
}

/// Without `-`, `1.`, `2)` and quotation marks in front.
fn without_bullet(line: &str) -> &str {
    let line = line.trim_start_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '-' | '—' | '–' | '*' | '+' | '.' | ',' | ';' | ':' | '!' | '=' | '>' | ')')
    });
    let digits = line.chars().take_while(char::is_ascii_digit).count();
    let rest = &line[digits..];
    let numbered = (1..=2).contains(&digits)
        && (rest.starts_with(") ")
            || rest.strip_prefix(". ").is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())));
    if numbered { rest[2..].trim_start() } else { line }
}

/// Without a heading in front; a line that is only a heading becomes empty.
fn unheaded(line: &str) -> &str {
    let is_heading = |text: &str| chars(text) <= 40 && HEADINGS.contains(&lower(text.trim()).as_str());
    let bare = line.trim().trim_end_matches(['.', '!', ':']);
    if is_heading(bare) || (line.trim().ends_with(':') && chars(line) <= 60) {
        return "";
    }
    match line.split_once(':') {
        Some((key, value)) if is_heading(key) || NAME_KEYS.contains(&key.trim().to_lowercase().as_str()) => {
            value.trim_start()
        }
        _ => line,
    }
}

fn push(found: &mut Vec<Phrase>, sentence: &str) {
    if sentence.contains(is_near) {
        return;
    }
    let torn = sentence.contains(TORN);
    for piece in sentence.split(TORN).flat_map(without_old) {
        let piece = piece.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '—' | '–' | ')')
        });
        let piece = if torn { firm_end(piece) } else { piece };
        let text = without_loose_end(&tidy(piece)).to_owned();
        if text.contains(is_letter) && !text.split(' ').all(is_loose) {
            found.push(Phrase { text: text.clone(), torn, part: false });
            found.extend(clauses(&text).into_iter().map(|text| Phrase { text, torn, part: true }));
        }
    }
}

/// The later clauses of a phrase that lists several things; the first clause is what the phrase is cut to anyway.
fn clauses(phrase: &str) -> Vec<String> {
    let ends = clause_ends(phrase);
    let commas: Vec<usize> = ends.into_iter().filter(|at| phrase[*at..].starts_with([',', ';'])).collect();
    let bounds = commas.iter().copied().zip(commas.iter().skip(1).copied().chain([phrase.len()]));
    let pieces: Vec<&str> = bounds.map(|(start, end)| phrase[start + 1..end].trim()).collect();
    let listed = pieces.iter().all(|piece| chars(piece) <= 45 && !starts_loosely(piece));
    if !listed {
        return Vec::new();
    }
    let lone = |piece: &&&str| piece.contains(char::is_whitespace) && piece.contains(char::is_alphabetic);
    pieces.iter().filter(lone).map(|piece| tidy(piece)).collect()
}

/// A clause that hangs on the one before it.
fn starts_loosely(clause: &str) -> bool {
    let first = clause.split_whitespace().next().unwrap_or_default();
    let lower = first.to_lowercase();
    let joins =
        ["котор", "чтоб", "поэтому", "потому", "где", "если", "ведь", "зато", "which", "so", "then", "even"];
    is_loose(first) && !matches!(lower.as_str(), "без" | "для" | "не" | "no" | "without" | "from")
        || joins.iter().any(|join| lower.starts_with(join))
}

/// Capitals lowered, marks doubled by zeal made single, quotation marks in the language's own shape or none.
fn tidy(text: &str) -> String {
    let words = lowered(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut kept = String::with_capacity(words.len());
    for c in words.chars() {
        let again = matches!(c, '!' | '?' | ',' | '-' | '"') && kept.ends_with(c);
        if !again {
            kept.push(match c {
                '“' | '”' | '„' => '"',
                c => c,
            });
        }
    }
    let kept = quoted(&kept);
    let kept = [" ,", " .", " !", " ?", " ;", " :"]
        .iter()
        .fold(kept, |kept, gap| if kept.contains(gap) { kept.replace(gap, gap.trim_start()) } else { kept });
    neat_end(&kept).to_owned()
}

/// Straight quotation marks to «Russian» ones in a Russian phrase; unpaired ones go.
fn quoted(text: &str) -> String {
    let pairs =
        text.matches('"').count().is_multiple_of(2) && text.matches('«').count() == text.matches('»').count();
    let russian = text.chars().any(|c| matches!(c, 'А'..='я'));
    let mut open = false;
    let mut shaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '«' | '»' if !pairs => {}
            '"' if russian => {
                open = !open;
                shaped.push(if open { '«' } else { '»' });
            }
            c => shaped.push(c),
        }
    }
    shaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_read() {
        let check = |description: &str, expect: &[&str]| {
            let found: Vec<String> = phrases(description).into_iter().map(|phrase| phrase.text).collect();
            assert_eq!(found, expect, "{description:?}");
        };
        check(
            "Кружка.\nХарактеристики:\n• Объём: 500 мл\n2) не бьётся",
            &["Кружка", "Объём: 500 мл", "не бьётся"],
        );
        check("✅ Не протекает ✅ держит тепло 12 часов", &["Не протекает", "держит тепло 12 часов"]);
        check("Название: Кружка \"Утро\"", &["Кружка «Утро»"]);
        check("Купите тут: https://example.ru", &["Купите тут"]);
        check("🔥🔥🔥", &[]);
        check(
            "Кожаный рюкзак, 20 литров, без запаха",
            &["Кожаный рюкзак, 20 литров, без запаха", "20 литров", "без запаха"],
        );
        check("Рюкзак, который не намокает", &["Рюкзак, который не намокает"]);
    }
}
