//! The measure of a product: how much, how large, how many.

use super::super::fit::chars;
use super::phrases::Phrase;
use super::price::number_len;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Amount,
    /// One side says little without its name.
    Length,
}

const UNITS: &[(&str, Kind)] = &[
    ("мл", Kind::Amount),
    ("л", Kind::Amount),
    ("литр", Kind::Amount),
    ("литра", Kind::Amount),
    ("литров", Kind::Amount),
    ("г", Kind::Amount),
    ("гр", Kind::Amount),
    ("грамм", Kind::Amount),
    ("кг", Kind::Amount),
    ("шт", Kind::Amount),
    ("штук", Kind::Amount),
    ("пар", Kind::Amount),
    ("предметов", Kind::Amount),
    ("капсул", Kind::Amount),
    ("листов", Kind::Amount),
    ("ml", Kind::Amount),
    ("l", Kind::Amount),
    ("liter", Kind::Amount),
    ("liters", Kind::Amount),
    ("litre", Kind::Amount),
    ("litres", Kind::Amount),
    ("oz", Kind::Amount),
    ("fl oz", Kind::Amount),
    ("g", Kind::Amount),
    ("kg", Kind::Amount),
    ("lb", Kind::Amount),
    ("lbs", Kind::Amount),
    ("pcs", Kind::Amount),
    ("pieces", Kind::Amount),
    ("capsules", Kind::Amount),
    ("sheets", Kind::Amount),
    ("см", Kind::Length),
    ("мм", Kind::Length),
    ("м", Kind::Length),
    ("cm", Kind::Length),
    ("mm", Kind::Length),
    ("m", Kind::Length),
    ("in", Kind::Length),
    ("inches", Kind::Length),
    ("ft", Kind::Length),
];
/// First words of a statement of the measure.
const LABELS: &[&str] = &[
    "объем",
    "объём",
    "вес",
    "масса",
    "размер",
    "габарит",
    "высота",
    "длина",
    "ширина",
    "диаметр",
    "ёмкость",
    "емкость",
    "вместимость",
    "в наборе",
    "в упаковке",
    "volume",
    "weight",
    "weighs",
    "size",
    "dimensions",
    "measures",
    "height",
    "length",
    "width",
    "diameter",
    "capacity",
    "pack of",
    "set of",
];
/// Words before a number that make it a bound, a part or a dose.
const NOT_AFTER: &[&str] = &[
    "до",
    "от",
    "за",
    "по",
    "из",
    "с",
    "менее",
    "более",
    "каждые",
    "to",
    "from",
    "per",
    "for",
    "every",
    "over",
    "under",
    "within",
    "add",
];

/// The first measure that is the product's own: one in the phrase that names it, or one said by itself.
pub(super) fn size(phrases: &[Phrase], opening: Option<usize>) -> Option<String> {
    let whole = phrases.iter().enumerate().filter(|(_, phrase)| !phrase.part);
    whole.filter(|(_, phrase)| !is_parcel(&phrase.text)).find_map(|(at, phrase)| {
        measures(&phrase.text).into_iter().find_map(|measure| measure.shown(opening == Some(at)))
    })
}

fn is_parcel(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["с упак", "размер упак", "габариты упак", "вес упак", "package", "доставк", "shipping"]
        .iter()
        .any(|word| lower.contains(word))
}

struct Measure<'a> {
    /// The clause up to the number.
    before: &'a str,
    text: String,
    /// One side alone.
    side: bool,
}

impl Measure<'_> {
    fn shown(&self, in_name: bool) -> Option<String> {
        let before = self.before.trim().trim_end_matches([':', '—', '–', '-']).trim().to_lowercase();
        let last = before.rsplit(' ').next().unwrap_or_default();
        let labelled = LABELS.iter().any(|label| before.starts_with(label)) || before.is_empty();
        if NOT_AFTER.contains(&last) || !(labelled || in_name) {
            return None;
        }
        match self.side {
            // Of a thing, not of what is in the pack.
            false if before.starts_with("вес") => Some(format!("вес {}", self.text)),
            false if before.starts_with("weigh") => Some(format!("weight {}", self.text)),
            false => Some(self.text.clone()),
            // The reader has to learn which side, unless the name of the product says it.
            true if labelled && !before.is_empty() && chars(&before) <= 20 => {
                Some(format!("{before} {}", self.text))
            }
            true => (in_name && !before.split(' ').any(|word| matches!(word, "для" | "под" | "for")))
                .then(|| self.text.clone()),
        }
    }
}

fn measures(text: &str) -> Vec<Measure<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let end = start + sides_len(&text[start..]);
        from = end;
        let single = end - start == number_len(&text[start..]);
        let Some((unit, kind)) = unit(text[end..].trim_start()) else { continue };
        let year = unit == "г" && (1900..=2100).contains(&text[start..end].parse().unwrap_or(0));
        let glued = text[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '+' | '.'));
        if year || glued || (unit == "in" && single) {
            continue;
        }
        let before = text[..start].rsplit([',', ';', '(', '•']).next().unwrap_or_default();
        let text = format!("{} {unit}", &text[start..end]);
        found.push(Measure { before, text, side: kind == Kind::Length && single });
    }
    found
}

/// Length of `20`, `0,5`, `20x30`, `20 × 30 × 5`.
fn sides_len(text: &str) -> usize {
    let mut len = number_len(text);
    loop {
        let rest = text[len..].trim_start();
        let Some(rest) = rest.strip_prefix(['x', 'X', 'х', 'Х', '×', '*']) else { return len };
        let rest = rest.trim_start();
        let side = number_len(rest);
        if side == 0 {
            return len;
        }
        len = text.len() - rest.len() + side;
    }
}

/// The unit that begins the text, as a whole word.
fn unit(text: &str) -> Option<(&str, Kind)> {
    UNITS.iter().find_map(|(unit, kind)| {
        let found = text.get(..unit.len())?;
        if !found.chars().flat_map(char::to_lowercase).eq(unit.chars()) {
            return None;
        }
        let whole =
            !text[unit.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '²' | '³' | '/'));
        whole.then_some((found, *kind))
    })
}

#[cfg(test)]
mod tests {
    use super::super::phrases::phrases;
    use super::*;

    #[test]
    fn the_measure_is_found() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(size(&phrases(text), Some(0)).as_deref(), expect, "{text:?}");
        };
        check("Чашка для кофе 350 мл. Держит тепло два часа", Some("350 мл"));
        check("Coffee cup, 350ml", Some("350 ml"));
        check("Термос 0,5 л", Some("0,5 л"));
        check("Салфетка 20x30 см", Some("20x30 см"));
        check("Поднос. Размер: 20 х 30 х 5 см", Some("20 х 30 х 5 см"));
        check("Гантель, 2 kg", Some("2 kg"));
        check("Ваза из стекла. Высота: 12 см", Some("высота 12 см"));
        check("Кот-батон 90 см", Some("90 см"));
        check("Капсулы для стирки. В наборе 30 шт", Some("30 шт"));
        check("Рюкзак для ноутбука 40 см", None);
        check("Порошок. Добавьте 20 мл воды", None);
        check("Весы до 5 кг", None);
        check("Мёд. Собран в 2025 г", None);
        check("Адаптер 2 in 1", None);
        check("Кружка. Размер упаковки 20x30 см", None);
    }
}
