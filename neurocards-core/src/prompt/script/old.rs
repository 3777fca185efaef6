//! Prices of former days: no caption shows them.

use std::ops::Range;

use super::super::letters::{is_letter, lower};
use super::super::sentences::firm_end;
use super::price::{OWN_BEFORE, currency_after, last_end, number_len, sums};

/// Words before such a price.
pub(super) const OLD_BEFORE: &[&str] = &[
    "вместо",
    "вместо цен",
    "старая цена",
    "старой цен",
    "прежняя цена",
    "прежней цен",
    "обычная цена",
    "обычной цен",
    "цена без скидки",
    "цена до скидки",
    "было",
    "была",
    "раньше",
    "was ",
    "instead of",
    "reg ",
    "reg.",
    "rrp",
    "msrp",
    "old price",
    "regular price",
    "retail price",
    "original price",
    "list price",
];
/// Words right after one.
pub(super) const OLD_AFTER: &[&str] = &["без скидки", "до скидки", "before discount"];

/// The sentence without its old price and what it compares that with; nothing may be left.
pub(super) fn without_old(sentence: &str) -> Vec<&str> {
    let Some(old) = old_at(sentence) else { return vec![sentence] };
    let before = firm_end(&sentence[..old.start]);
    let end = sums(sentence).last().map_or(old.end, |sum| sum.at.end.max(old.end));
    let after = sentence[end..].trim_start_matches('.').trim_start();
    let after = after.strip_prefix([',', ';', '—', '–', '-', ':']).unwrap_or_default();
    [before, after].into_iter().filter(|piece| piece.contains(is_letter)).collect()
}

/// Where the first old price stands, with the words that make it one.
fn old_at(text: &str) -> Option<Range<usize>> {
    let lower = lower(text);
    if lower.len() != text.len() {
        // Letters that change their length: their places do not tell where to cut.
        return None;
    }
    let announced = OLD_BEFORE.iter().flat_map(|word| lower.match_indices(word)).filter_map(|(at, word)| {
        let whole = !lower[..at].ends_with(char::is_alphanumeric);
        let end = whole.then(|| number_after(&lower, at + word.len()))??;
        Some(at..end)
    });
    let sums = sums(text);
    let named = sums.iter().map(|sum| sum.at.clone()).filter(|sum| {
        let after = lower[sum.end..].trim_start();
        OLD_AFTER.iter().any(|word| after.starts_with(word))
    });
    announced.chain(named).min_by_key(|at| at.start)
}

/// Where the sum ends that these words announce: in the same clause, with a currency or right behind them.
fn number_after(lower: &str, from: usize) -> Option<usize> {
    let rest = &lower[from..];
    let gap = rest.find(|c: char| c.is_ascii_digit() || matches!(c, ',' | ';' | '.' | '!' | '?'))?;
    let between = &rest[..gap];
    let number = number_len(&rest[gap..]);
    let mut end = from + gap + number;
    let paid = currency_after(lower, &mut end).is_some() || between.ends_with(['$', '€', '£', '¥', '₽']);
    let right_behind = number >= 3 && !between.contains(is_letter);
    (number > 0 && last_end(between, OWN_BEFORE).is_none() && (paid || right_behind)).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_prices_are_left_out() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = without_old(text).into_iter().map(str::trim).collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check("Старая цена 2 000 ₽, новая цена 990 ₽", &[]);
        check("Было 2000 руб, стало 1500 руб", &[]);
        check("Было 2000, стало 1500 руб", &[]);
        check("Сковорода вместо 3000 ₽ всего за 2100 ₽", &["Сковорода"]);
        check("Раньше 2000 ₽, теперь 990 ₽, чашка для кофе", &["чашка для кофе"]);
        check("Кружка 2000 ₽ без скидки, 990 ₽ со скидкой", &["Кружка"]);
        check("Soy candle, was $129, now $89", &["Soy candle"]);
        check("Чтобы было тепло: плед 150 см", &["Чтобы было тепло: плед 150 см"]);
        check("Вместо 3 сумок одна", &["Вместо 3 сумок одна"]);
        check("Wash at 30 degrees, $20", &["Wash at 30 degrees, $20"]);
    }
}
