//! Wording of the English parts of a prompt.

/// English words that bring a person into the frame.
const PEOPLE: &str = "\
    actor actress actors adult adults babies baby blogger bloggers boy boys bride child children couple \
    customer customers dad daughter face faces family father female finger fingers friend friends \
    gentleman girl girls grandfather grandma grandmother grandpa groom guy guys hand hands he her hero \
    heroine hers him his holding human humans influencer kid kids ladies lady male man men model models \
    mom mother mum people person presenter she someone somebody son student teen teenager toddler \
    wearing who woman women worn";

/// True when an English text speaks of people.
pub(super) fn mentions_people(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphabetic());
    words.any(|word| !word.is_empty() && PEOPLE.split(' ').any(|person| person == word))
}

/// The text in plain ASCII, typographic signs spelled out; nothing when it holds anything else.
pub(super) fn ascii(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '’' | '‘' | '`' | '´' | 'ʼ' => plain.push('\''),
            '—' | '–' | '‑' | '−' => plain.push('-'),
            '…' => plain.push_str("..."),
            '×' => plain.push('x'),
            '°' => plain.push_str(" degrees "),
            '“' | '”' | '«' | '»' | '„' | '"' => {}
            'é' | 'è' | 'ê' => plain.push('e'),
            'à' | 'á' | 'â' => plain.push('a'),
            'ü' => plain.push('u'),
            'ö' => plain.push('o'),
            'ï' | 'î' => plain.push('i'),
            'ç' => plain.push('c'),
            'ñ' => plain.push('n'),
            c if c.is_whitespace() => plain.push(' '),
            c if c.is_ascii_graphic() => plain.push(c),
            _ => return None,
        }
    }
    Some(plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_noticed() {
        let check = |text: &str, expect: bool| assert_eq!(mentions_people(text), expect, "{text:?}");
        check("a man with a dog", true);
        check("Women's bag", true);
        check("a mango smoothie", false);
        check("handmade soap", false);
    }

    #[test]
    fn signs_are_spelled_in_ascii() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(ascii(text).as_deref(), expect, "{text:?}");
        check("Café mug — “Cozy” 20×30 cm", Some("Cafe mug - Cozy 20x30 cm"));
        check("it’s\u{a0}hot", Some("it's hot"));
        check("Mug Кружка", None);
        check("Mug ❤", None);
    }
}
