//! Texts from outside, made safe for a terminal.

/// Control and direction characters cannot reach the terminal; line breaks stay.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || is_plain(c) { c } else { '\u{fffd}' }).collect()
}

/// The same on one line.
pub(crate) fn clean_line(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { ' ' } else { c })
        .map(|c| if is_plain(c) { c } else { '\u{fffd}' })
        .collect()
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

fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{9b}0m"), "a\u{fffd}[2Jb\nc\u{fffd}0m");
        assert_eq!(clean_line("a\nb\r"), "a b\u{fffd}");
        let json = clean_json(&serde_json::to_string("a\u{9b}\u{202e}\u{1b}").unwrap());
        assert_eq!(json, r#""a\u009b\u202e\u001b""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "a\u{9b}\u{202e}\u{1b}");
    }
}
