//! What YooKassa said, made fit for logs, tables and screens.

/// Most characters that are kept.
const MOST_CHARS: usize = 300;

/// The text on one line, without the secret in use, without addresses.
pub(crate) fn said(text: &str, secret: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(4_000).collect();
    let words = text.split_whitespace().map(|word| match word {
        _ if !secret.is_empty() && word.contains(secret) => "[secret]",
        _ if word.starts_with("live_") || word.starts_with("test_") => "[secret]",
        _ if word.contains("://") => "[address]",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ").chars().take(MOST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_repeated() {
        let check = |text: &str, expect: &str| assert_eq!(said(text, "canary"), expect);
        check("Error in shopId\nor secret key", "Error in shopId or secret key");
        check("key=canary live_abc test_abc", "[secret] [secret] [secret]");
        check("See https://yookassa.ru/x", "See [address]");
        assert_eq!(said("a word", ""), "a word");
        assert_eq!(said(&"x".repeat(5_000), "canary").len(), MOST_CHARS);
    }
}
