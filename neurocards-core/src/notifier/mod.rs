//! The seam to whoever tells people.

mod memory;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use memory::MemoryNotifier;

use crate::fault::Fault;
use crate::notice::Notice;

/// Delivers notices. A delivery never starts a render and never changes a balance.
#[async_trait]
pub trait Notifier: fmt::Debug + Send + Sync + 'static {
    /// Which accounts it serves, by the beginning of their keys: `telegram:`. An empty string serves all.
    fn channels(&self) -> Vec<String>;

    /// Whether delivering a notice twice shows it once. If not, a notice whose delivery may have happened is never
    /// delivered again by itself.
    fn is_idempotent(&self) -> bool;

    /// Tells somebody something, once.
    async fn deliver(&self, notice: &Notice) -> Delivery;
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The channel confirmed it.
    Sent {
        /// What the channel answered: a message id.
        receipt: Option<String>,
    },
    /// It did not happen, and may be tried again after this time.
    Later(Duration),
    /// It may have happened.
    Unknown(Fault),
    /// The recipient does not want to hear from us.
    Blocked,
    /// The channel will never take it.
    Refused(Fault),
}
