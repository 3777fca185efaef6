//! The rules of the ledger: double entry, immutable, whole credits.
//!
//! Every entry moves a positive amount from one book to another, so the sum over all books is zero at every moment.
//! A person has two books, `available` and `held`. A job holds its price when it is ordered, and exactly one of
//! `capture` and `release` ends that hold. There is no refund of a person: only the release of a job, and `adjust`
//! with a reason and an actor.

use serde::{Deserialize, Serialize};

use crate::account::AccountKey;
use crate::brief::UnknownWord;
use crate::clock::Timestamp;
use crate::credits::Credits;
use crate::ids::{EntryId, JobId};

/// What an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Credits that somebody paid for.
    Topup,
    /// Credits given for free.
    Bonus,
    /// A job was ordered: its price is set aside.
    Hold,
    /// A job's artifact is durable: the house keeps its price.
    Capture,
    /// A job ended without an artifact: its price goes back.
    Release,
    /// An operator's correction, either way, with a reason and an actor.
    Adjust,
    /// A payment was taken back.
    Revoke,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Topup, Self::Bonus, Self::Hold, Self::Capture, Self::Release, Self::Adjust, Self::Revoke];

    /// The kind as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Topup => "topup",
            Self::Bonus => "bonus",
            Self::Hold => "hold",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Adjust => "adjust",
            Self::Revoke => "revoke",
        }
    }

    /// The books that the entry moves credits between: out of the first, into the second.
    /// `back` turns an adjustment around: out of the account.
    pub fn books(self, back: bool) -> (Book, Book) {
        match (self, back) {
            (Self::Topup | Self::Bonus, _) => (Book::Mint, Book::Available),
            (Self::Hold, _) => (Book::Available, Book::Held),
            (Self::Capture, _) => (Book::Held, Book::Revenue),
            (Self::Release, _) => (Book::Held, Book::Available),
            (Self::Adjust, false) => (Book::Adjustments, Book::Available),
            (Self::Adjust, true) => (Book::Available, Book::Adjustments),
            (Self::Revoke, _) => (Book::Available, Book::Mint),
        }
    }
}

impl std::str::FromStr for EntryKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| UnknownWord::new("ledger kind", word, Self::ALL.map(Self::as_str)))
    }
}

/// A place where credits lie. `Available` and `Held` exist once for each account, the others once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Book {
    /// What an account can spend.
    Available,
    /// What an account's unfinished jobs have set aside.
    Held,
    /// Where paid and given credits come from; its balance is minus the credits in the world.
    Mint,
    /// What the house has earned.
    Revenue,
    /// The other side of corrections.
    Adjustments,
}

impl Book {
    /// The books of the house.
    pub const HOUSE: [Self; 3] = [Self::Mint, Self::Revenue, Self::Adjustments];

    /// The book's key as stored: `cli:default/available`, `house:mint`.
    pub fn key(self, account: &AccountKey) -> String {
        match self {
            Self::Available => format!("{account}/available"),
            Self::Held => format!("{account}/held"),
            Self::Mint => "house:mint".to_owned(),
            Self::Revenue => "house:revenue".to_owned(),
            Self::Adjustments => "house:adjustments".to_owned(),
        }
    }
}

/// One immutable row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    /// The row's id.
    pub id: EntryId,
    /// What it is for.
    pub kind: EntryKind,
    /// Whose account it concerns.
    pub account: AccountKey,
    /// The key of the book that the credits leave.
    pub debit: String,
    /// The key of the book that the credits enter.
    pub credit: String,
    /// How many; always positive.
    pub amount: Credits,
    /// The job of a hold, capture or release.
    pub job_id: Option<JobId>,
    /// What makes the entry unique outside: a payment id, a grant's idempotency key.
    pub reference: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who, for entries that a person made.
    pub actor: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

impl LedgerEntry {
    /// What the entry does to the account's available credits: plus, minus, or nothing.
    pub fn change_to_available(&self) -> Credits {
        let available = Book::Available.key(&self.account);
        if self.credit == available {
            self.amount
        } else if self.debit == available {
            -self.amount
        } else {
            Credits::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_moves_between_two_different_books() {
        for kind in EntryKind::ALL {
            for back in [false, true] {
                let (debit, credit) = kind.books(back);
                assert_ne!(debit, credit, "{kind:?}");
            }
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }

    #[test]
    fn a_hold_ends_where_its_resolution_begins() {
        assert_eq!(EntryKind::Hold.books(false).1, EntryKind::Capture.books(false).0);
        assert_eq!(EntryKind::Hold.books(false).1, EntryKind::Release.books(false).0);
        assert_eq!(EntryKind::Hold.books(false).0, EntryKind::Release.books(false).1);
    }
}
