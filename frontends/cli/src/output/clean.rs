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

/// Most characters of a line in a message; whoever typed more than that knows what it was.
const LINE_MOST: usize = 1_000;
/// What stays of a longer one: its beginning and its end.
const LINE_HEAD: usize = 200;
const LINE_TAIL: usize = 100;

/// As [`clean`], with the middle of long lines left out.
pub(crate) fn clean_short(text: &str) -> String {
    clean(text).split('\n').map(shorten).collect::<Vec<_>>().join("\n")
}

fn shorten(line: &str) -> String {
    let count = line.chars().count();
    if count <= LINE_MOST {
        return line.to_owned();
    }
    let head: String = line.chars().take(LINE_HEAD).collect();
    let tail: String = line.chars().skip(count - LINE_TAIL).collect();
    format!("{head}…{tail}")
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
    fn a_long_line_keeps_its_ends() {
        assert_eq!(clean_short(&"я".repeat(1_000)), "я".repeat(1_000));
        let long = format!("invalid value '{}' for '--count'\n  [1]", "9".repeat(100_000));
        let short = clean_short(&long);
        assert!(
            short.starts_with("invalid value '99") && short.ends_with("' for '--count'\n  [1]"),
            "{short}"
        );
        assert_eq!(short.chars().count(), 301 + "\n  [1]".len());
    }

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
