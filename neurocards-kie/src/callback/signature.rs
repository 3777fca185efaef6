//! KIE's own signature: `base64(HMAC-SHA256(key, task id + "." + unix seconds))`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use neurocards_core::Timestamp;
use sha2::Sha256;

use super::CallbackRefusal;

/// KIE names no window; this is the usual one.
const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);

pub(super) fn check(
    key: &str,
    task_id: &str,
    timestamp: Option<&str>,
    signature: Option<&str>,
    now: Timestamp,
) -> Result<(), CallbackRefusal> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
        return Err(CallbackRefusal::Signature);
    };
    let signature = STANDARD.decode(signature.trim()).map_err(|_| CallbackRefusal::Signature)?;
    let timestamp = timestamp.trim();
    // Compares in constant time.
    mac(key.as_bytes(), &[task_id, ".", timestamp])
        .verify_slice(&signature)
        .map_err(|_| CallbackRefusal::Signature)?;
    let signed_at = timestamp.parse().ok().and_then(|seconds| Timestamp::from_timestamp(seconds, 0));
    match signed_at {
        Some(at) if (now - at).abs() <= FRESH_FOR => Ok(()),
        _ => Err(CallbackRefusal::Stale),
    }
}

/// What KIE would say of this task at this moment.
pub(super) fn sign(key: &str, task_id: &str, timestamp: &str) -> String {
    STANDARD.encode(mac(key.as_bytes(), &[task_id, ".", timestamp]).finalize().into_bytes())
}

/// The signature of the parts, one after the other. A key may have any length.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
pub(super) fn mac(key: &[u8], parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part.as_bytes());
    }
    mac
}
