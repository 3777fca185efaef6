//! Brings rows and providers together: opens, looks, credits, gives back. Everything may be done again.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Package, PayProvider, Payment, PaymentChange, PaymentNew, PaymentOutcome, PaymentState, Payments, Price,
    Till, TillError, TillOpened, TillReading, TillRefund,
};
use crate::account::AccountKey;
use crate::alarm::{Alarm, AlarmDetail, AlarmKind};
use crate::chat::BotId;
use crate::clock::{Clock, Entropy};
use crate::credits::Credits;
use crate::fault::FaultClass;
use crate::ids::{EntryId, PaymentId};
use crate::store::StoreError;

/// For how long an invoice that nobody but us knows of can be paid. Shorter than providers remember idempotence keys.
const UNREGISTERED: Duration = Duration::from_secs(20 * 3_600);
/// How often an open payment is looked at: more seldom the older it is.
const LOOK_MIN: Duration = Duration::from_secs(5);
const LOOK_MAX: Duration = Duration::from_secs(600);
const LOOK_PART: u32 = 12;
/// How long after a provider that did not answer, or refuses our shop.
const AWAY: Duration = Duration::from_secs(30);
const BROKEN: Duration = Duration::from_secs(600);
/// How often money is looked at that fits no bill, until somebody gives it back.
const AMISS: Duration = Duration::from_secs(3_600);

/// Opens payments, credits what was paid, gives it back. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cashier {
    payments: Arc<dyn Payments>,
    tills: Vec<Arc<dyn Till>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<Entropy>,
}

/// What came of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Its credits are there now.
    Credited(Payment),
    /// They were there before.
    Before(Payment),
    /// It is no payment of ours, or not of this account, or not of this price: nothing was credited.
    Foreign,
}

/// What came of giving a payment back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The payment: `refunded`, or `refunding` while the provider is at it.
    pub payment: Payment,
    /// How many of its credits were spent already, and stay spent.
    pub short: Credits,
}

/// What is due of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentDue {
    /// The person is to be told how it stands.
    Tell,
    /// It is looked at again after this time; `None`: not by itself.
    Later(Option<Duration>),
    /// Operators are to hear of it; it is looked at again after this time.
    Amiss(Alarm, Duration),
}

/// Why the cashier did not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CashierError {
    /// There is no such payment.
    #[error("there is no such payment")]
    Missing,
    /// Nobody has paid it, so nothing can be given back.
    #[error("the payment was not paid")]
    NotPaid,
    /// It is not sold this way.
    #[error("nothing is sold by {}", .0.as_str())]
    NotSold(PayProvider),
    /// The provider refuses to give the money back; the credits are back where they were.
    #[error("the provider refuses to give the money back: {why}")]
    RefundRefused {
        /// What it said.
        why: String,
    },
    /// Another sum was paid than was asked for: nothing was credited.
    #[error("{paid} was paid instead of {asked}")]
    OtherPrice {
        /// What was paid.
        paid: Price,
        /// What our row says.
        asked: Price,
    },
    /// Something was paid that we do not sell for: nothing was credited.
    #[error("{paid} was paid instead of {asked}")]
    OtherCurrency {
        /// What was paid, in the provider's words.
        paid: String,
        /// What our row says.
        asked: Price,
    },
    /// The provider's id belongs to another payment of ours.
    #[error("the provider's payment belongs to another one of ours, {0}")]
    Taken(PaymentId),
    /// See there.
    #[error(transparent)]
    Till(#[from] TillError),
    /// See there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CashierError {
    /// What operators are to hear: money that nobody credits, a shop that is refused.
    fn alarm(&self, payment: &Payment) -> Option<Alarm> {
        let by = payment.provider.as_str();
        let (subject, class) = match self {
            Self::OtherPrice { .. } | Self::OtherCurrency { .. } | Self::Taken(_) => {
                (format!("{by} {}", payment.id), FaultClass::Unknown)
            }
            Self::Till(TillError::Auth { .. }) => (by.to_owned(), FaultClass::Auth),
            _ => return None,
        };
        let detail = AlarmDetail::Fault { class, message: self.to_string() };
        Some(Alarm::new(AlarmKind::PaymentAmiss, subject, detail))
    }
}

impl Cashier {
    /// A cashier who sells nothing yet.
    pub fn new(payments: Arc<dyn Payments>, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        Self { payments, tills: Vec::new(), clock, entropy: Arc::new(entropy) }
    }

    /// With another provider of payments.
    #[must_use]
    pub fn with(mut self, till: Arc<dyn Till>) -> Self {
        self.tills.retain(|known| known.provider() != till.provider());
        self.tills.push(till);
        self
    }

    /// Where payments are kept.
    pub fn payments(&self) -> &Arc<dyn Payments> {
        &self.payments
    }

    /// Whether something can be paid this way.
    pub fn sells_by(&self, provider: PayProvider) -> bool {
        self.till(provider).is_some()
    }

    fn till(&self, provider: PayProvider) -> Option<&Arc<dyn Till>> {
        self.tills.iter().find(|till| till.provider() == provider)
    }

    fn till_of(&self, payment: &Payment) -> Result<&Arc<dyn Till>, CashierError> {
        self.till(payment.provider).ok_or(CashierError::NotSold(payment.provider))
    }

    fn entry(&self) -> EntryId {
        EntryId::new(self.clock.now(), self.entropy.id_bytes())
    }

    /// Opens a payment of a package, or finds the one that is open: our row first, then the provider. An open one is
    /// looked at, so that nobody is sent to a page that is over.
    ///
    /// # Errors
    /// [`CashierError::NotSold`]; [`CashierError::Till`]: the row is there, and is asked for again by itself. No money
    /// has moved.
    pub async fn open(
        &self,
        account: &AccountKey,
        bot: BotId,
        provider: PayProvider,
        package: &Package,
    ) -> Result<Payment, CashierError> {
        let unsold = CashierError::NotSold(provider);
        let (Some(price), true) = (package.price(provider), self.sells_by(provider)) else {
            return Err(unsold);
        };
        let new =
            |id| PaymentNew { id, account: account.clone(), bot, provider, credits: package.credits, price };
        let fresh = || new(PaymentId::new(self.clock.now(), self.entropy.id_bytes()));
        let payment = self.look(&self.payments.payment_open(&fresh()).await?).await?;
        if payment.state == PaymentState::Pending {
            return Ok(payment);
        }
        // The open one had come to its end without our knowing.
        self.look(&self.payments.payment_open(&fresh()).await?).await
    }

    /// Looks at a payment, and writes what is found: an open one that the provider does not know is asked for again, one
    /// that is paid is credited, one that was given back by the provider loses its credits.
    ///
    /// # Errors
    /// See [`CashierError`]. Looking again is safe.
    pub async fn look(&self, payment: &Payment) -> Result<Payment, CashierError> {
        let till = self.till_of(payment)?;
        if payment.state == PaymentState::Pending && payment.provider_id.is_none() {
            return self.register(till.as_ref(), payment).await;
        }
        if !matches!(payment.state, PaymentState::Pending | PaymentState::Paid) {
            return Ok(payment.clone());
        }
        let reading = match till.read(payment).await {
            // Nobody will pay what the provider does not know, or not any more.
            Err(TillError::Refused { why }) if self.is_old(payment) => {
                tracing::warn!(payment = %payment.id, why, "an open payment is given up");
                TillReading::Expired
            }
            reading => reading?,
        };
        match reading {
            TillReading::Waiting => Ok(payment.clone()),
            TillReading::Paid(price) => self.credit(payment, price).await,
            TillReading::Cancelled => self.apply(payment.id, PaymentChange::Cancelled).await,
            TillReading::Expired => self.apply(payment.id, PaymentChange::Expired).await,
            // Money that fitted no bill was given back by hand.
            TillReading::Refunded(price) if price != payment.price => {
                self.apply(payment.id, PaymentChange::Cancelled).await
            }
            TillReading::Refunded(price) => {
                let paid = self.credit(payment, price).await?;
                self.given_back(&paid).await
            }
            TillReading::Foreign(paid) => Err(CashierError::OtherCurrency { paid, asked: payment.price }),
        }
    }

    /// Asks for a payment. What the provider refuses it would refuse again under the same id, and nobody was shown where
    /// to pay: the row ends, and the next press makes another one.
    async fn register(&self, till: &dyn Till, payment: &Payment) -> Result<Payment, CashierError> {
        if self.is_old(payment) {
            return self.apply(payment.id, PaymentChange::Expired).await;
        }
        match till.open(payment).await {
            Ok(TillOpened::Registered { provider_id, page }) => {
                self.apply(payment.id, PaymentChange::Registered { provider_id, page }).await
            }
            Ok(TillOpened::Nothing) => Ok(payment.clone()),
            Err(error) => {
                if matches!(error, TillError::Refused { .. }) {
                    self.apply(payment.id, PaymentChange::Expired).await?;
                }
                Err(error.into())
            }
        }
    }

    fn is_old(&self, payment: &Payment) -> bool {
        payment.state == PaymentState::Pending && self.age(payment) > UNREGISTERED
    }

    fn age(&self, payment: &Payment) -> Duration {
        (self.clock.now() - payment.created_at).to_std().unwrap_or_default()
    }

    async fn apply(&self, id: PaymentId, change: PaymentChange) -> Result<Payment, CashierError> {
        match self.payments.payment_apply(id, &change).await? {
            PaymentOutcome::Applied(payment)
            | PaymentOutcome::Before(payment)
            | PaymentOutcome::Refused(payment) => Ok(payment),
            PaymentOutcome::Taken(other) => Err(CashierError::Taken(other)),
            PaymentOutcome::Missing => Err(CashierError::Missing),
        }
    }

    /// Who paid how much stands in our row; what was paid must be that.
    async fn credit(&self, payment: &Payment, paid: Price) -> Result<Payment, CashierError> {
        if paid != payment.price {
            return Err(CashierError::OtherPrice { paid, asked: payment.price });
        }
        let provider_id = payment.provider_id.clone().unwrap_or_default();
        self.apply(payment.id, PaymentChange::Paid { provider_id, entry: self.entry() }).await
    }

    /// The provider gave the money back by itself.
    async fn given_back(&self, payment: &Payment) -> Result<Payment, CashierError> {
        let change = PaymentChange::Refunding {
            entry: self.entry(),
            actor: payment.provider.as_str().to_owned(),
            reason: "the provider gave the money back".to_owned(),
        };
        self.apply(payment.id, change).await?;
        self.apply(payment.id, PaymentChange::Refunded).await
    }

    /// Money came, with a charge of its own. It is credited once for each charge: a second one for the same payment is a
    /// second payment, because somebody paid twice.
    ///
    /// # Errors
    /// See [`CashierError`]. Saying it again is safe.
    pub async fn paid(
        &self,
        provider: PayProvider,
        id: Option<PaymentId>,
        charge: &str,
        account: &AccountKey,
        price: Price,
    ) -> Result<Receipt, CashierError> {
        if let Some(known) = self.payments.payment_known_as(provider, charge).await? {
            return self.receipt_of(known, charge).await;
        }
        let Some(id) = id else { return Ok(Receipt::Foreign) };
        let payment = self.payments.payment_get(id).await?;
        let fits = |payment: &Payment| {
            (payment.provider, &payment.account, payment.price) == (provider, account, price)
        };
        let Some(payment) = payment.filter(fits) else { return Ok(Receipt::Foreign) };
        let paid = self.charge(payment.id, charge).await?;
        let PaymentOutcome::Refused(first) = paid else { return receipt(paid) };
        let again = PaymentNew {
            id: PaymentId::new(self.clock.now(), self.entropy.id_bytes()),
            account: first.account,
            bot: first.bot,
            provider,
            credits: first.credits,
            price,
        };
        let second = self.payments.payment_open(&again).await?;
        receipt(self.charge(second.id, charge).await?)
    }

    async fn receipt_of(&self, known: Payment, charge: &str) -> Result<Receipt, CashierError> {
        if known.state.was_paid() {
            return Ok(Receipt::Before(known));
        }
        receipt(self.charge(known.id, charge).await?)
    }

    async fn charge(&self, id: PaymentId, charge: &str) -> Result<PaymentOutcome, StoreError> {
        let change = PaymentChange::Paid { provider_id: charge.to_owned(), entry: self.entry() };
        self.payments.payment_apply(id, &change).await
    }

    /// The provider says that it gave a charge back. Nothing: it is no payment of ours.
    ///
    /// # Errors
    /// See [`CashierError`]. Saying it again is safe.
    pub async fn refunded(
        &self,
        provider: PayProvider,
        charge: &str,
    ) -> Result<Option<Payment>, CashierError> {
        match self.payments.payment_known_as(provider, charge).await? {
            Some(payment) if payment.state.was_paid() => self.given_back(&payment).await.map(Some),
            other => Ok(other),
        }
    }

    /// Gives a payment back: takes its credits, as far as they are not spent, then asks the provider. When that does not
    /// answer, it is asked again by itself until it does.
    ///
    /// # Errors
    /// [`CashierError::RefundRefused`]: the money stays, and the credits are back. [`CashierError::NotPaid`],
    /// [`CashierError::NotSold`], [`CashierError::Missing`]: nothing was done.
    pub async fn refund(&self, id: PaymentId, actor: &str, reason: &str) -> Result<Refund, CashierError> {
        let payment = self.payments.payment_get(id).await?.ok_or(CashierError::Missing)?;
        if !payment.state.was_paid() {
            return Err(CashierError::NotPaid);
        }
        self.till_of(&payment)?;
        let (actor, reason) = (actor.to_owned(), reason.to_owned());
        let change = PaymentChange::Refunding { entry: self.entry(), actor, reason };
        let payment = self.apply(id, change).await?;
        let payment = match self.give_back(&payment).await {
            Err(CashierError::Till(error)) => {
                tracing::warn!(%error, payment = %id, "the money is not back yet, and is asked for again");
                payment
            }
            answer => answer?,
        };
        let short = payment.credits.checked_sub(payment.taken_back).unwrap_or_default();
        Ok(Refund { payment, short })
    }

    /// Asks the provider to give back what is on its way.
    async fn give_back(&self, payment: &Payment) -> Result<Payment, CashierError> {
        if payment.state != PaymentState::Refunding {
            return Ok(payment.clone());
        }
        match self.till_of(payment)?.refund(payment).await? {
            TillRefund::Done => self.apply(payment.id, PaymentChange::Refunded).await,
            TillRefund::Waiting => Ok(payment.clone()),
            TillRefund::Refused(why) => {
                self.apply(payment.id, PaymentChange::RefundRefused { entry: self.entry() }).await?;
                Err(CashierError::RefundRefused { why })
            }
        }
    }

    /// Does what is due of a payment that was claimed; what remains to be done is the answer. A payment that changed on
    /// the way is due again by itself.
    pub async fn tend(&self, payment: &Payment) -> PaymentDue {
        if payment.is_to_be_told() {
            return PaymentDue::Tell;
        }
        let tended = match payment.state {
            PaymentState::Pending | PaymentState::Paid => self.look(payment).await,
            PaymentState::Refunding => self.give_back(payment).await,
            PaymentState::Refunded | PaymentState::Cancelled | PaymentState::Expired => {
                return PaymentDue::Later(None);
            }
        };
        let error = match tended {
            Ok(next) => return PaymentDue::Later(self.next_look(&next)),
            Err(error) => error,
        };
        tracing::error!(
            error = &error as &dyn std::error::Error,
            payment = %payment.id,
            "a payment could not be looked after"
        );
        let wait = match &error {
            CashierError::Till(TillError::Away { after, .. }) => after.unwrap_or(AWAY),
            CashierError::Store(_) => AWAY,
            CashierError::Till(_) => BROKEN,
            _ => AMISS,
        };
        match error.alarm(payment) {
            Some(alarm) => PaymentDue::Amiss(alarm, wait),
            // It is paid: nothing more is waited for.
            None if payment.state == PaymentState::Paid && wait == BROKEN => PaymentDue::Later(None),
            None => PaymentDue::Later(Some(wait)),
        }
    }

    fn next_look(&self, payment: &Payment) -> Option<Duration> {
        let often = (self.age(payment) / LOOK_PART).clamp(LOOK_MIN, LOOK_MAX);
        match (payment.state, payment.provider) {
            // Its end is all that can come by itself; money comes with a message.
            (PaymentState::Pending, PayProvider::Stars) => {
                Some(UNREGISTERED.saturating_sub(self.age(payment)) + LOOK_MIN)
            }
            (PaymentState::Pending, PayProvider::Yookassa) => Some(often),
            (PaymentState::Refunding, _) => Some(AWAY),
            _ => None,
        }
    }
}

fn receipt(outcome: PaymentOutcome) -> Result<Receipt, CashierError> {
    match outcome {
        PaymentOutcome::Applied(payment) => Ok(Receipt::Credited(payment)),
        PaymentOutcome::Before(payment) => Ok(Receipt::Before(payment)),
        PaymentOutcome::Refused(_) => Ok(Receipt::Foreign),
        PaymentOutcome::Taken(other) => Err(CashierError::Taken(other)),
        PaymentOutcome::Missing => Err(CashierError::Missing),
    }
}
