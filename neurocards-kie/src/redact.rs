//! What other sides say, fit to be kept and shown.

/// What stands in place of a web address.
const ADDRESS: &str = "<address>";
/// What stands in place of a secret.
const SECRET: &str = "<secret>";
/// Longer texts are cut before they are looked at; a [`Fault`](neurocards_core::Fault) keeps less.
const MAX_CHARS: usize = 2_000;

/// The text without web addresses, without the given secrets, on one line. Upload paths go too: they hold the number
/// of the account.
pub(crate) fn redact(text: &str, secrets: &[&str]) -> String {
    // Whole before it is cut, so that no half of a secret stays.
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, SECRET);
    }
    let text: String = text.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut bearer = false;
    let words = text.split_whitespace().map(|word| {
        let word =
            if std::mem::replace(&mut bearer, word.eq_ignore_ascii_case("bearer")) { SECRET } else { word };
        without_address(word)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A word in which an address begins keeps what stands before it, and the punctuation behind.
fn without_address(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    // Where the run of letters that may stand in a scheme or a host name begins.
    let run = |end: usize| {
        let before =
            lower[..end].rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'));
        before.map_or(0, |at| at + lower[at..].chars().next().map_or(1, char::len_utf8))
    };
    let schemed = lower.find("://").map(run);
    let bare = ["www.", "kieai/", "data:image"].iter().filter_map(|start| lower.find(start)).min();
    let hosted = lower.find('/').and_then(|slash| {
        let start = run(slash);
        // `tempfile.example.com/…` is an address; `and/or` and `kling-3.0/video` are not.
        let top = lower[start..slash].rsplit_once('.').map(|(_, top)| top);
        top.is_some_and(|top| top.len() > 1 && top.chars().all(|c| c.is_ascii_alphabetic())).then_some(start)
    });
    let Some(start) = [schemed, bare, hosted].into_iter().flatten().min() else { return word.to_owned() };
    let closing =
        |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '}' | '"' | '\'' | '>');
    let end = word.trim_end_matches(closing).len().max(start);
    format!("{}{ADDRESS}{}", &word[..start], &word[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_secrets_do_not_stay() {
        let check = |text: &str, expect: &str| assert_eq!(redact(text, &["s3cret-key"]), expect, "{text}");
        check("Internal Error, please try again later.", "Internal Error, please try again later.");
        check("could not fetch https://tempfile.example.com/kieai/77/a.jpg.", "could not fetch <address>.");
        check("see (http://x.example/?a=1&b=2), then", "see (<address>), then");
        check("\"url\":\"https://x.example/a\"", "\"url\":\"<address>\"");
        check("tempfile.example.com/kieai/77/a.jpg is gone", "<address> is gone");
        check("kieai/77/images/a.jpg is gone", "<address> is gone");
        check(
            "пришлите на ссылку:https://x.example/щ, пожалуйста",
            "пришлите на ссылку:<address>, пожалуйста",
        );
        check("key s3cret-key is wrong", "key <secret> is wrong");
        check("Authorization: Bearer abcdef0123", "Authorization: Bearer <secret>");
        check(
            "bytedance/seedance-1.5-pro and/or kling-3.0/video",
            "bytedance/seedance-1.5-pro and/or kling-3.0/video",
        );
        check("one\r\n\ttwo\u{1b}[2J", "one two [2J");
        check("data:image/png;base64,AAAA is too long", "<address> is too long");
        assert!(redact(&"x".repeat(10_000), &[]).len() <= MAX_CHARS);
    }
}
