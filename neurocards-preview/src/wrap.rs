//! Fits a text into a box: the largest size at which it fits, in balanced lines, long words hyphenated last.

use crate::font::Typeface;

/// The room that a text has, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Size to begin with, in pixels per em.
    pub(crate) largest: f32,
    /// Size below which the text is cut rather than shrunk.
    pub(crate) smallest: f32,
    /// Distance of baselines, in sizes.
    pub(crate) leading: f32,
}

/// A text in lines.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting {
    pub(crate) lines: Vec<String>,
    /// Pixels per em.
    pub(crate) size: f32,
}

/// Words up to this long behind a number are its unit, or little else: "350 мл", "24 hours", "5 шт.".
const UNIT_CHARS: usize = 6;

/// Sets a clean text. An empty text gives no lines.
pub(crate) fn set(face: &Typeface, text: &str, room: Room) -> Setting {
    if text.is_empty() {
        return Setting { lines: Vec::new(), size: room.largest };
    }
    // Words stay whole down to six tenths of the size; then a hyphen is better than small print.
    let large = Room { smallest: (room.largest * 0.6).max(room.smallest), ..room };
    let found = set_whole(face, text, large)
        .or_else(|| fit(face, text, large, true))
        .or_else(|| fit(face, text, room, true));
    if let Some(setting) = found {
        return setting;
    }
    let text = &glue(text);
    let mut lines = wrap(face, text, room.smallest, room.width, true).unwrap_or_default();
    lines.truncate(((room.height / (room.smallest * room.leading)) as usize).max(1));
    if let Some(last) = lines.last_mut() {
        last.pop();
        last.push('…');
    }
    Setting { lines, size: room.smallest }
}

/// Sets a clean text without cutting a word, or not at all.
pub(crate) fn set_whole(face: &Typeface, text: &str, room: Room) -> Option<Setting> {
    fit(face, text, room, false)
}

fn fit(face: &Typeface, text: &str, room: Room, hyphens: bool) -> Option<Setting> {
    let text = &glue(text);
    let mut found: Option<Setting> = None;
    let mut largest_found = 0.0;
    let mut size = room.largest;
    // A little smaller is better than one more line.
    while size >= room.smallest && size > largest_found * 0.8 {
        let lines = wrap(face, text, size, room.width, hyphens).unwrap_or_default();
        let fits = !lines.is_empty() && lines.len() as f32 * size * room.leading <= room.height;
        if fits
            && found.as_ref().is_none_or(|found| found.lines.len() <= 4 && lines.len() < found.lines.len())
        {
            largest_found = size.max(largest_found);
            found = Some(Setting { lines, size });
        }
        // The last step lands on the smallest size exactly.
        size = if size > room.smallest { (size * 0.96).max(room.smallest) } else { 0.0 };
    }
    let Setting { lines, size } = found?;
    Some(Setting { lines: balance(face, text, size, room.width, lines), size })
}

/// Ties short words to the next word, units and currency signs to their number and bullets to what stands before
/// them, as a typesetter does.
fn glue(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let mut glued = String::with_capacity(text.len() + 8);
    for (i, word) in words.iter().enumerate() {
        glued.push_str(word);
        let Some(next) = words.get(i + 1) else { break };
        let length = word.chars().count() + next.chars().count();
        let short = word.chars().count() <= 2 && word.chars().all(char::is_alphanumeric);
        let sign = matches!(*next, "₽" | "€" | "$" | "%" | "руб" | "руб." | "—" | "–");
        let tied = (short || sign) && length <= 12;
        glued.push(if tied || *next == "•" || is_measure(word, next) { '\u{a0}' } else { ' ' });
    }
    glued
}

/// A number and its unit, or a part of a number and its next three digits: "350 мл", "1 290".
fn is_measure(word: &str, next: &str) -> bool {
    let number = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let numeric = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '–' | 'x' | 'х' | '×'))
        && !number.ends_with([',', '.']);
    let letters = next.trim_end_matches(|c: char| !c.is_alphabetic() && !matches!(c, '²' | '³'));
    let unit = (1..=UNIT_CHARS).contains(&letters.chars().count());
    let digits = next.bytes().take_while(u8::is_ascii_digit).count();
    numeric && (digits == 3 || (digits == 0 && unit && next.starts_with(char::is_alphabetic)))
}

/// The narrowest width that gives as few lines makes them about equally long.
fn balance(face: &Typeface, text: &str, size: f32, width: f32, lines: Vec<String>) -> Vec<String> {
    if lines.len() < 2 || lines.iter().any(|line| line.ends_with('-')) {
        return lines;
    }
    let count = lines.len();
    let mut best = lines;
    for part in 1..=20 {
        let narrower = width * (1.0 - part as f32 * 0.03);
        match wrap(face, text, size, narrower, false) {
            Some(lines) if lines.len() == count => best = lines,
            _ => break,
        }
    }
    best
}

/// Greedy lines, or nothing when a word is too long and `hyphens` is off.
fn wrap(face: &Typeface, text: &str, size: f32, width: f32, hyphens: bool) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if face.width(&longer, size) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while face.width(rest, size) > width {
            if !hyphens {
                return None;
            }
            let cut = cut(face, rest, size, width);
            lines.push(format!("{}-", &rest[..cut]));
            rest = &rest[cut..];
        }
        line = rest.to_owned();
    }
    if !line.is_empty() {
        lines.push(line);
    }
    Some(lines)
}

/// Where to cut a word that is too long: at least one character goes, at least two stay for the next line.
fn cut(face: &Typeface, word: &str, size: f32, width: f32) -> usize {
    let ends: Vec<usize> = word.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let fitting =
        ends.iter().take_while(|end| face.width(&format!("{}-", &word[..**end]), size) <= width).count();
    let most = ends.len().saturating_sub(2).max(1);
    ends[fitting.clamp(1, most) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> Room {
        Room { width: 540.0, height: 330.0, largest: 64.0, smallest: 24.0, leading: 1.18 }
    }

    #[test]
    fn every_text_of_120_characters_fits() {
        let face = Typeface::bundled().unwrap();
        let check = |text: &str| {
            let set = set(&face, text, room());
            assert!(set.lines.len() as f32 * set.size * room().leading <= room().height, "{set:?}");
            for line in &set.lines {
                assert!(face.width(line, set.size) <= room().width, "{line} at {}", set.size);
            }
            set
        };
        assert_eq!(check("Кофе").lines, ["Кофе"]);
        assert_eq!(check("").lines.len(), 0);
        let giant = "Ш".repeat(120);
        let shown: String = check(&giant).lines.iter().map(|l| l.trim_end_matches('-')).collect();
        assert_eq!(shown, giant, "no letter is lost");
        check(&"Щётка ".repeat(20));
        check(&"Электрофотополупроводниковый ".repeat(4));
        check(&"W".repeat(400));
    }

    #[test]
    fn short_words_and_signs_stay_with_their_neighbours() {
        let check = |text: &str, expect: &str| assert_eq!(glue(text).replace('\u{a0}', "_"), expect);
        check("Утро начинается с хорошего кофе", "Утро начинается с_хорошего кофе");
        check("Заказать за 990 ₽", "Заказать за_990_₽");
        check("Кофе — это жизнь", "Кофе_— это жизнь");
        check("Объём 350 мл", "Объём 350_мл");
        check("Keeps warm for 24 hours", "Keeps warm for 24_hours");
        check("Набор 20x30 см, 5 шт.", "Набор 20x30_см, 5_шт.");
        check("Всего 1 290 500 ₽", "Всего 1_290_500_₽");
        check("Ваза 0,5 л", "Ваза 0,5_л");
        check("Держит тепло • 350 мл", "Держит тепло_• 350_мл");
        check("В 2025, новая", "В_2025, новая");
        check("12 электрополотенец", "12_электрополотенец".replace('_', " ").as_str());
        check("к электрофотополупроводнику", "к электрофотополупроводнику");
    }

    #[test]
    fn no_line_parts_a_number_from_its_unit_or_begins_with_a_bullet() {
        let face = Typeface::bundled().unwrap();
        let texts = [
            "Держит тепло два часа • 350 мл",
            "Не впитывает запахи и легко моется • 20x30 см",
            "Не протекает даже вверх дном • 500 мл",
            "Keeps drinks cold for 24 hours • 750 ml",
            "Добавьте в корзину за 1 290,50 ₽",
            "Подходит детям от 3 до 10 лет и взрослым",
        ];
        for (text, width) in
            texts.iter().flat_map(|text| (2..=11).map(move |step| (text, step as f32 * 50.0)))
        {
            let set = set(&face, text, Room { width, ..room() });
            for pair in set.lines.windows(2) {
                let part = pair[0].ends_with(|c: char| c.is_ascii_digit());
                assert!(!part && !pair[1].starts_with('•'), "{set:?} at {width}");
            }
        }
    }

    #[test]
    fn lines_are_balanced() {
        let face = Typeface::bundled().unwrap();
        let set = set(&face, "Лёгкая куртка для долгих прогулок", room());
        let widths: Vec<f32> = set.lines.iter().map(|line| face.width(line, set.size)).collect();
        assert_eq!(set.lines.len(), 2, "{set:?}");
        assert!((widths[0] - widths[1]).abs() < 220.0, "{set:?} {widths:?}");
    }
}
