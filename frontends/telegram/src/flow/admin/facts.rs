//! What admins see, and what is done for them.

use std::collections::BTreeMap;

use neurocards::{
    Alarm, Broadcast, Credits, EntryKind, FaultClass, Job, Lang, LedgerEntry, Maintenance, Payment,
    PaymentId, Person, PersonId, QueueStatus, Timestamp,
};

use super::super::state::DraftId;

/// Whom an admin means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By number.
    Id(PersonId),
    /// By the name by which others find them.
    Name(String),
}

/// What is to be found out or done. Each may happen again: it changes nothing the second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminEffect {
    /// Looks at the house.
    Overview,
    /// Looks a person up.
    Look(Who),
    /// Moves credits.
    Adjust {
        /// Under this id, once.
        id: DraftId,
        /// Whose.
        person: PersonId,
        /// How many; fewer than none are taken away.
        credits: Credits,
        /// Why.
        reason: String,
    },
    /// Bans.
    Ban {
        /// Whom.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// Ends a ban.
    Unban {
        /// Whose.
        person: PersonId,
    },
    /// Looks what giving a payment back would take.
    RefundLook {
        /// Which.
        payment: PaymentId,
    },
    /// Gives a payment back.
    Refund {
        /// Which.
        payment: PaymentId,
        /// Whose card is shown then.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// Closes for maintenance.
    Close {
        /// And pauses the queue.
        pause: bool,
    },
    /// Opens again.
    Reopen,
    /// Looks how the last broadcast stands.
    SpreadLook,
    /// Counts whom one would reach.
    SpreadCount,
    /// Begins one.
    SpreadStart {
        /// Under this id, once.
        id: DraftId,
        /// What it says.
        text: String,
        /// Only to people with this language.
        lang: Option<Lang>,
    },
    /// Stops one.
    SpreadStop {
        /// Which.
        id: String,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum AdminKnown {
    /// The house.
    Overview(Box<Overview>),
    /// The last broadcast.
    Spread(Option<Broadcast>),
    /// Whom a broadcast would reach.
    Audience {
        /// All.
        all: u64,
        /// With Russian.
        ru: u64,
        /// With English.
        en: u64,
    },
    /// A person; nothing when nobody knows them.
    Person {
        /// What is known.
        facts: Option<Box<PersonFacts>>,
        /// What was done before.
        did: Option<Did>,
    },
    /// A payment that can be given back.
    Refund {
        /// Which.
        payment: Box<Payment>,
        /// What its person can spend: no more is taken.
        available: Credits,
    },
}

/// What was done for an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// Credits moved.
    Adjusted(Credits),
    /// They did not: there are not so many.
    NotEnough,
    /// They did not: the admin moved credits too often today.
    TooOften,
    /// Somebody is banned.
    Banned,
    /// Not any more.
    Unbanned,
    /// A payment was given back.
    Refunded {
        /// So many credits were taken.
        taken: Credits,
        /// And so many were spent before.
        short: Credits,
    },
    /// Its credits are taken, and the money is on its way.
    Refunding,
    /// It was not, and nothing changed: why.
    NotRefunded(String),
}

/// The house at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    /// The queue and the workers.
    pub queue: QueueStatus,
    /// Accounts, keys and models that something is known of.
    pub keys: Vec<KeyFacts>,
    /// What credits moved today, by kind.
    pub money: BTreeMap<&'static str, i64>,
    /// Videos that were made today.
    pub done: u64,
    /// And those that were not, by the class of the fault.
    pub failed: BTreeMap<&'static str, u64>,
    /// There was more today than was looked at.
    pub more: bool,
    /// What operators were told of and is not over.
    pub alarms: Vec<Alarm>,
    /// The house is closed.
    pub maintenance: Option<Maintenance>,
}

/// An account, a key or a model of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its name. Never a key.
    pub name: String,
    /// Closed, until then if that is known.
    pub closed: Option<Option<Timestamp>>,
    /// Whole credits at the provider.
    pub balance: Option<i64>,
    /// How many days they last.
    pub days: Option<u64>,
}

/// A person, as admins see them.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonFacts {
    /// Their number.
    pub id: PersonId,
    /// What they said; nothing when they never spoke.
    pub person: Option<Person>,
    /// What they can spend.
    pub available: Credits,
    /// What is held.
    pub held: Credits,
    /// Their latest videos.
    pub jobs: Vec<Job>,
    /// Their latest movements of credits.
    pub entries: Vec<LedgerEntry>,
    /// Their latest payments.
    pub payments: Vec<Payment>,
}

impl Overview {
    /// Counts what moved and what ended since this moment.
    pub fn count(&mut self, since: Timestamp, entries: &[LedgerEntry], failed: &[Job]) {
        for entry in entries.iter().filter(|entry| entry.created_at >= since) {
            let back = entry.kind == EntryKind::Adjust && entry.change_to_available() < Credits::ZERO;
            let amount = if back { -entry.amount.0 } else { entry.amount.0 };
            *self.money.entry(entry.kind.as_str()).or_default() += amount;
            self.done += u64::from(entry.kind == EntryKind::Capture);
        }
        for job in failed.iter().filter(|job| job.finished_at.is_some_and(|at| at >= since)) {
            let class = job.error.as_ref().map_or(FaultClass::Unknown, |fault| fault.class);
            *self.failed.entry(class.as_str()).or_default() += 1;
        }
    }
}
