//! The markup of messages, as the service reads it.

/// Tags that may stand in a message.
const TAGS: [&str; 12] = ["b", "strong", "i", "em", "u", "ins", "s", "del", "a", "code", "pre", "blockquote"];

/// The words of a text without its tags.
///
/// # Errors
/// What the service says to markup that it cannot read.
pub(super) fn words(html: &str) -> Result<String, String> {
    let (mut words, mut open, mut at) = (String::new(), Vec::new(), 0);
    while let Some(c) = html[at..].chars().next() {
        match c {
            '<' => {
                let end = html[at..]
                    .find('>')
                    .ok_or_else(|| format!("can't parse entities: Unclosed start tag at byte offset {at}"))?;
                let tag = &html[at + 1..at + end];
                let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
                if !TAGS.contains(&name) {
                    let what = format!("Unsupported start tag \"{name}\" at byte offset {at}");
                    return Err(format!("can't parse entities: {what}"));
                }
                if !tag.starts_with('/') {
                    open.push(name);
                } else if open.pop() != Some(name) {
                    return Err(format!("can't parse entities: Unexpected end tag at byte offset {at}"));
                }
                at += end + 1;
            }
            '&' => {
                let known = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')];
                let found = known.into_iter().find(|(entity, _)| html[at..].starts_with(entity));
                let (entity, c) = found.unwrap_or(("&", '&'));
                words.push(c);
                at += entity.len();
            }
            c => {
                words.push(c);
                at += c.len_utf8();
            }
        }
    }
    match open.last() {
        None => Ok(words),
        Some(tag) => {
            Err(format!("can't parse entities: Can't find end tag corresponding to start tag \"{tag}\""))
        }
    }
}

/// Length as the service counts it: in UTF-16.
pub(super) fn length(words: &str) -> usize {
    words.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_read() {
        assert_eq!(words("<b>a</b> &lt;b&gt; <a href=\"x\">c</a>"), Ok("a <b> c".to_owned()));
        for bad in ["<b>a", "a</b>", "<b><i>a</b></i>", "<x>a</x>", "a < b"] {
            assert!(words(bad).is_err(), "{bad}");
        }
        assert_eq!(length("я🎬"), 3);
    }
}
