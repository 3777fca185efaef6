//! Seller's text without markup, links, emoji and invisible characters.

use super::contacts::{TORN, without_contacts};
use super::sentences::sentences;

/// Markup and contacts taken out; emoji and [`TORN`] marks still in place.
pub(super) fn scrubbed(text: &str) -> String {
    let text: String = text.chars().filter(|c| *c == '\n' || !is_invisible(*c)).collect();
    let text = without_contacts(&without_tags(&text).replace("](", " ("));
    text.lines().map(without_markdown).collect::<Vec<_>>().join("\n")
}

/// The text as plain lines: every letter and figure as the seller wrote it, nothing that a provider could take for
/// markup or a link. May be empty.
pub(super) fn plain(text: &str) -> String {
    let text = scrubbed(text);
    let lines = text.lines().map(|line| {
        let whole = sentences(line)
            .into_iter()
            .filter(|sentence| !is_left_over(sentence))
            .collect::<Vec<_>>()
            .join(" ");
        let kept: String =
            whole.chars().map(|c| if c == TORN || is_emoji(c) { ' ' } else { straight(c) }).collect();
        let kept = kept.replace("()", " ");
        let line = kept.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = if line.matches('"').count() % 2 == 1 { line.replace('"', "") } else { line };
        [" ,", " .", " !", " ?", " ;", " :"]
            .iter()
            .fold(line, |line, gap| line.replace(gap, gap.trim_start()))
    });
    lines.filter(|line| line.contains(char::is_alphanumeric)).collect::<Vec<_>>().join("\n")
}

/// What remains of "See https://…" or "Вопросы: +7…" says nothing.
fn is_left_over(sentence: &str) -> bool {
    let words = sentence.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    sentence.contains(TORN) && words < 3
}

fn straight(c: char) -> char {
    match c {
        '“' | '”' | '„' => '"',
        '’' | '‘' | '´' => '\'',
        '‑' | '−' => '-',
        c => c,
    }
}

/// HTML tags: those that break lines become line breaks.
fn without_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        kept.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        let named = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let close =
            inside.find('>').filter(|close| named && *close <= 300 && !inside[..*close].contains('<'));
        match close {
            Some(close) => {
                let name = inside[..close].trim_start_matches('/').to_ascii_lowercase();
                let block =
                    ["br", "p", "li", "ul", "ol", "div", "h", "tr"].iter().any(|tag| name.starts_with(tag));
                kept.push(if block { '\n' } else { ' ' });
                rest = &inside[close + 1..];
            }
            None => {
                kept.push(' ');
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    let kept = if kept.contains('>') { kept.replace('>', " ") } else { kept };
    if !kept.contains('&') {
        return kept;
    }
    [("&nbsp;", " "), ("&amp;", "&"), ("&quot;", "\""), ("&lt;", " "), ("&gt;", " ")]
        .iter()
        .fold(kept, |kept, (entity, sign)| kept.replace(entity, sign))
}

/// Takes the signs of Markdown out of a line; an asterisk between figures is a multiplication sign, and one at the
/// start of a line is a bullet.
fn without_markdown(line: &str) -> String {
    let trimmed = line.trim_start_matches(|c: char| c.is_whitespace() || c == '#');
    let (bullet, rest) = match trimmed.strip_prefix("* ") {
        Some(rest) => ("- ", rest),
        None => ("", trimmed),
    };
    if !rest.contains(['*', '_', '|', '`', '~', '[', ']', '{', '}', '\\', '#']) {
        return format!("{bullet}{rest}");
    }
    let chars: Vec<char> = rest.chars().collect();
    let mut kept = String::from(bullet);
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
        let after = chars.get(at + 1).copied().unwrap_or(' ');
        match c {
            '*' if before.is_ascii_digit() && after.is_ascii_digit() => kept.push('×'),
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => kept.push('_'),
            '|' => kept.push('•'),
            '*' | '_' | '`' | '~' | '[' | ']' | '{' | '}' | '\\' | '#' => kept.push(' '),
            c => kept.push(*c),
        }
    }
    kept
}

fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Pictures, marks and private signs that captions and video models do not need.
pub(super) fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{b7}' | '\u{2022}' | '\u{2023}' | '\u{203c}' | '\u{2049}' | '\u{20d0}'..='\u{20ff}'
        | '\u{2100}'..='\u{2115}' | '\u{2117}'..='\u{214f}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{2bff}' | '\u{3030}'
        | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f000}'..='\u{1faff}'
        | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sellers_text_becomes_plain() {
        let check = |text: &str, expect: &str| assert_eq!(plain(text), expect, "{text:?}");
        check("**Кружка** `500` _мл_ 20*30 см", "Кружка 500 мл 20×30 см");
        check("<b>Cup</b><br>hot <3", "Cup\nhot 3");
        check("## Title\n* one\n* two", "Title\n- one\n- two");
        check("Купить её [тут](https://example.ru/x), быстро", "Купить её тут, быстро");
        check("Boil it. See https://example.com", "Boil it.");
        check("Сталь | 500 мл", "Сталь 500 мл");
        check("Кружка ☕️ новая 🔥🔥", "Кружка новая");
        check("She says “hi” and 'bye’", "She says \"hi\" and 'bye'");
        check("12\" screen", "12 screen");
        check("🔥🔥🔥", "");
        check("Товар № 5, +20 °C", "Товар № 5, +20 °C");
    }
}
