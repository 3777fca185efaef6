//! What a server said, made fit for logs, tables and screens.

/// The text on one line, without addresses and without words that look like keys or ids of accounts. `secret` is the
/// key in use.
pub(crate) fn said(text: &str, secret: Option<&str>) -> String {
    let text: String = text.chars().take(4_000).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = text.split_whitespace().map(|word| match mask(word, secret) {
        Some(mask) => mask,
        None => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn mask(word: &str, secret: Option<&str>) -> Option<&'static str> {
    let bare = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let begins = |marks: &[&str]| marks.iter().any(|mark| bare.starts_with(mark));
    if word.contains("://") || begins(&["www."]) {
        Some("[address]")
    } else if secret.is_some_and(|secret| !secret.is_empty() && word.contains(secret))
        || begins(&["sk-", "sk_"])
        || word.contains("***")
    {
        Some("[key]")
    } else if begins(&["org-", "org_", "proj_", "user-"]) {
        Some("[account]")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_repeated() {
        let check = |text: &str, expect: &str| assert_eq!(said(text, Some("canary")), expect);
        check(
            "Incorrect API key provided: sk-abc***xyz. You can find",
            "Incorrect API key provided: [key] You can find",
        );
        check("bad\n\u{1b}[2Jkey=canary here", "bad [key] here");
        check(
            "Limit reached for gpt-6 in organization org-AbC on requests",
            "Limit reached for gpt-6 in organization [account] on requests",
        );
        check("See (https://example.com/account).", "See [address]");
        check("Unsupported parameter: 'max_tokens'", "Unsupported parameter: 'max_tokens'");
        assert_eq!(said("a key", Some("")), "a key");
    }
}
