//! Paying: our row first, then the provider of payments, then the credits, together with the row.
//!
//! A payment is a row before anybody is asked for money. Who gets how many credits for how much stands in that row and
//! is never taken from a message. [`Payments`] keeps the rows in the same database as the ledger, so that a payment and
//! its credits are one transaction; a [`Till`] speaks to a provider of payments; the [`Cashier`] brings them together.

mod cashier;
mod change;
mod payment;
mod till;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use cashier::{Cashier, CashierError, PaymentDue, Receipt, Refund};
pub use change::{PaymentChange, PaymentChanged, PaymentOutcome, PaymentUnchanged};
pub use payment::{Currency, Package, PayProvider, Payment, PaymentState, Price};
pub use till::{Till, TillError, TillOpened, TillReading, TillRefund};

use crate::account::AccountKey;
use crate::chat::BotId;
use crate::credits::Credits;
use crate::ids::PaymentId;
use crate::store::StoreError;

/// A payment that is about to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNew {
    /// The id of its row, if it becomes one.
    pub id: PaymentId,
    /// Who gets the credits.
    pub account: AccountKey,
    /// Through which bot it is asked for, and given back.
    pub bot: BotId,
    /// Who takes the money.
    pub provider: PayProvider,
    /// How many credits it brings.
    pub credits: Credits,
    /// What it costs.
    pub price: Price,
}

/// Which payments are listed, the newest first.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// Of this account only.
    pub account: Option<AccountKey>,
    /// At most this many.
    pub limit: u32,
}

/// Which payments are taken.
#[derive(Debug, Clone)]
pub struct PaymentClaim {
    /// Of this bot.
    pub bot: BotId,
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
}

/// Writes what became of a payment that was taken.
#[derive(Debug, Clone)]
pub struct PaymentSettle {
    /// Which.
    pub id: PaymentId,
    /// The epoch of the claim.
    pub epoch: i64,
    /// Of which state the person is told now.
    pub told: Option<PaymentState>,
    /// When it is looked at again; `None`: not by itself.
    pub next: Option<Duration>,
}

/// What somebody says of whom there is news. It is never believed: the payment is read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentHint {
    /// Our id, as they say.
    pub id: Option<PaymentId>,
    /// The provider's, as they say.
    pub provider_id: Option<String>,
}

/// Keeps payments, beside the ledger. Each method is one transaction, and answers as [`Store`](crate::Store) does: after
/// an error nothing of it is visible, except after [`StoreError::Ambiguous`]; a lost race is an answer. Time is the
/// store's.
#[async_trait]
pub trait Payments: fmt::Debug + Send + Sync + 'static {
    /// Keeps a payment before it is asked for. One that is open already, of the same account through the same bot and
    /// provider with the same credits and price, is that payment: pressing twice makes no second one. No money moves.
    ///
    /// # Errors
    /// [`StoreError::NoAccount`]; [`StoreError::LedgerRule`] when credits or price are not positive.
    async fn payment_open(&self, new: &PaymentNew) -> Result<Payment, StoreError>;

    /// A payment.
    async fn payment_get(&self, id: PaymentId) -> Result<Option<Payment>, StoreError>;

    /// The payment that a provider knows under this id.
    async fn payment_known_as(
        &self,
        provider: PayProvider,
        provider_id: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Payments, the newest first.
    async fn payments_list(&self, filter: &PaymentFilter) -> Result<Vec<Payment>, StoreError>;

    /// Changes a payment, and moves its credits in the same transaction: both are there, or neither. A change that was
    /// made before changes nothing, so that whoever is in doubt makes it again.
    async fn payment_apply(
        &self,
        id: PaymentId,
        change: &PaymentChange,
    ) -> Result<PaymentOutcome, StoreError>;

    /// Takes payments of which something is due, the longest due first: to be looked at, given back, or told of. Raises
    /// the epoch.
    async fn payments_claim(&self, claim: &PaymentClaim) -> Result<Vec<Payment>, StoreError>;

    /// Puts a payment off. `false`: somebody else has it now, it changed meanwhile, and nothing was written.
    async fn payment_settle(&self, settle: &PaymentSettle) -> Result<bool, StoreError>;

    /// A payment of this provider is due now: there may be news. Only one that may still change is woken. `false`: there
    /// is none.
    async fn payment_wake(&self, provider: PayProvider, hint: &PaymentHint) -> Result<bool, StoreError>;
}
