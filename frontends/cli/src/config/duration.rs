//! Durations as people write them.

use std::time::Duration;

/// `500ms`, `2s`, `45m`, `1h`, `30d`: a whole number and a unit.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let millis_of_unit = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let millis =
        number.parse().ok().zip(millis_of_unit).and_then(|(number, unit)| u64::checked_mul(number, unit));
    millis.map(Duration::from_millis).ok_or_else(|| "write a time as 500ms, 2s, 45m, 1h or 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), expect.map(Duration::from_millis), "{text:?}");
        };
        check("500ms", Some(500));
        check("2s", Some(2_000));
        check(" 45m ", Some(2_700_000));
        check("1h", Some(3_600_000));
        check("30d", Some(2_592_000_000));
        for bad in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "2 s",
            "2w",
            "1d12h",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            check(bad, None);
        }
    }
}
