//! Fitting a text to a character limit.

use unicode_segmentation::UnicodeSegmentation;

use super::sentences::{clause_ends, firm_end, sentences};

/// Shortens a text to at most `max_chars` characters: whole sentences while they fit, then whole clauses, then whole
/// words, never a word that cannot end a phrase.
///
/// A text that fits comes back as it is, without white space around. A clause or a piece of words is taken only when
/// whole sentences would leave more than half of the room empty. Only a single word longer than the limit is cut
/// inside, between graphemes. The result is empty only for an empty text, for a limit of 0, or when the first
/// grapheme alone is over the limit.
///
/// ```
/// use neurocards_core::fit;
///
/// assert_eq!(fit("A steel bottle. It keeps water cold.", 20), "A steel bottle.");
/// ```
#[must_use]
pub fn fit(text: &str, max_chars: usize) -> String {
    let text = text.trim();
    if chars(text) <= max_chars {
        return text.to_owned();
    }
    let mut end = 0;
    for sentence in sentences(text) {
        let sentence_end = offset(text, sentence) + sentence.len();
        if chars(&text[..sentence_end]) > max_chars {
            break;
        }
        end = sentence_end;
    }
    if chars(&text[..end]) * 2 >= max_chars && end > 0 {
        return text[..end].to_owned();
    }
    let window = &text[..byte_of_char(text, max_chars)];
    let clause = clause_ends(text)
        .into_iter()
        .rev()
        .map(|at| firm_end(&text[..at]))
        .find(|kept| kept.len() > end && kept.len() <= window.len() && chars(kept) * 2 >= max_chars);
    let kept = clause.or_else(|| by_words(text, window, end)).unwrap_or(&text[..end]);
    if kept.is_empty() { by_graphemes(window, text) } else { close(kept, end, max_chars) }
}

/// The longest piece of whole words inside `window`, longer than the `end` bytes that whole sentences give.
fn by_words<'a>(text: &'a str, window: &'a str, end: usize) -> Option<&'a str> {
    let cut_inside = text[window.len()..].starts_with(|c: char| !c.is_whitespace());
    let whole =
        if cut_inside { window.rfind(char::is_whitespace).map_or("", |at| &window[..at]) } else { window };
    Some(firm_end(whole)).filter(|kept| kept.len() > end)
}

/// A cut piece ends with a full stop when there is room for it, so that what follows starts a new sentence.
fn close(kept: &str, end: usize, max_chars: usize) -> String {
    let open = kept.len() > end && kept.ends_with(char::is_alphanumeric);
    if open && chars(kept) < max_chars { format!("{kept}.") } else { kept.to_owned() }
}

/// The graphemes of the first word that lie wholly inside the window.
fn by_graphemes(window: &str, text: &str) -> String {
    let whole = text
        .grapheme_indices(true)
        .map(|(at, grapheme)| at + grapheme.len())
        .take_while(|end| *end <= window.len());
    text[..whole.last().unwrap_or(0)].to_owned()
}

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

fn byte_of_char(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_it_may_be() {
        let check =
            |text: &str, max: usize, expect: &str| assert_eq!(fit(text, max), expect, "{text:?} at {max}");
        check("  short ", 100, "short");
        check("One two. Three four.", 20, "One two. Three four.");
        check("One two. Three four.", 15, "One two.");
        check("One. Two three four five, six seven eight", 30, "One. Two three four five.");
        check("Держит тепло до двенадцати часов", 16, "Держит тепло.");
        check("Держит тепло до двенадцати часов", 12, "Держит тепло");
        check("one two three", 9, "one two.");
        check("unbreakable", 4, "unbr");
        check("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}");
        check("anything", 0, "");
        check("", 5, "");
    }

    #[test]
    fn every_limit_is_kept() {
        let text =
            "Первая фраза, с уточнением. Second one is longer — and has a dash! Ещё: двоеточие (и скобки).";
        for max in 1..=100 {
            let fitted = fit(text, max);
            assert!(chars(&fitted) <= max && !fitted.is_empty(), "{max}: {fitted:?}");
        }
    }
}
