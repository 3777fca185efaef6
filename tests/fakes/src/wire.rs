//! Small facts about what goes over the wire.

use sha2::{Digest, Sha256};

/// The media type of KIE's answers.
pub(crate) const JSON: &str = "application/json;charset=UTF-8";

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name under which a key may be written down: the first 8 hex digits of its SHA-256.
pub(crate) fn fingerprint(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes())[..4])
}

/// Chance that is the same in every run: bytes from a seed, a label and a number.
pub(crate) fn dice(seed: u64, label: &str, n: u64) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    digest.update(label.as_bytes());
    digest.update(n.to_be_bytes());
    digest.finalize().into()
}

/// A moment in words.
pub(crate) fn time(ms: i64, format: &str) -> String {
    chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default().format(format).to_string()
}
