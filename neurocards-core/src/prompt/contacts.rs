//! Finding what must not reach a caption or a video model: links, addresses, tags, telephone numbers.

use super::letters::lower;

/// Stands where something was taken out, so that the phrase around it is known to be torn.
pub(super) const TORN: char = '\u{1}';

/// Ends of host names that count as links without `http` or `www`.
const DOMAINS: [&str; 22] = [
    "ru", "com", "net", "org", "рф", "su", "io", "shop", "store", "online", "site", "info", "by", "kz", "ua",
    "co", "uk", "de", "link", "pro", "me", "app",
];

/// The text with every link, address, tag and telephone number replaced by [`TORN`].
pub(super) fn without_contacts(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = without_phones(line);
        let words = line.split_whitespace().map(|word| {
            if !is_contact(word) {
                return word.to_owned();
            }
            let marks = word.trim_end_matches(['.', ',', ';', '!', '?']).len();
            format!("{TORN}{}", &word[marks..])
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_contact(word: &str) -> bool {
    if !word.contains(['.', '/', '#', '@', ':']) {
        return false;
    }
    let lower = lower(word);
    let core = lower.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '#' | '@'));
    let tag = core.strip_prefix('#').is_some_and(|tag| tag.starts_with(char::is_alphabetic));
    let marked = ["://", "www.", "t.me/", "wa.me/", "mailto:"].iter().any(|mark| lower.contains(mark));
    tag || marked || core.contains('@') || is_host(core)
}

/// `shop.example.ru/page`, but neither `12.5` nor the end of one Russian sentence glued to the next.
fn is_host(word: &str) -> bool {
    let host = word.split(['/', '?', ':']).next().unwrap_or_default();
    let Some((name, domain)) = host.rsplit_once('.') else { return false };
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    let named = name.chars().any(char::is_alphabetic) && (plain || domain == "рф");
    named && DOMAINS.contains(&domain)
}

/// Groups of digits with the byte ranges that they take in a line.
fn digit_groups(line: &str) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (at, _) in line.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match groups.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => groups.push((at, at + 1)),
        }
    }
    groups
}

fn without_phones(line: &str) -> String {
    let groups = digit_groups(line);
    let mut kept = String::with_capacity(line.len());
    let (mut done, mut at) = (0, 0);
    while at < groups.len() {
        let ends = (at..groups.len())
            .take_while(|end| *end == at || joined(&line[groups[end - 1].1..groups[*end].0]));
        match ends.filter(|end| is_phone(line, &groups[at..=*end])).last() {
            Some(end) => {
                let start = line[..groups[at].0].trim_end_matches(['+', '(']).len();
                kept.push_str(&line[done..start.max(done)]);
                kept.push_str(&format!(" {TORN} "));
                done = groups[end].1;
                at = end + 1;
            }
            None => at += 1,
        }
    }
    kept.push_str(&line[done..]);
    kept
}

/// What may stand between the digit groups of one number.
fn joined(between: &str) -> bool {
    between.chars().count() <= 3
        && between.chars().all(|c| matches!(c, ' ' | '\u{a0}' | '-' | '–' | '(' | ')' | '.'))
}

fn is_phone(line: &str, groups: &[(usize, usize)]) -> bool {
    let sizes: Vec<usize> = groups.iter().map(|(start, end)| end - start).collect();
    let digits: usize = sizes.iter().sum();
    let (Some((start, _)), Some((_, end))) = (groups.first(), groups.last()) else { return false };
    let plus = line[..*start].ends_with('+') || line[..*start].ends_with("+(");
    let hyphens = line[*start..*end].matches(['-', '–']).count();
    let country = line[*start..].starts_with(['7', '8']);
    match digits {
        10..=15 if plus || sizes.len() == 1 => true,
        11 => country && matches!(sizes[..], [1, 3, 3, ..] | [1, 3, 7] | [1, 10] | [4, 3, ..] | [4, 7]),
        10 => sizes.first() == Some(&3) && hyphens > 0,
        7 => matches!(sizes[..], [3, 2, 2]) && hyphens == 2,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_taken_out() {
        let check = |text: &str, expect: &str| {
            let shown = without_contacts(text).replace(TORN, "~");
            assert_eq!(shown.split_whitespace().collect::<Vec<_>>().join(" "), expect, "{text:?}");
        };
        check("Заказ: https://example.ru/x?y=1 сейчас", "Заказ: ~ сейчас");
        check("пишите shop@example.com, @shop_bot или t.me/shop.", "пишите ~, ~ или ~.");
        check("(www.example.com) example.ru магазин.рф", "~ ~ ~");
        check("Новинка #кружка #1", "Новинка ~ #1");
        check("тел. +7 (999) 123-45-67, звоните", "тел. ~ , звоните");
        check("8 999 123 45 67 и 89991234567", "~ и ~");
        check("Размеры 36 37 38 39 40 41 42", "Размеры 36 37 38 39 40 41 42");
        check("Размеры 8 9 10 11 12 13", "Размеры 8 9 10 11 12 13");
        check("Цена 1 290 ₽, объём 1.5 л.Новинка", "Цена 1 290 ₽, объём 1.5 л.Новинка");
        check("Работает 12.5 ч. Ok", "Работает 12.5 ч. Ok");
    }
}
