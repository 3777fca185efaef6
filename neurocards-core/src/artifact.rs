//! The stored MP4 and its facts.

use serde::{Deserialize, Serialize};

/// Facts of a stored video, read from its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// SHA-256 of the bytes, lower-case hex. The media key follows from it.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The video codec, as RFC 6381 spells it: `avc1.42c01f`.
    pub codec: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Whether it has a sound track.
    pub sound: bool,
}
