//! The house is closed for new orders.

use serde::Serialize;

use crate::clock::Timestamp;

/// The house is closed for new orders: every process that shares the store sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Maintenance {
    /// Who closed it.
    pub actor: String,
    /// The queue was paused with it, and goes on when it ends.
    pub paused: bool,
    /// Since when.
    pub since: Timestamp,
}
