//! Who pays: accounts, their keys, and how fast they may go.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::millis;
use crate::wire::fingerprint;

/// An account at the service. Its limits hold for all its keys together.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// The number that the service puts into the paths of its uploads.
    pub(crate) number: u32,
    pub(crate) balance_milli: i64,
    /// Paid requests.
    pub(crate) creates: Window,
    /// Requests about models.
    pub(crate) discovery: Window,
}

/// A key of an account.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) secret: String,
    pub(crate) account: usize,
    /// What it may spend, in thousandths of a credit.
    pub(crate) cap_milli: Option<i64>,
    pub(crate) spent_milli: i64,
    pub(crate) revoked: bool,
}

impl Key {
    pub(crate) fn new(secret: &str, account: usize) -> Self {
        Self { secret: secret.to_owned(), account, cap_milli: None, spent_milli: 0, revoked: false }
    }

    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.secret)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, account {})", self.fingerprint(), self.account)
    }
}

/// At most so many in any stretch of time of that length.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    limit: usize,
    length_ms: i64,
    taken: VecDeque<i64>,
}

impl Window {
    pub(crate) fn new(limit: usize, length: Duration) -> Self {
        Self { limit, length_ms: millis(length), taken: VecDeque::new() }
    }

    /// Takes a place, if there is one. What is turned away takes none.
    pub(crate) fn take(&mut self, now_ms: i64) -> bool {
        while self.taken.front().is_some_and(|at| at + self.length_ms <= now_ms) {
            self.taken.pop_front();
        }
        let free = self.taken.len() < self.limit;
        if free {
            self.taken.push_back(now_ms);
        }
        free
    }
}
