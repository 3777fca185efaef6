//! Who speaks.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PersonId;
use crate::brief::Lang;
use crate::clock::Timestamp;
use crate::ids::OrderId;

/// A person, as known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// The channel's number.
    pub id: PersonId,
    /// The name by which others find them, without `@`.
    pub username: Option<String>,
    /// The language.
    pub lang: Lang,
    /// They chose it themselves: the client's language does not change it any more.
    pub lang_chosen: bool,
    /// With which word of a link they came first.
    pub source: Option<String>,
    /// When they agreed to the terms.
    pub consent_at: Option<Timestamp>,
    /// Since when they do not want to hear from us.
    pub blocked_at: Option<Timestamp>,
    /// Since when we do not serve them.
    pub banned_at: Option<Timestamp>,
    /// Who banned them, and why.
    pub banned_by: Option<(String, String)>,
    /// What they used last, in the frontend's own format.
    pub preferences: Value,
    /// When they came first.
    pub first_seen_at: Timestamp,
    /// When they spoke last.
    pub last_seen_at: Timestamp,
}

/// What became known of a person. One who speaks is not blocking us.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonWrite {
    /// The name by which others find them.
    pub username: Option<String>,
    /// The language.
    pub lang: Lang,
    /// They chose it themselves.
    pub lang_chosen: bool,
    /// With which word of a link they came; kept only the first time.
    pub source: Option<String>,
    /// They agree to the terms now; a date that is known stays.
    pub consents: bool,
    /// What they used last.
    pub preferences: Value,
}

/// A mark on a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// They do not want to hear from us.
    Blocked,
    /// They do again.
    Unblocked,
    /// We do not serve them.
    Banned {
        /// Who says so.
        actor: String,
        /// Why.
        reason: String,
    },
    /// We do again.
    Unbanned,
}

/// An opinion on an order's videos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feedback {
    /// Whose.
    pub person: PersonId,
    /// On what.
    pub order: OrderId,
    /// They liked it.
    pub good: bool,
}

/// Takes one of the things that a person may have so many of.
#[derive(Debug, Clone)]
pub struct AllowanceTake {
    /// Who.
    pub person: PersonId,
    /// Of which things: `draft`.
    pub what: String,
    /// Which one: the same takes only once.
    pub key: String,
    /// How many.
    pub most: u32,
    /// Within which time.
    pub within: Duration,
}

/// Whether one was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// It is theirs, and so many are left.
    Granted {
        /// How many.
        left: u32,
    },
    /// None is left until then.
    Spent {
        /// When the next one comes.
        until: Timestamp,
    },
}
