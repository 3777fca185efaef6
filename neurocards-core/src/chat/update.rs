//! What a channel hands over.

use std::time::Duration;

use serde_json::Value;

use super::BotId;

/// How long an update's id is remembered, at least: longer than a channel keeps what it could not hand over.
pub const UPDATES_REMEMBERED: Duration = Duration::from_secs(3 * 24 * 3_600);

/// An update, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateNew {
    /// The channel's number.
    pub id: i64,
    /// Updates of one lane take effect one after the other, in the order of their numbers: a chat.
    pub lane: i64,
    /// What it says, as the channel writes it.
    pub body: Value,
}

/// An update that is being dealt with.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateRecord {
    /// The channel's number.
    pub id: i64,
    /// Its lane.
    pub lane: i64,
    /// What it says.
    pub body: Value,
    /// How many times it was taken, this time included.
    pub tries: u32,
    /// Raised by each claim.
    pub epoch: i64,
    /// It took effect, and this is still to be shown: what it did is not to be done again.
    pub reply: Option<Value>,
}

/// Which updates are taken.
#[derive(Debug, Clone)]
pub struct UpdateClaim {
    /// Of this bot.
    pub bot: BotId,
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
}

/// What came of an update.
#[derive(Debug, Clone)]
pub struct UpdateSettle {
    /// The bot.
    pub bot: BotId,
    /// The update.
    pub id: i64,
    /// The epoch of the claim.
    pub epoch: i64,
    /// `None`: it is over. Else it is taken again after this time.
    pub again: Option<Duration>,
}
