//! How payments change: one pure function, which every store applies in its own transaction.

use std::time::Duration;

use super::{Payment, PaymentNew, PaymentState};
use crate::account::Account;
use crate::clock::{Timestamp, later};
use crate::credits::Credits;
use crate::ids::{EntryId, PaymentId};
use crate::ledger::EntryKind;
use crate::store::{CreditsPost, StoreError};

/// How long whoever opens a payment, or gives one back, has for it before the keeper looks at it too.
const HEADSTART: Duration = Duration::from_secs(15);

/// What happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentChange {
    /// The provider knows it.
    Registered {
        /// Under this id.
        provider_id: String,
        /// And it is paid here.
        page: Option<String>,
    },
    /// The money came. It is credited from whatever unpaid state: what was paid is never lost.
    Paid {
        /// What the provider knows it by.
        provider_id: String,
        /// The id of the entry that brings the credits.
        entry: EntryId,
    },
    /// The provider ended it unpaid.
    Cancelled,
    /// Nobody paid in time.
    Expired,
    /// It is to be given back: its credits, or what is left of them, are taken first.
    Refunding {
        /// The id of the entry that takes the credits.
        entry: EntryId,
        /// Who says so.
        actor: String,
        /// Why.
        reason: String,
    },
    /// The money was given back.
    Refunded,
    /// The provider refuses to give it back: the credits return.
    RefundRefused {
        /// The id of the entry that returns them.
        entry: EntryId,
    },
}

/// A payment after a change, and what it does to the ledger.
#[derive(Debug, Clone)]
pub struct PaymentChanged {
    /// The payment.
    pub payment: Payment,
    /// The entry to be written with it.
    pub post: Option<CreditsPost>,
}

/// Why a change does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentUnchanged {
    /// It was made before.
    Before,
    /// It does not fit: another charge, a payment that was never paid.
    Refused,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// It was made.
    Applied(Payment),
    /// It was made before. Nothing was written.
    Before(Payment),
    /// It does not fit. Nothing was written.
    Refused(Payment),
    /// The provider's id belongs to another payment. Nothing was written.
    Taken(PaymentId),
    /// There is no such payment.
    Missing,
}

impl PaymentNew {
    /// The rules of opening that every store keeps.
    ///
    /// # Errors
    /// [`StoreError::LedgerRule`]: credits or price are not positive, or the provider does not take that currency.
    /// Nothing may be written then.
    pub fn check(&self) -> Result<(), StoreError> {
        let broken = |rule: &str| Err(StoreError::LedgerRule { rule: rule.to_owned() });
        if !self.credits.is_positive() || self.credits.0.unsigned_abs() > CreditsPost::MOST {
            return broken("a payment brings between 1 and 1,000,000,000 credits");
        }
        if self.price.amount <= 0 || self.price.currency != self.provider.currency() {
            return broken("a payment has a price in its provider's currency");
        }
        Ok(())
    }

    /// Whether an open payment is the one that is asked for.
    pub fn is(&self, open: &Payment) -> bool {
        open.state == PaymentState::Pending
            && (&open.account, open.bot, open.provider) == (&self.account, self.bot, self.provider)
            && (open.credits, open.price) == (self.credits, self.price)
    }

    /// The row.
    pub fn payment(&self, now: Timestamp) -> Payment {
        Payment {
            id: self.id,
            account: self.account.clone(),
            bot: self.bot,
            provider: self.provider,
            credits: self.credits,
            price: self.price,
            state: PaymentState::Pending,
            provider_id: None,
            page: None,
            refunds: 0,
            taken_back: Credits::ZERO,
            refunded_by: None,
            told: PaymentState::Pending,
            epoch: 0,
            wake_at: Some(later(now, HEADSTART)),
            created_at: now,
            updated_at: now,
            paid_at: None,
        }
    }
}

impl PaymentChange {
    /// The provider's id that comes with it.
    pub fn provider_id(&self) -> Option<&str> {
        match self {
            Self::Registered { provider_id, .. } | Self::Paid { provider_id, .. } => Some(provider_id),
            _ => None,
        }
    }
}

impl Payment {
    /// The payment after a change, decided on the row and the account as they are under a lock.
    ///
    /// # Errors
    /// See [`PaymentUnchanged`]. Nothing may be written then.
    pub fn after(
        &self,
        change: &PaymentChange,
        account: &Account,
        now: Timestamp,
    ) -> Result<PaymentChanged, PaymentUnchanged> {
        use PaymentState::{Cancelled, Expired, Paid, Pending, Refunded, Refunding};
        // Whoever has it under a lease loses it: what they decided was decided on something else.
        let mut next = Self { updated_at: now, epoch: self.epoch + 1, ..self.clone() };
        let mut post = None;
        if let (Some(known), Some(said)) = (&self.provider_id, change.provider_id())
            && known != said
        {
            return Err(PaymentUnchanged::Refused);
        }
        match (self.state, change) {
            (Pending, PaymentChange::Registered { provider_id, page }) if self.provider_id.is_none() => {
                next.provider_id = Some(provider_id.clone());
                next.page.clone_from(page);
            }
            (Pending | Cancelled | Expired, PaymentChange::Paid { provider_id, entry }) => {
                next.provider_id = Some(provider_id.clone());
                (next.state, next.wake_at, next.paid_at) = (Paid, Some(now), Some(now));
                post = next.entry(*entry, EntryKind::Topup, self.credits, next.reference());
            }
            (Pending, PaymentChange::Cancelled) => (next.state, next.wake_at) = (Cancelled, Some(now)),
            (Pending, PaymentChange::Expired) => (next.state, next.wake_at) = (Expired, None),
            (Paid, PaymentChange::Refunding { entry, actor, reason }) => {
                next.refunds += 1;
                next.taken_back = self.credits.min(account.available.max(Credits::ZERO));
                next.refunded_by = Some((actor.clone(), reason.clone()));
                (next.state, next.wake_at) = (Refunding, Some(later(now, HEADSTART)));
                post = next.entry(*entry, EntryKind::Revoke, next.taken_back, next.refund_reference());
            }
            (Refunding, PaymentChange::Refunded) => (next.state, next.wake_at) = (Refunded, Some(now)),
            (Refunding, PaymentChange::RefundRefused { entry }) => {
                post = next.entry(*entry, EntryKind::Topup, self.taken_back, self.refund_reference());
                (next.state, next.wake_at) = (Paid, self.wake_if_untold(now));
                (next.taken_back, next.refunded_by) = (Credits::ZERO, None);
            }
            (Pending, PaymentChange::Registered { .. })
            | (Paid | Refunding | Refunded, PaymentChange::Paid { .. } | PaymentChange::Registered { .. })
            | (Cancelled, PaymentChange::Cancelled)
            | (Expired, PaymentChange::Expired)
            | (Refunding | Refunded, PaymentChange::Refunding { .. })
            | (Refunded, PaymentChange::Refunded)
            | (Paid, PaymentChange::RefundRefused { .. }) => return Err(PaymentUnchanged::Before),
            _ => return Err(PaymentUnchanged::Refused),
        }
        Ok(PaymentChanged { payment: next, post })
    }

    fn wake_if_untold(&self, now: Timestamp) -> Option<Timestamp> {
        (self.told != PaymentState::Paid).then_some(now)
    }

    /// An entry of so many credits; none when there are none to move.
    fn entry(
        &self,
        id: EntryId,
        kind: EntryKind,
        amount: Credits,
        reference: Option<String>,
    ) -> Option<CreditsPost> {
        let (actor, reason) = self.refunded_by.clone().unzip();
        let (account, id) = (self.account.clone(), id);
        amount.is_positive().then_some(CreditsPost { id, kind, account, amount, reference, reason, actor })
    }
}
