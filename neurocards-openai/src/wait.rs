//! How long to wait before the next try, and what the server asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use neurocards_core::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// A server that asks for more says: not today.
const LONGEST_ASKED: Duration = Duration::from_secs(120);
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// What a server asks of whoever wants to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    /// Whether trying again makes sense at all (`x-should-retry`).
    pub(crate) again: Option<bool>,
    /// `retry-after-ms`, or `retry-after` in seconds.
    after: Option<Duration>,
    /// `retry-after` as a date.
    at: Option<DateTime<Utc>>,
}

impl Asked {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let seconds = |text: &str, unit: f64| {
            let number: f64 = text.parse().ok()?;
            // What is negative or no number is as good as nothing.
            Duration::try_from_secs_f64(number * unit).ok()
        };
        let again = match text("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let after = text("retry-after-ms").and_then(|text| seconds(text, 0.001));
        let after = after.or_else(|| text(RETRY_AFTER.as_str()).and_then(|text| seconds(text, 1.0)));
        let at = text(RETRY_AFTER.as_str()).and_then(|text| DateTime::parse_from_rfc2822(text).ok());
        Self { again, after, at: at.map(|at| at.to_utc()) }
    }

    /// How long the server asks to wait, from now on.
    pub(crate) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let until = |at: DateTime<Utc>| (at - now).to_std().unwrap_or_default();
        self.after.or_else(|| self.at.map(until))
    }
}

/// How long to wait before the next try: longer with each one, and at least as long as the server asks. `None` when it
/// asks for more than anybody should wait.
pub(crate) fn before_next(earlier: u32, asked: Option<Duration>, jitter: f64) -> Option<Duration> {
    let doubled = FIRST.saturating_mul(1 << earlier.min(8)).min(LONGEST);
    let own = doubled.mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0));
    match asked {
        Some(asked) if asked > LONGEST_ASKED => None,
        Some(asked) => Some(asked.max(own)),
        None => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn headers_are_read() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T12:00:00Z").unwrap().to_utc();
        let check = |headers: &[(&'static str, &'static str)], expect: Option<u64>, again: Option<bool>| {
            let map = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            let asked = Asked::of(&map);
            assert_eq!(asked.wait(now), expect.map(Duration::from_millis), "{headers:?}");
            assert_eq!(asked.again, again, "{headers:?}");
        };
        check(&[], None, None);
        check(&[("retry-after", "7")], Some(7_000), None);
        check(&[("retry-after", "1.5")], Some(1_500), None);
        check(&[("retry-after-ms", "250"), ("retry-after", "7")], Some(250), None);
        check(&[("retry-after-ms", "soon"), ("retry-after", "7")], Some(7_000), None);
        check(&[("retry-after", "Tue, 24 Nov 2026 12:01:00 GMT")], Some(60_000), None);
        check(&[("retry-after", "Tue, 24 Nov 2026 11:00:00 GMT")], Some(0), None);
        check(&[("retry-after", "-5")], None, None);
        check(&[("retry-after", "1e300")], None, None);
        check(&[("retry-after", "NaN")], None, None);
        check(&[("x-should-retry", "true")], None, Some(true));
        check(&[("x-should-retry", "false")], None, Some(false));
        check(&[("x-should-retry", "maybe")], None, None);
    }

    #[test]
    fn waits_grow_and_obey_the_server() {
        let millis = |wait: Option<Duration>| wait.map(|wait| wait.as_millis());
        assert_eq!(millis(before_next(0, None, 0.0)), Some(500));
        assert_eq!(millis(before_next(1, None, 0.0)), Some(1_000));
        assert_eq!(millis(before_next(1, None, 1.0)), Some(750));
        assert_eq!(millis(before_next(90, None, 0.0)), Some(8_000));
        assert_eq!(millis(before_next(0, Some(Duration::from_secs(120)), 0.5)), Some(120_000));
        assert_eq!(millis(before_next(3, Some(Duration::ZERO), 0.0)), Some(4_000));
        assert_eq!(before_next(0, Some(Duration::from_secs(121)), 0.0), None);
    }
}
