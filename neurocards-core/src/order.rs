//! One confirmed request for 1..n videos.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::account::AccountKey;
use crate::brief::Brief;
use crate::clock::Timestamp;
use crate::ids::OrderId;
use crate::prompt::Variation;

/// Most videos of one order.
pub const ORDER_MAX_VIDEOS: u32 = 20;
/// Most characters of an idempotency key.
pub const IDEMPOTENCY_KEY_MAX_CHARS: usize = 200;

/// One confirmed request for 1..n videos of one brief, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// Who pays.
    pub account: AccountKey,
    /// Unique for the account: the same key gives the same order.
    pub idempotency_key: String,
    /// SHA-256 over what was ordered, lower-case hex: the same key with another fingerprint is refused.
    pub fingerprint: String,
    /// What the seller gave.
    pub brief: Brief,
    /// How many videos.
    pub count: u32,
    /// The model.
    pub model: String,
    /// When it was placed.
    pub created_at: Timestamp,
}

/// What makes two orders the same: everything that changes the videos.
#[derive(Debug, Serialize)]
struct Contents<'a> {
    model: &'a str,
    count: u32,
    brief: &'a Brief,
}

impl Order {
    /// The fingerprint of an order's contents.
    pub fn fingerprint_of(brief: &Brief, count: u32, model: &str) -> String {
        let contents = Contents { model, count, brief };
        // A struct of strings and numbers always serialises.
        let json = serde_json::to_vec(&contents).unwrap_or_default();
        hex(&Sha256::digest(&json))
    }

    /// Which variation the job with this index is.
    pub fn variation(&self, index: u32) -> Variation {
        let digest = Sha256::digest(self.id.as_uuid().as_bytes());
        let mut seed = [0; 8];
        seed.copy_from_slice(&digest[..8]);
        Variation { index, count: self.count, seed: u64::from_be_bytes(seed) }
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}
