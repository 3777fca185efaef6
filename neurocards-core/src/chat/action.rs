//! What buttons do: rows that only their ids leave the house of.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ChatRef, PersonId};
use crate::clock::Entropy;
use crate::ids::IdError;

/// The id of a button's action: sixteen random bytes, written as 22 letters, digits, `-` and `_`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActionId([u8; 16]);

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl ActionId {
    /// A fresh id.
    pub fn new(entropy: &Entropy) -> Self {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The bytes, as stored.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// An id that came from a store.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 128 bits are 22 times six, the last one padded with zeros.
        let bits = u128::from_be_bytes(self.0);
        (0..22).try_for_each(|at| {
            let six = if at < 21 { bits >> (122 - 6 * at) } else { bits << 4 };
            write!(f, "{}", char::from(LETTERS[(six & 63) as usize]))
        })
    }
}

impl fmt::Debug for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionId({self})")
    }
}

impl FromStr for ActionId {
    type Err = IdError;

    fn from_str(given: &str) -> Result<Self, IdError> {
        let value = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).map(|at| at as u128);
        let bits =
            (given.len() == 22).then(|| given.bytes().map(value).collect::<Option<Vec<_>>>()).flatten();
        let bits = bits.filter(|bits| bits[21] & 15 == 0).map(|bits| {
            let front = bits[..21].iter().fold(0_u128, |sum, six| sum << 6 | six);
            front << 2 | bits[21] >> 4
        });
        bits.map(|bits| Self(bits.to_be_bytes())).ok_or_else(|| IdError::new("a button", given))
    }
}

impl TryFrom<String> for ActionId {
    type Error = IdError;

    fn try_from(given: String) -> Result<Self, IdError> {
        given.parse()
    }
}

impl From<ActionId> for String {
    fn from(id: ActionId) -> Self {
        id.to_string()
    }
}

/// What a button will do.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionNew {
    /// Its id.
    pub id: ActionId,
    /// In which chat it works.
    pub chat: ChatRef,
    /// For whom.
    pub person: PersonId,
    /// What it does, in the frontend's own format.
    pub body: Value,
    /// For how long.
    pub ttl: Duration,
    /// It works once.
    pub once: bool,
}

/// Somebody pressed a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// The id that came back.
    pub id: ActionId,
    /// From which chat.
    pub chat: ChatRef,
    /// By whom.
    pub person: PersonId,
}

/// What a press means.
#[derive(Debug, Clone, PartialEq)]
pub enum Pressed {
    /// This is to be done.
    Good {
        /// What, in the frontend's own format.
        body: Value,
        /// It works once: the turn says that it was used.
        once: bool,
    },
    /// It worked once, and was used.
    Used,
    /// Its time is over.
    Expired,
    /// There is no such button for this person in this chat.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_22_letters_and_parse_back() {
        let entropy = Entropy::seeded(3);
        for _ in 0..200 {
            let id = ActionId::new(&entropy);
            let text = id.to_string();
            assert_eq!(text.len(), 22);
            assert_eq!(text.parse(), Ok(id));
        }
        assert_eq!(ActionId([0; 16]).to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(ActionId([255; 16]).to_string(), "_____________________w");
        for bad in [
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "!AAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(bad.parse::<ActionId>().is_err(), "{bad}");
        }
    }
}
