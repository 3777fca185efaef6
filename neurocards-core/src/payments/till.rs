//! The seam to whoever takes the money.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{PayProvider, Payment, Price};

/// Takes money and gives it back. No method decides about credits.
#[async_trait]
pub trait Till: fmt::Debug + Send + Sync + 'static {
    /// Which provider it is.
    fn provider(&self) -> PayProvider;

    /// Asks for a payment, under the id of our row: asking again is the same payment.
    ///
    /// # Errors
    /// See [`TillError`]. Nobody has paid by then.
    async fn open(&self, payment: &Payment) -> Result<TillOpened, TillError>;

    /// Reads how a payment stands. Only this is believed.
    ///
    /// # Errors
    /// See [`TillError`]. Nothing was changed.
    async fn read(&self, payment: &Payment) -> Result<TillReading, TillError>;

    /// Gives the whole money back. Asking again gives nothing back twice.
    ///
    /// # Errors
    /// See [`TillError`]. After [`TillError::Away`] the money may be on its way: ask again.
    async fn refund(&self, payment: &Payment) -> Result<TillRefund, TillError>;
}

/// What came of asking for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TillOpened {
    /// The provider knows it.
    Registered {
        /// Under this id.
        provider_id: String,
        /// And it is paid here.
        page: Option<String>,
    },
    /// The provider keeps nothing until it is paid.
    Nothing,
}

/// How a payment stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TillReading {
    /// It can still be paid, or is about to be.
    Waiting,
    /// The money is there: this much.
    Paid(Price),
    /// It ended unpaid: the person, their bank or the provider said no.
    Cancelled,
    /// It ended because nobody paid in time.
    Expired,
    /// It was paid, this much, and all of it was given back.
    Refunded(Price),
    /// It was paid in something that we do not sell for, in these words.
    Foreign(String),
}

/// What came of giving money back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TillRefund {
    /// It was given back, now or before.
    Done,
    /// The provider is at it: ask again.
    Waiting,
    /// It will not be given back, and none was.
    Refused(String),
}

/// Why a provider of payments gave no answer. None shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TillError {
    /// It did not answer, or asks to wait. The same may be asked again.
    #[error("the provider of payments does not answer: {why}")]
    Away {
        /// What is known.
        why: String,
        /// Not before this time.
        after: Option<Duration>,
    },
    /// Our shop or its secret is refused.
    #[error("the provider of payments refuses our shop: {why}")]
    Auth {
        /// What it said.
        why: String,
    },
    /// It refuses the request: asking again changes nothing.
    #[error("the provider of payments refuses: {why}")]
    Refused {
        /// What it said.
        why: String,
    },
}
