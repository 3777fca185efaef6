//! Letters of Russian and English without a look into the Unicode tables, which cost more than all the rest.

/// Like [`str::to_lowercase`].
pub(super) fn lower(text: &str) -> String {
    let mut lower = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\u{7f}' => lower.push(c.to_ascii_lowercase()),
            'а'..='я' | 'ё' => lower.push(c),
            'А'..='Я' => lower.push(char::from_u32(u32::from(c) + 32).unwrap_or(c)),
            c => lower.extend(c.to_lowercase()),
        }
    }
    lower
}

/// Like [`char::is_alphanumeric`].
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, 'А'..='я' | 'Ё' | 'ё') || (!c.is_ascii() && c.is_alphanumeric())
}

/// Like [`char::is_alphabetic`].
pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, 'А'..='я' | 'Ё' | 'ё') || (!c.is_ascii() && c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_ways_lead_to_the_same() {
        for c in '\0'..=char::MAX {
            assert_eq!(lower(&c.to_string()), c.to_lowercase().to_string(), "{c:?}");
            assert_eq!((is_word(c), is_letter(c)), (c.is_alphanumeric(), c.is_alphabetic()), "{c:?}");
        }
    }
}
