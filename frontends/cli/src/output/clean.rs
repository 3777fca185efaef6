//! Texts from outside, made safe for a terminal.

use std::path::Path;

/// Control and direction characters are escaped; line breaks stay.
pub(crate) fn clean(text: &str) -> String {
    escaped(text, |c| c == '\n')
}

/// The same on one line.
pub(crate) fn clean_line(text: &str) -> String {
    escaped(&text.replace('\n', " "), |_| false)
}

/// A path on one line. A line break in it is not a blank.
pub(crate) fn clean_path(path: &Path) -> String {
    escaped(&path.to_string_lossy(), |_| false)
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) || stays(c) {
            safe.push(c);
        } else {
            safe.extend(c.escape_default());
        }
    }
    safe
}

/// JSON that a terminal may see: what JSON leaves as it is and a terminal would obey is escaped.
pub(super) fn clean_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' || is_plain(c) {
            safe.push(c);
        } else {
            // All of them lie in the first plane.
            safe.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    safe
}

/// A character that a terminal only shows.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{9b}0m"), "a\\u{1b}[2Jb\nc\\u{9b}0m");
        assert_eq!(clean_line("a\nb\r"), "a b\\r");
        assert_eq!(clean_path(Path::new("Чашка \n\u{202e}")), "Чашка \\n\\u{202e}");
        let json = clean_json(&serde_json::to_string("a\u{9b}\u{202e}\u{1b}").unwrap());
        assert_eq!(json, r#""a\u009b\u202e\u001b""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "a\u{9b}\u{202e}\u{1b}");
    }
}
