//! How fast messages may go out: 30 a second over all, one a second to a chat with a few at once; and not at all while
//! the server asks to wait. Each process keeps its own pace; where several send, the server's word keeps them together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use neurocards::Clock;

/// How fast messages may go out: as fast as Telegram bears, unless something else is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time between two messages over all.
    pub overall: Duration,
    /// Time between two messages of a broadcast: a third of the pace is left to answers and notices.
    pub bulk: Duration,
    /// Time between two messages to one chat.
    pub chat: Duration,
    /// Least time between two edits of a message that nobody has pressed.
    pub edits: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            overall: Duration::from_millis(34),
            bulk: Duration::from_millis(50),
            chat: Duration::from_secs(1),
            edits: Duration::from_secs(3),
        }
    }
}

/// How many may go at once.
const OVERALL_BURST: u32 = 10;
const CHAT_BURST: u32 = 3;
/// Chats beyond this many are looked through for those that are quiet.
const MANY_CHATS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    limits: Limits,
    lanes: Mutex<Lanes>,
}

#[derive(Debug, Default)]
struct Lanes {
    overall: Lane,
    bulk: Lane,
    chats: HashMap<i64, Lane>,
    /// When messages were edited last, by chat and message.
    edits: HashMap<(i64, i64), Duration>,
}

/// When the next message is due at a steady pace, and before when none may go.
#[derive(Debug, Default, Clone, Copy)]
struct Lane {
    due: Duration,
    closed_until: Duration,
}

impl Lane {
    /// The first moment at which a message may go.
    fn opens(self, every: Duration, burst: u32) -> Duration {
        self.due.saturating_sub(every * (burst - 1)).max(self.closed_until)
    }

    fn take(&mut self, at: Duration, every: Duration) {
        self.due = self.due.max(at) + every;
    }
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self { clock, limits, lanes: Mutex::default() }
    }

    /// Another one, that has seen nothing yet.
    pub(super) fn with(&self, limits: Limits) -> Self {
        Self::new(self.clock.clone(), limits)
    }

    /// Waits for a turn to write to a chat.
    pub(super) async fn turn(&self, chat: i64) {
        let now = self.clock.monotonic();
        let at = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            if lanes.chats.len() > MANY_CHATS {
                lanes.chats.retain(|_, lane| lane.due.max(lane.closed_until) > now);
            }
            let lane = lanes.chats.entry(chat).or_default().opens(self.limits.chat, CHAT_BURST);
            let at = now.max(lane).max(lanes.overall.opens(self.limits.overall, OVERALL_BURST));
            lanes.overall.take(at, self.limits.overall);
            lanes.chats.entry(chat).or_default().take(at, self.limits.chat);
            at
        };
        let wait = at.saturating_sub(now);
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// Waits for a turn of a broadcast, before its message waits for that of its chat.
    pub(super) async fn bulk_turn(&self) {
        let now = self.clock.monotonic();
        let at = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            let at = now.max(lanes.bulk.opens(self.limits.bulk, 1)).max(lanes.overall.closed_until);
            lanes.bulk.take(at, self.limits.bulk);
            at
        };
        let wait = at.saturating_sub(now);
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// A message was edited.
    pub(super) fn edited(&self, chat: i64, message: i64) {
        let now = self.clock.monotonic();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.edits.len() > MANY_CHATS {
            lanes.edits.retain(|_, at| *at + self.limits.edits > now);
        }
        lanes.edits.insert((chat, message), now);
    }

    /// How long a message is left as it is before it is edited unasked, if that is so.
    pub(super) fn edit_rests(&self, chat: i64, message: i64) -> Option<Duration> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let until = *lanes.edits.get(&(chat, message))? + self.limits.edits;
        let rest = until.saturating_sub(self.clock.monotonic());
        (!rest.is_zero()).then_some(rest)
    }

    /// The server asks to wait before the next message to this chat. When it asks so for several chats at once, it means
    /// all of them.
    pub(super) fn close(&self, chat: i64, wait: Duration) {
        let now = self.clock.monotonic();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let another = lanes.chats.iter().any(|(other, lane)| *other != chat && lane.closed_until > now);
        if another {
            lanes.overall.closed_until = lanes.overall.closed_until.max(now + wait);
        }
        let lane = lanes.chats.entry(chat).or_default();
        lane.closed_until = lane.closed_until.max(now + wait);
    }

    /// How long no message may go to this chat, if that is so.
    pub(super) fn closed(&self, chat: i64) -> Option<Duration> {
        let now = self.clock.monotonic();
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let until = lanes.chats.get(&chat).map_or(Duration::ZERO, |lane| lane.closed_until);
        let wait = until.max(lanes.overall.closed_until).saturating_sub(now);
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use neurocards::ManualClock;

    use super::*;

    /// The moments at which so many messages go, in milliseconds.
    async fn moments(pace: &Arc<Pace>, clock: &ManualClock, chats: &[i64]) -> Vec<u128> {
        let start = clock.monotonic();
        let turns: Vec<_> = chats
            .iter()
            .map(|chat| {
                let (pace, chat) = (pace.clone(), *chat);
                tokio::spawn(async move { pace.turn(chat).await })
            })
            .collect();
        let mut moments = Vec::new();
        let mut left: Vec<_> = turns.into_iter().collect();
        while !left.is_empty() {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            let before = left.len();
            left.retain(|turn| !turn.is_finished());
            moments.extend(std::iter::repeat_n((clock.monotonic() - start).as_millis(), before - left.len()));
            clock.advance(Duration::from_millis(1));
        }
        moments
    }

    #[tokio::test]
    async fn a_chat_gets_a_few_at_once_and_then_one_a_second() {
        let clock = Arc::new(ManualClock::new());
        let pace = Arc::new(Pace::new(clock.clone(), Limits::default()));
        assert_eq!(moments(&pace, &clock, &[7; 5]).await, [0, 0, 0, 1_000, 2_000]);
    }

    #[tokio::test]
    async fn a_broadcast_leaves_a_third_of_the_pace() {
        let clock = Arc::new(ManualClock::new());
        let pace = Arc::new(Pace::new(clock.clone(), Limits::default()));
        let sending = tokio::spawn({
            let pace = pace.clone();
            async move {
                for _ in 0..20 {
                    pace.bulk_turn().await;
                }
            }
        });
        let start = clock.monotonic();
        while !sending.is_finished() {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_millis(1));
        }
        assert!((clock.monotonic() - start).as_millis() >= 950);
    }

    #[tokio::test]
    async fn thirty_a_second_over_all() {
        let clock = Arc::new(ManualClock::new());
        let pace = Arc::new(Pace::new(clock.clone(), Limits::default()));
        let chats: Vec<_> = (0..100).collect();
        let moments = moments(&pace, &clock, &chats).await;
        let within = |from: u128| moments.iter().filter(|at| **at >= from && **at < from + 1_000).count();
        assert!(within(0) <= 40 && within(1_000) <= 30 && within(2_000) <= 30, "{moments:?}");
    }

    #[test]
    fn an_edited_message_is_left_alone_for_a_while() {
        let clock = Arc::new(ManualClock::new());
        let pace = Pace::new(clock.clone(), Limits::default());
        assert_eq!(pace.edit_rests(7, 1), None);
        pace.edited(7, 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(pace.edit_rests(7, 1), Some(Duration::from_secs(2)));
        assert_eq!(pace.edit_rests(7, 2), None);
        clock.advance(Duration::from_secs(2));
        assert_eq!(pace.edit_rests(7, 1), None);
    }

    #[tokio::test]
    async fn a_word_of_the_server_closes_a_chat_and_two_close_all() {
        let clock = Arc::new(ManualClock::new());
        let pace = Arc::new(Pace::new(clock.clone(), Limits::default()));
        pace.close(7, Duration::from_secs(5));
        assert_eq!(pace.closed(7), Some(Duration::from_secs(5)));
        assert_eq!(pace.closed(8), None);
        assert_eq!(moments(&pace, &clock, &[8, 7]).await, [0, 5_000]);
        pace.close(7, Duration::from_secs(5));
        pace.close(8, Duration::from_secs(3));
        assert_eq!(pace.closed(9), Some(Duration::from_secs(3)));
    }
}
