//! How long videos take, from our own history.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use neurocards::{JobFilter, Stage, Store};

/// What is said before there is a history.
const UNKNOWN: (u32, u32) = (1, 30);
/// How many of the latest videos are looked at, and how many are needed to say something.
const LATEST: u32 = 100;
const ENOUGH: usize = 5;
/// For how long an answer stands.
const FRESH: Duration = Duration::from_secs(60);

/// Remembers the answer for a while.
#[derive(Debug, Default)]
pub(crate) struct Minutes {
    last: Mutex<Option<(Duration, (u32, u32))>>,
}

impl Minutes {
    /// Within how many minutes most videos were ready lately: nine of ten took no longer than the second number, and one
    /// of ten no longer than the first.
    pub(crate) async fn lately(&self, store: &dyn Store, monotonic: Duration) -> (u32, u32) {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, minutes)) = last.filter(|(at, _)| monotonic < *at + FRESH) {
            let _ = at;
            return minutes;
        }
        let filter = JobFilter { stages: vec![Stage::Done], limit: LATEST, ..JobFilter::default() };
        // A range that nobody knows is no reason not to answer.
        let jobs = store.jobs_list(&filter).await.unwrap_or_default();
        let took = jobs.iter().filter_map(|job| (job.finished_at? - job.created_at).to_std().ok());
        let minutes = range(took.collect());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((monotonic, minutes));
        minutes
    }
}

fn range(mut took: Vec<Duration>) -> (u32, u32) {
    if took.len() < ENOUGH {
        return UNKNOWN;
    }
    took.sort_unstable();
    let minutes = |part: usize| {
        let at = (took.len() * part / 10).min(took.len() - 1);
        u32::try_from(took[at].as_secs().div_ceil(60)).unwrap_or(u32::MAX).max(1)
    };
    let (few, many) = (minutes(1), minutes(9));
    (few, many.max(few + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_most_took() {
        let check = |seconds: &[u64], expect: (u32, u32)| {
            let took = seconds.iter().map(|seconds| Duration::from_secs(*seconds)).collect();
            assert_eq!(range(took), expect, "{seconds:?}");
        };
        check(&[], UNKNOWN);
        check(&[60; 4], UNKNOWN);
        check(&[5; 9], (1, 2));
        check(&[90, 120, 130, 140, 150, 160, 200, 240, 250, 3_600], (2, 60));
        check(&[100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 9_000], (2, 4));
    }
}
