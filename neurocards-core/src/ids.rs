//! Ids: UUID version 7, so that rows sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;

/// A word that should have been an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not the id of {what}: an id looks like 0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")]
pub struct IdError {
    what: &'static str,
    given: String,
}

impl IdError {
    pub(crate) fn new(what: &'static str, given: &str) -> Self {
        Self { what, given: given.chars().take(64).collect() }
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id from a moment and ten random bytes.
            pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
                let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The id as it is stored.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }

            /// An id that came from a store.
            pub fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(given: &str) -> Result<Self, IdError> {
                Uuid::parse_str(given)
                    .map(Self)
                    .map_err(|_| IdError::new($what, given))
            }
        }
    };
}

id!(
    /// One confirmed request for 1..n videos.
    OrderId,
    "an order"
);
id!(
    /// One video of an order.
    JobId,
    "a job"
);
id!(
    /// One submission of a job to a provider. It travels with the submission, so that a task whose reply was lost
    /// can be recognised.
    AttemptId,
    "an attempt"
);
id!(
    /// One row of the outbox.
    NoticeId,
    "a notice"
);
id!(
    /// One row of the ledger.
    EntryId,
    "a ledger entry"
);
id!(
    /// One payment: the id of our row, which is there before anybody is asked for money.
    PaymentId,
    "a payment"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_parse_back() {
        let at = |millis| chrono::DateTime::from_timestamp_millis(millis).unwrap();
        let (early, late) = (JobId::new(at(1_000), [255; 10]), JobId::new(at(1_001), [0; 10]));
        assert!(early < late);
        assert_eq!(late.to_string().parse(), Ok(late));
        assert_eq!(late.as_uuid().get_version_num(), 7);
        assert!("job-1".parse::<JobId>().unwrap_err().to_string().contains("is not the id of a job"));
    }
}
