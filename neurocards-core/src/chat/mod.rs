//! The seam to whoever remembers conversations: people, dialogues, buttons, cards.
//!
//! It stands beside [`Store`](crate::Store), not inside it: a program without a bot needs none. Nothing here moves
//! credits or starts a render. A turn that does such a thing does it first, under a key of its own, so that doing it
//! again is harmless; then it writes what it did to the conversation, in one transaction with the update that caused it.

mod action;
mod broadcast;
mod card;
mod dialogue;
mod maintenance;
mod memory;
mod person;
mod update;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use action::{ActionId, ActionNew, Press, Pressed};
pub use broadcast::{Broadcast, BroadcastNew, BroadcastOutcome, BroadcastState};
pub use card::{Card, CardClaim, CardNext, CardPut, CardSettle, CardState};
pub use dialogue::{Dialogue, DialogueWrite, Turn, TurnOutcome};
pub use maintenance::Maintenance;
pub use memory::MemoryChats;
pub use person::{Allowance, AllowanceTake, Feedback, Mark, Person, PersonWrite};
pub use update::{UPDATES_REMEMBERED, UpdateClaim, UpdateNew, UpdateRecord, UpdateSettle};

use crate::account::AccountKey;
use crate::brief::Lang;
use crate::ids::OrderId;
use crate::store::StoreError;

/// A bot: whose updates, buttons and file ids these are. Another token may mean another bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BotId(pub i64);

/// A person, by the channel's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

/// A conversation of a bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChatRef {
    /// The bot.
    pub bot: BotId,
    /// The channel's number of the chat.
    pub chat: i64,
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Remembers conversations. Each method is one transaction, and answers as [`Store`](crate::Store) does: after an error
/// nothing of it is visible, except after [`StoreError::Ambiguous`]; a lost race is an answer. Time is the store's.
#[async_trait]
pub trait ChatStore: fmt::Debug + Send + Sync + 'static {
    /// Keeps updates; those that are known already change nothing. Answers how many were new. Once it returns, the
    /// channel may forget them.
    async fn updates_put(&self, bot: BotId, updates: &[UpdateNew]) -> Result<u64, StoreError>;

    /// The largest id among the updates that came within [`UPDATES_REMEMBERED`]: where polling goes on. Channels may
    /// begin new numbers after a week of silence, so an older one says nothing.
    async fn updates_last(&self, bot: BotId) -> Result<Option<i64>, StoreError>;

    /// Takes open updates whose time has come, at most one of each lane: its first. A lane whose first update somebody
    /// else has under a lease waits. Raises the epoch and counts the try.
    async fn updates_claim(&self, claim: &UpdateClaim) -> Result<Vec<UpdateRecord>, StoreError>;

    /// Ends an update, or puts it off. `false`: somebody else has it now, and nothing was written. What it said is
    /// forgotten when it ends.
    async fn update_settle(&self, settle: &UpdateSettle) -> Result<bool, StoreError>;

    /// The dialogue of a chat.
    async fn dialogue_get(&self, chat: ChatRef) -> Result<Option<Dialogue>, StoreError>;

    /// Writes what an update did to the conversation: dialogue, person, buttons, and the reply that is still to be
    /// shown, together with the update's own row. All of it, or nothing when somebody was faster.
    async fn turn_apply(&self, turn: &Turn) -> Result<TurnOutcome, StoreError>;

    /// A person.
    async fn person_get(&self, person: PersonId) -> Result<Option<Person>, StoreError>;

    /// Marks a person; one who was never seen is not marked. `false`: nobody was.
    async fn person_mark(&self, person: PersonId, mark: &Mark) -> Result<bool, StoreError>;

    /// Forgets what is known of a person: name, preferences, dialogues, buttons, cards, opinions. A ban stays, and so
    /// does the day of the first visit.
    async fn person_forget(&self, person: PersonId) -> Result<(), StoreError>;

    /// Keeps what buttons do.
    async fn actions_put(&self, actions: &[ActionNew]) -> Result<(), StoreError>;

    /// What a button does that this person pressed in this chat. Nothing is used up by looking.
    async fn action_find(&self, press: &Press) -> Result<Pressed, StoreError>;

    /// Keeps where the card of an order stands; a second time moves it there. With an order it is live from then on,
    /// and due at once.
    async fn card_put(&self, card: &CardPut) -> Result<(), StoreError>;

    /// The card of an order that was, or is to be, placed under this idempotency key.
    async fn card_get(&self, account: &AccountKey, key: &str) -> Result<Option<Card>, StoreError>;

    /// The card of an order is due now: there is news. Whoever has it under a lease loses it, so that the news is not
    /// settled away.
    async fn card_wake(&self, order: OrderId) -> Result<(), StoreError>;

    /// Takes live cards that are due, the longest due first.
    async fn cards_claim(&self, claim: &CardClaim) -> Result<Vec<Card>, StoreError>;

    /// Writes what a card shows and what comes next. `false`: somebody else has it now, and nothing was written.
    async fn card_settle(&self, settle: &CardSettle) -> Result<bool, StoreError>;

    /// The channel's id of a file that a bot has uploaded, by the hash of its bytes.
    async fn file_get(&self, bot: BotId, sha256: &str) -> Result<Option<String>, StoreError>;

    /// Keeps such an id; a newer one replaces it. `None`: the channel does not know it any more.
    async fn file_put(&self, bot: BotId, sha256: &str, file_id: Option<&str>) -> Result<(), StoreError>;

    /// Keeps an opinion; a later one of the same person on the same order replaces it.
    async fn feedback_put(&self, feedback: &Feedback) -> Result<(), StoreError>;

    /// The opinions on an order.
    async fn feedback_of(&self, order: OrderId) -> Result<Vec<Feedback>, StoreError>;

    /// Takes one of the things that a person may have so many of within a time. The same key takes only once.
    async fn allowance_take(&self, take: &AllowanceTake) -> Result<Allowance, StoreError>;

    /// The person who has this name, by which others find them, in whatever case; the one who spoke last when several had it.
    async fn person_find(&self, username: &str) -> Result<Option<Person>, StoreError>;

    /// Whether the house is closed for new orders.
    async fn maintenance_get(&self) -> Result<Option<Maintenance>, StoreError>;

    /// Closes the house, by whom, and whether the queue was paused with it; or opens it. One that is closed already stays
    /// as it is.
    async fn maintenance_set(&self, closed: Option<(&str, bool)>) -> Result<(), StoreError>;

    /// Begins a broadcast; one with this id that is there already stays as it is.
    async fn broadcast_put(&self, new: &BroadcastNew) -> Result<Broadcast, StoreError>;

    /// How many people a broadcast would reach: those who are neither banned nor blocking us.
    async fn broadcast_audience(&self, lang: Option<Lang>) -> Result<u64, StoreError>;

    /// The bot's latest broadcast.
    async fn broadcast_last(&self, bot: BotId) -> Result<Option<Broadcast>, StoreError>;

    /// Stops a broadcast. `false`: it was over before.
    async fn broadcast_cancel(&self, id: &str) -> Result<bool, StoreError>;

    /// Takes a broadcast that goes on and that nobody has under a lease. Of those that somebody was writing to who is gone,
    /// nobody knows whether they have it: they are counted as unknown, and not handed out again.
    async fn broadcast_claim(&self, bot: BotId, lease: Duration) -> Result<Option<Broadcast>, StoreError>;

    /// Hands out the next people by their numbers, those first who were handed out and not written to; renews the lease.
    /// Nobody: everybody was. `None`: the broadcast is somebody else's, or over.
    async fn broadcast_next(
        &self,
        id: &str,
        epoch: i64,
        limit: u32,
        lease: Duration,
    ) -> Result<Option<Vec<PersonId>>, StoreError>;

    /// Says that a person is about to be written to. `false`: they must not be.
    async fn broadcast_sending(&self, id: &str, epoch: i64, person: PersonId) -> Result<bool, StoreError>;

    /// Writes what came of it, once.
    async fn broadcast_settle(
        &self,
        id: &str,
        person: PersonId,
        outcome: BroadcastOutcome,
    ) -> Result<(), StoreError>;

    /// Ends a broadcast of which everybody was settled. `false`: it is somebody else's, or not at its end.
    async fn broadcast_finish(&self, id: &str, epoch: i64) -> Result<bool, StoreError>;

    /// Forgets updates that ended before [`UPDATES_REMEMBERED`], buttons that ended before `kept`, and allowances and
    /// closed cards older than that. Answers how many rows went.
    async fn chats_tidy(&self, kept: Duration) -> Result<u64, StoreError>;
}
