//! What is said of an alarm, and when: one word when it begins, one for what came since in each window, one when it is over.

use std::time::Duration;

use neurocards::{AlarmRecord, Timestamp};

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It began.
    Began,
    /// It was raised so many times more.
    More(u64),
    /// It is over.
    Over,
}

/// What follows from looking at an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    /// What is said now.
    pub(crate) word: Option<Word>,
    /// Nothing of it was heard for a whole window: it is over.
    pub(crate) is_over: bool,
    /// When somebody looks again; `None`: when it is raised or ends.
    pub(crate) next: Option<Duration>,
}

/// Decides. `silence` is the window in which nothing more is said of the same kind and subject; an end is said at once.
pub(crate) fn say(record: &AlarmRecord, silence: Duration, now: Timestamp) -> Said {
    let nothing = Said { word: None, is_over: false, next: None };
    let told = record.told_times > 0;
    if record.is_over {
        // What began and ended unheard is not worth a word.
        return Said { word: told.then_some(Word::Over), ..nothing };
    }
    let since = record.told_at.map(|at| (now - at).to_std().unwrap_or_default());
    let left = since.map_or(Duration::ZERO, |since| silence.saturating_sub(since));
    if !left.is_zero() {
        // What lasts and was told of wakes us when it is over.
        let next = (!told || !record.alarm.kind.lasts()).then_some(left);
        return Said { next, ..nothing };
    }
    match record.times.saturating_sub(record.told_times) {
        _ if !told => Said { word: Some(Word::Began), next: Some(silence), ..nothing },
        _ if record.alarm.kind.lasts() => nothing,
        0 => Said { word: Some(Word::Over), is_over: true, next: None },
        more => Said { word: Some(Word::More(more)), next: Some(silence), ..nothing },
    }
}

#[cfg(test)]
mod tests {
    use neurocards::{Alarm, AlarmDetail, AlarmKind};

    use super::*;

    const SILENCE: Duration = Duration::from_secs(1_800);

    /// An alarm of which operators were told so long ago, of so many times.
    fn record(kind: AlarmKind, is_over: bool, times: u64, told: Option<(u64, u64)>) -> AlarmRecord {
        AlarmRecord {
            alarm: Alarm::new(kind, "500", AlarmDetail::None),
            is_over,
            since: at(0),
            last_at: at(0),
            times,
            told_times: told.map_or(0, |(_, times)| times),
            told_at: told.map(|(ago, _)| at(10_000 - ago)),
            epoch: 1,
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn one_word_in_a_window_and_one_at_the_end() {
        let check = |kind, is_over, times, told, word, next: Option<u64>| {
            let said = say(&record(kind, is_over, times, told), SILENCE, at(10_000));
            let next = next.map(Duration::from_secs);
            assert_eq!((said.word, said.next), (word, next), "{kind} {is_over} {times} {told:?}");
            said.is_over
        };
        let (event, lasting) = (AlarmKind::UnknownFault, AlarmKind::KeysDown);
        for kind in [event, lasting] {
            check(kind, false, 7, None, Some(Word::Began), Some(1_800));
            // It ended, and began again within the window.
            check(kind, false, 1, Some((600, 0)), None, Some(1_200));
            check(kind, false, 1, Some((1_800, 0)), Some(Word::Began), Some(1_800));
            check(kind, true, 1, None, None, None);
            check(kind, true, 9, Some((5, 1)), Some(Word::Over), None);
        }
        check(event, false, 42, Some((60, 1)), None, Some(1_740));
        check(event, false, 42, Some((1_800, 1)), Some(Word::More(41)), Some(1_800));
        assert!(check(event, false, 42, Some((1_800, 42)), Some(Word::Over), None));
        check(lasting, false, 42, Some((60, 1)), None, None);
        assert!(!check(lasting, false, 42, Some((9_000, 1)), None, None));
    }
}
