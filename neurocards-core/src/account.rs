//! Who pays and receives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::credits::Credits;

/// The key of an account: `telegram:<id>`, `cli:<name>`, or the embedder's own string.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountKey(String);

/// Why a string is no account key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} is not an account: use `cli:<name>`, `telegram:<id>` or your own `<kind>:<name>` of letters, digits and . _ - @ (at most {limit} characters)",
    limit = AccountKey::MAX_CHARS
)]
pub struct AccountKeyError {
    given: String,
}

impl AccountKey {
    /// Most characters of a key.
    pub const MAX_CHARS: usize = 128;

    /// Checks a key.
    ///
    /// # Errors
    /// The key is not `<kind>:<name>`, has other characters than letters, digits and `. _ - @ :`, is too long, or
    /// belongs to the house (`house:`).
    pub fn new(key: impl Into<String>) -> Result<Self, AccountKeyError> {
        let key = key.into();
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ':');
        let parts = key.split_once(':').is_some_and(|(kind, name)| {
            !kind.is_empty() && !name.is_empty() && kind != Self::HOUSE && key.chars().all(known)
        });
        if parts && key.len() <= Self::MAX_CHARS {
            Ok(Self(key))
        } else {
            Err(AccountKeyError { given: key.chars().take(64).collect() })
        }
    }

    const HOUSE: &str = "house";

    /// The key as stored and as shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountKey {
    type Err = AccountKeyError;

    fn from_str(key: &str) -> Result<Self, AccountKeyError> {
        Self::new(key)
    }
}

impl TryFrom<String> for AccountKey {
    type Error = AccountKeyError;

    fn try_from(key: String) -> Result<Self, AccountKeyError> {
        Self::new(key)
    }
}

impl From<AccountKey> for String {
    fn from(key: AccountKey) -> Self {
        key.0
    }
}

/// An account with its balances, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The key.
    pub key: AccountKey,
    /// How far `available` may go below zero. 0 for people.
    pub credit_limit: Credits,
    /// Credits that can be spent; at least `-credit_limit`.
    pub available: Credits,
    /// Credits held by jobs that are not final yet; never negative.
    pub held: Credits,
    /// When the account was opened.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        for good in ["cli:default", "telegram:42", "shop:acme-1.b_c@d", "a:b:c"] {
            assert_eq!(AccountKey::new(good).unwrap().as_str(), good);
        }
        let long = format!("cli:{}", "x".repeat(125));
        for bad in ["", "cli", "cli:", ":x", "cli:a b", "cli:\u{1b}[2J", "cli:Ж", "house:mint", &long] {
            assert!(AccountKey::new(bad).is_err(), "{bad:?}");
        }
    }
}
