//! The names of our own settings: a misspelt one is told, not passed over.

use std::fmt;

use crate::output::nearest;

/// How the names of our own settings begin.
const PREFIX: &str = "NEUROCARDS_";

/// Every setting of the contract (DESIGN section 6) with our prefix, also those that this version does not use.
const KNOWN: [&str; 33] = [
    "NEUROCARDS_DATA_DIR",
    "NEUROCARDS_MEDIA_URL",
    "NEUROCARDS_MODELS",
    "NEUROCARDS_SECRET",
    "NEUROCARDS_PRECHECK",
    "NEUROCARDS_PROVIDER",
    "NEUROCARDS_ADJUST_MOST",
    "NEUROCARDS_FREE_CREDITS",
    "NEUROCARDS_MENU_PICTURE",
    "NEUROCARDS_DEMO_VIDEOS",
    "NEUROCARDS_PACKAGES",
    "NEUROCARDS_STARS",
    "NEUROCARDS_HTTP_ADDR",
    "NEUROCARDS_TLS_ADDR",
    "NEUROCARDS_LEASE",
    "NEUROCARDS_HEARTBEAT",
    "NEUROCARDS_POLL_MIN",
    "NEUROCARDS_POLL_MAX",
    "NEUROCARDS_JOB_DEADLINE",
    "NEUROCARDS_UNKNOWN_GRACE",
    "NEUROCARDS_RETRY_TEMPORARY",
    "NEUROCARDS_RETRY_RATE_LIMIT",
    "NEUROCARDS_STORAGE_RETRY",
    "NEUROCARDS_SHUTDOWN_GRACE",
    "NEUROCARDS_KEEP_PHOTOS",
    "NEUROCARDS_KEEP_VIDEOS",
    "NEUROCARDS_KEY_RATE_LIMIT_COOLDOWN",
    "NEUROCARDS_KEY_BILLING_COOLDOWN",
    "NEUROCARDS_MODEL_FAULTS",
    "NEUROCARDS_MODEL_REST",
    "NEUROCARDS_MODEL_PAUSE",
    "NEUROCARDS_MODEL_PROBATION",
    "NEUROCARDS_PLAIN_HTTP",
];

/// A setting with our prefix that nobody knows. Its value may be a secret and is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownSetting {
    name: String,
    nearest: Option<&'static str>,
}

impl UnknownSetting {
    /// Those among the given names.
    pub(super) fn among<'a>(names: impl Iterator<Item = &'a String>) -> Vec<Self> {
        let ours = names.filter(|name| name.starts_with(PREFIX) && !KNOWN.contains(&name.as_str()));
        ours.map(|name| Self { name: name.clone(), nearest: near(name) }).collect()
    }
}

/// The prefix is in all of them and says nothing.
fn near(name: &str) -> Option<&'static str> {
    let bare =
        nearest(name.strip_prefix(PREFIX)?, KNOWN.iter().filter_map(|name| name.strip_prefix(PREFIX)))?;
    KNOWN.into_iter().find(|name| name.strip_prefix(PREFIX) == Some(bare))
}

impl fmt::Display for UnknownSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no setting {}; it is not used", self.name)?;
        self.nearest.map_or(Ok(()), |nearest| write!(f, ". Did you mean {nearest}?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_told_with_the_nearest_one() {
        let check = |name: &str, expect: Option<Option<&str>>| {
            let found = UnknownSetting::among([name.to_owned()].iter());
            assert_eq!(found.first().map(|unknown| unknown.nearest), expect, "{name}");
        };
        check("NEUROCARDS_LEASE", None);
        check("NEUROCARDS_FREE_CREDITS", None);
        check("PATH", None);
        check("NEUROCARDS_LAESE", Some(Some("NEUROCARDS_LEASE")));
        check("NEUROCARDS_DATADIR", Some(Some("NEUROCARDS_DATA_DIR")));
        check("NEUROCARDS_POLL_MINIMUM", Some(Some("NEUROCARDS_POLL_MIN")));
        check("NEUROCARDS_XYZZY", Some(None));
    }
}
