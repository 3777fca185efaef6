//! How long photos and videos are kept.

use std::fmt;
use std::time::Duration;

use neurocards::Retention;

use super::{parse_duration, refused};
use crate::failure::Failure;

/// A video must be there long enough to be fetched.
const SHORTEST: Duration = Duration::from_secs(3_600);

/// What was set; the defaults otherwise.
pub(super) fn read<'a>(
    text: impl Fn(&'static str) -> Result<Option<&'a str>, Failure>,
) -> Result<Retention, Failure> {
    let (usual, photos, videos) = (Retention::default(), "NEUROCARDS_KEEP_PHOTOS", "NEUROCARDS_KEEP_VIDEOS");
    let read = |name, usual| text(name)?.map_or(Ok(usual), |given| keep(name, given));
    Ok(Retention { photos: read(photos, usual.photos)?, videos: read(videos, usual.videos)? })
}

/// `forever`, and 0 as everywhere where it turns a limit off: nothing is removed by a slip of the hand.
fn keep(name: &'static str, given: &str) -> Result<Option<Duration>, Failure> {
    if given.eq_ignore_ascii_case("forever") || given.trim_start_matches('0').is_empty() {
        return Ok(None);
    }
    match parse_duration(given) {
        Ok(time) if time.is_zero() => Ok(None),
        Ok(time) if time < SHORTEST => {
            Err(refused(name, "is shorter than 1h", "Set 1h or more, such as 30d, or forever."))
        }
        Ok(time) => Ok(Some(time)),
        Err(_) => Err(refused(name, "is no time", "Write a time as 12h or 30d, or forever.")),
    }
}

/// A time to keep something, in words.
pub(crate) struct Keep(pub(crate) Option<Duration>);

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(keep) = self.0 else { return f.write_str("for ever") };
        let hours = keep.as_secs() / 3_600;
        let (number, unit) = if hours.is_multiple_of(24) { (hours / 24, "day") } else { (hours, "hour") };
        write!(f, "for {number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_keep_is_told_as_it_was_meant() {
        let check = |given: &'static str, expect: Option<&str>| {
            let read = read(|name| Ok((name == "NEUROCARDS_KEEP_PHOTOS").then_some(given)));
            let told = read.ok().map(|retention| Keep(retention.photos).to_string());
            assert_eq!(told.as_deref(), expect, "{given:?}");
        };
        check("7d", Some("for 7 days"));
        check("24h", Some("for 1 day"));
        check("1h", Some("for 1 hour"));
        check("90m", Some("for 1 hour"));
        check("36500d", Some("for 36500 days"));
        for ever in ["forever", "Forever", "0", "0d", "0s"] {
            check(ever, Some("for ever"));
        }
        for bad in ["59m", "1ms", "7", "never", "-1d", "soon", "1w"] {
            check(bad, None);
        }
        let usual = read(|_| Ok(None)).unwrap();
        assert_eq!(
            [usual.photos, usual.videos].map(|keep| Keep(keep).to_string()),
            ["for 30 days", "for 90 days"]
        );
    }
}
