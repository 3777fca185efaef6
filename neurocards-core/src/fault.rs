//! What went wrong outside, in the vocabulary that decides what happens next.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::brief::UnknownWord;

/// The class of a fault: it decides on retries and on what the seller reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// The photo or the text breaks the provider's content rules.
    UserViolation,
    /// Our account at the provider has no money.
    Billing,
    /// Too many requests; nothing was queued.
    RateLimit,
    /// A passing fault at the provider or on the way.
    Temporary,
    /// Text and code that nobody has seen before.
    Unknown,
    /// A parameter that the model does not take: our fault, not the seller's.
    InvalidInput,
    /// A key that the provider refuses.
    Auth,
    /// The model is paused, retired or unknown.
    ModelUnavailable,
}

impl FaultClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::UserViolation,
        Self::Billing,
        Self::RateLimit,
        Self::Temporary,
        Self::Unknown,
        Self::InvalidInput,
        Self::Auth,
        Self::ModelUnavailable,
    ];

    /// The class as stored and as shown, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserViolation => "user_violation",
            Self::Billing => "billing",
            Self::RateLimit => "rate_limit",
            Self::Temporary => "temporary",
            Self::Unknown => "unknown",
            Self::InvalidInput => "invalid_input",
            Self::Auth => "auth",
            Self::ModelUnavailable => "model_unavailable",
        }
    }
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FaultClass {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == word)
            .ok_or_else(|| UnknownWord::new("fault class", word, Self::ALL.map(Self::as_str)))
    }
}

/// One classified fault. Its message is for operators; sellers read a text made from the class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{class}: {message}")]
pub struct Fault {
    /// What kind of fault it is.
    pub class: FaultClass,
    /// What the other side said, without secrets and urls, at most [`Fault::MESSAGE_MAX_CHARS`].
    pub message: String,
    /// The other side's own code, if it gave one.
    pub code: Option<String>,
    /// How long the other side asks us to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// Longer messages are cut.
    pub const MESSAGE_MAX_CHARS: usize = 500;

    /// A fault without a code.
    pub fn new(class: FaultClass, message: impl AsRef<str>) -> Self {
        let message = message.as_ref().chars().take(Self::MESSAGE_MAX_CHARS).collect();
        Self { class, message, code: None, retry_after: None }
    }

    /// The same fault with the other side's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same fault with the wait that the other side asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// Whether the same call may be made again: every error of the library answers this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will end the same way.
    Never,
    /// Nothing happened: at once, if need be.
    Safe,
    /// Nothing happened; it may work after this time.
    After(Duration),
    /// It may have happened. A paid call is never made again.
    Unknown,
}
