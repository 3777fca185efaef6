//! The message that shows how an order stands, and that is edited in place.

use std::time::Duration;

use serde_json::Value;

use super::{BotId, ChatRef};
use crate::account::AccountKey;
use crate::brief::UnknownWord;
use crate::clock::Timestamp;
use crate::ids::OrderId;

/// Where a card is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardState {
    /// Nothing was ordered yet.
    Waiting,
    /// It follows its order.
    Live,
    /// The last word on the order is being said. Found so later, nobody knows whether it was.
    Closing,
    /// Everything was said.
    Closed,
}

impl CardState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Live, Self::Closing, Self::Closed];

    /// The state as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Live => "live",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

impl std::str::FromStr for CardState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = Self::ALL.map(Self::as_str);
        let found = Self::ALL.into_iter().find(|state| state.as_str() == word);
        found.ok_or_else(|| UnknownWord::new("card state", word, known))
    }
}

/// Keeps where a card stands.
#[derive(Debug, Clone)]
pub struct CardPut {
    /// Whose order it is.
    pub account: AccountKey,
    /// The order's idempotency key: it is known before the order is.
    pub key: String,
    /// In which chat.
    pub chat: ChatRef,
    /// Which message.
    pub message_id: i64,
    /// The order, once there is one.
    pub order: Option<OrderId>,
}

/// A card.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Whose order it is.
    pub account: AccountKey,
    /// The order's idempotency key.
    pub key: String,
    /// In which chat.
    pub chat: ChatRef,
    /// Which message.
    pub message_id: i64,
    /// The order, once there is one.
    pub order: Option<OrderId>,
    /// What it shows, in the frontend's own format.
    pub shown: Option<Value>,
    /// Where it is in its life.
    pub state: CardState,
    /// Raised by each claim.
    pub epoch: i64,
    /// When it was put there.
    pub created_at: Timestamp,
}

/// Which cards are taken.
#[derive(Debug, Clone)]
pub struct CardClaim {
    /// Of this bot.
    pub bot: BotId,
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
}

/// What comes next for a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardNext {
    /// It is looked at again after this time.
    After(Duration),
    /// The last word is about to be said.
    Closing,
    /// Everything was said.
    Closed,
}

/// Writes what became of a card.
#[derive(Debug, Clone)]
pub struct CardSettle {
    /// Whose order it is.
    pub account: AccountKey,
    /// The order's idempotency key.
    pub key: String,
    /// The epoch of the claim.
    pub epoch: i64,
    /// What it shows now, if that changed.
    pub shown: Option<Value>,
    /// What comes next. `Closing` keeps the lease.
    pub next: CardNext,
}
