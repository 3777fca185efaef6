//! Photos that are at KIE already.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use neurocards_core::AttemptId;

/// An upload is used again only while nothing can have happened to it.
const USED_FOR: Duration = Duration::from_secs(3_600);
/// So many attempts may wait for their turn with their photos uploaded.
const KEPT_MOST: usize = 4_096;

/// The uploads of attempts that had to wait before their paid call: they need not go up again.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    kept: Mutex<HashMap<AttemptId, (String, Duration)>>,
}

impl Uploads {
    /// Takes the address of an attempt's photo. `now` is monotonic.
    pub(crate) fn take(&self, attempt: AttemptId, now: Duration) -> Option<String> {
        let (address, at) = self.kept().remove(&attempt)?;
        (now.saturating_sub(at) < USED_FOR).then_some(address)
    }

    /// Keeps the address of an attempt's photo for its next try.
    pub(crate) fn keep(&self, attempt: AttemptId, address: String, now: Duration) {
        let mut kept = self.kept();
        if kept.len() >= KEPT_MOST {
            kept.retain(|_, (_, at)| now.saturating_sub(*at) < USED_FOR);
        }
        if kept.len() < KEPT_MOST {
            kept.insert(attempt, (address, now));
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<AttemptId, (String, Duration)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use neurocards_core::Timestamp;

    use super::*;

    #[test]
    fn an_upload_is_used_again_once_and_not_for_long() {
        let attempt = |byte| AttemptId::new(Timestamp::UNIX_EPOCH, [byte; 10]);
        let (uploads, now) = (Uploads::default(), Duration::from_secs(100));
        uploads.keep(attempt(1), "one".to_owned(), now);
        uploads.keep(attempt(2), "two".to_owned(), now);
        assert_eq!(uploads.take(attempt(1), now + Duration::from_secs(60)).as_deref(), Some("one"));
        assert_eq!(uploads.take(attempt(1), now), None);
        assert_eq!(uploads.take(attempt(2), now + USED_FOR), None);
    }
}
