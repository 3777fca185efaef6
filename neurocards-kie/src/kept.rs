//! What an attempt has from one step for the next one, in this process: its photo at KIE, its slot.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use neurocards_core::AttemptId;

/// It is used only while nothing can have happened to it.
const USED_FOR: Duration = Duration::from_secs(3_600);
/// So many attempts may wait for their next step.
const KEPT_MOST: usize = 4_096;

/// Something of attempts, until their next step takes it.
#[derive(Debug)]
pub(crate) struct Kept<T>(Mutex<HashMap<AttemptId, (T, Duration)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    /// Takes what an attempt has. `now` is monotonic.
    pub(crate) fn take(&self, attempt: AttemptId, now: Duration) -> Option<T> {
        let (thing, at) = self.kept().remove(&attempt)?;
        (now.saturating_sub(at) < USED_FOR).then_some(thing)
    }

    /// Keeps it for the attempt's next step.
    pub(crate) fn keep(&self, attempt: AttemptId, thing: T, now: Duration) {
        let mut kept = self.kept();
        if kept.len() >= KEPT_MOST {
            kept.retain(|_, (_, at)| now.saturating_sub(*at) < USED_FOR);
        }
        if kept.len() < KEPT_MOST {
            kept.insert(attempt, (thing, now));
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<AttemptId, (T, Duration)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use neurocards_core::Timestamp;

    use super::*;

    #[test]
    fn what_is_kept_is_used_once_and_not_for_long() {
        let attempt = |byte| AttemptId::new(Timestamp::UNIX_EPOCH, [byte; 10]);
        let (uploads, now) = (Kept::<String>::default(), Duration::from_secs(100));
        uploads.keep(attempt(1), "one".to_owned(), now);
        uploads.keep(attempt(2), "two".to_owned(), now);
        assert_eq!(uploads.take(attempt(1), now + Duration::from_secs(60)).as_deref(), Some("one"));
        assert_eq!(uploads.take(attempt(1), now), None);
        assert_eq!(uploads.take(attempt(2), now + USED_FOR), None);
    }
}
