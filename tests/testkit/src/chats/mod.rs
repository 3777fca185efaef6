//! The cases that every store of conversations passes.
//!
//! One list, [`chat_conformance!`](crate::chat_conformance), expands to one test for each case. No backend picks its
//! cases.

pub mod broadcasts;
pub mod buttons;
pub mod cards;
pub mod people;
pub mod turns;
pub mod updates;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    ActionId, ActionNew, BotId, ChatRef, ChatStore, Entropy, ManualClock, PersonId, Turn, TurnOutcome,
    UpdateClaim, UpdateNew, UpdateRecord, UpdateSettle,
};
use serde_json::{Value, json};

/// A fresh store of conversations for one case.
pub struct Fixture {
    /// The store, empty.
    pub chats: Arc<dyn ChatStore>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// What must live as long as the store.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("chats", &self.chats).finish_non_exhaustive()
    }
}

/// What a case stands in.
#[derive(Debug)]
pub struct World {
    /// The store under test.
    pub chats: Arc<dyn ChatStore>,
    clock: Arc<ManualClock>,
    entropy: Entropy,
}

/// The bot of most cases.
pub const BOT: BotId = BotId(700);
/// Its chat with [`PERSON`].
pub const CHAT: ChatRef = ChatRef { bot: BOT, chat: 42 };
/// A person.
pub const PERSON: PersonId = PersonId(42);
/// How long a case holds what it claims.
pub const LEASE: Duration = Duration::from_secs(60);

/// Runs one case on a fresh store.
pub async fn run(fixture: Fixture, case: impl AsyncFnOnce(&World)) {
    let world = World { chats: fixture.chats, clock: fixture.clock, entropy: Entropy::seeded(7) };
    case(&world).await;
    drop(fixture.keep);
}

impl World {
    /// Moves the clock.
    pub fn pass(&self, wait: Duration) {
        self.clock.advance(wait);
    }

    /// Keeps updates with these numbers in these lanes; all must be new.
    pub async fn put(&self, updates: &[(i64, i64)]) {
        let updates: Vec<_> = updates.iter().map(|(id, lane)| update(*id, *lane)).collect();
        assert_eq!(self.chats.updates_put(BOT, &updates).await.unwrap(), updates.len() as u64);
    }

    /// Takes what is due.
    pub async fn claim(&self) -> Vec<UpdateRecord> {
        let claim = UpdateClaim { bot: BOT, limit: 100, lease: LEASE };
        self.chats.updates_claim(&claim).await.unwrap()
    }

    /// Takes what is due; only the numbers.
    pub async fn claim_ids(&self) -> Vec<i64> {
        self.claim().await.iter().map(|update| update.id).collect()
    }

    /// Ends an update, or puts it off.
    pub async fn settle(&self, update: &UpdateRecord, again: Option<Duration>) -> bool {
        let settle = UpdateSettle { bot: BOT, id: update.id, epoch: update.epoch, again };
        self.chats.update_settle(&settle).await.unwrap()
    }

    /// Keeps and takes an update of [`CHAT`].
    pub async fn update(&self, id: i64) -> UpdateRecord {
        self.put(&[(id, CHAT.chat)]).await;
        self.claim().await.remove(0)
    }

    /// Writes a turn.
    pub async fn turn(&self, turn: &Turn) -> TurnOutcome {
        self.chats.turn_apply(turn).await.unwrap()
    }

    /// A button of [`PERSON`] in [`CHAT`].
    pub fn button(&self, body: Value, once: bool) -> ActionNew {
        let id = ActionId::new(&self.entropy);
        ActionNew { id, chat: CHAT, person: PERSON, body, ttl: Duration::from_secs(3_600), once }
    }
}

/// An update.
pub fn update(id: i64, lane: i64) -> UpdateNew {
    UpdateNew { id, lane, body: json!({ "update_id": id, "text": "привет \u{0}<b>" }) }
}

/// A turn that does nothing yet.
pub fn turn(update: &UpdateRecord) -> Turn {
    Turn {
        chat: CHAT,
        person: PERSON,
        update: (update.id, update.epoch),
        dialogue: None,
        seen: None,
        actions: Vec::new(),
        used: None,
        reply: None,
    }
}

/// Expands to one `#[tokio::test]` for each case. The argument names an async function without arguments that gives a
/// [`Fixture`]; the crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! chat_conformance {
    ($fresh:ident) => {
        $crate::chat_conformance! { @rooms $fresh;
            updates: known_ones_change_nothing, polling_goes_on_behind_the_last, old_numbers_say_nothing,
                a_lane_is_dealt_with_in_order, an_expired_lease_is_taken_again, put_off_means_later,
                only_the_claimer_settles, what_ended_is_forgotten, two_claimers_never_share, bots_do_not_mix;
            turns: everything_of_a_turn_is_written, a_turn_takes_effect_once, a_reply_keeps_the_update_open,
                a_moved_dialogue_writes_nothing, a_used_button_writes_nothing, a_lost_update_writes_nothing;
            buttons: they_belong_to_a_person_in_a_chat, they_end, once_is_once, old_ones_are_tidied_away;
            people: the_first_visit_stays, marks_are_set_and_taken_away, who_speaks_is_not_blocking,
                forgetting_leaves_the_ban, opinions_are_replaced, file_ids_belong_to_a_bot,
                allowances_end_and_come_back, the_same_takes_once, a_person_is_found_by_name,
                the_house_closes_and_opens;
            broadcasts: everybody_who_hears_is_handed_out_once, the_next_process_goes_on,
                a_stopped_one_hands_out_nobody;
            cards: a_card_waits_for_its_order, a_moved_card_shows_nothing, due_cards_are_claimed_by_their_bot,
                news_wakes_a_card_and_takes_it_away, a_closing_card_is_said_once, closed_cards_are_tidied_away;
        }
    };
    (@rooms $fresh:ident; $($room:ident: $($case:ident),+;)+) => {
        $(mod $room {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::chats::run(super::$fresh().await, $crate::chats::$room::$case).await;
            })+
        })+
    };
}
