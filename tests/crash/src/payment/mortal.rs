//! Rows and a till at whose calls the process can die.

use std::sync::Arc;

use async_trait::async_trait;
use neurocards_core::{
    PayProvider, Payment, PaymentChange, PaymentClaim, PaymentFilter, PaymentHint, PaymentId, PaymentNew,
    PaymentOutcome, PaymentSettle, Payments, StoreError, Till, TillError, TillOpened, TillReading,
    TillRefund,
};
use neurocards_yookassa::Yookassa;

use crate::points::Points;

/// Passes a point before each write, and one after each that changed something.
#[derive(Debug)]
pub(crate) struct MortalPayments {
    pub(crate) inner: Arc<dyn Payments>,
    pub(crate) points: Arc<Points>,
}

#[async_trait]
impl Payments for MortalPayments {
    async fn payment_open(&self, new: &PaymentNew) -> Result<Payment, StoreError> {
        self.points.before("payment_open");
        let opened = self.inner.payment_open(new).await?;
        self.points.after("payment_open");
        Ok(opened)
    }

    async fn payment_get(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        self.inner.payment_get(id).await
    }

    async fn payment_known_as(
        &self,
        provider: PayProvider,
        provider_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        self.inner.payment_known_as(provider, provider_id).await
    }

    async fn payments_list(&self, filter: &PaymentFilter) -> Result<Vec<Payment>, StoreError> {
        self.inner.payments_list(filter).await
    }

    async fn payment_apply(
        &self,
        id: PaymentId,
        change: &PaymentChange,
    ) -> Result<PaymentOutcome, StoreError> {
        self.points.before("payment_apply");
        let outcome = self.inner.payment_apply(id, change).await?;
        if matches!(outcome, PaymentOutcome::Applied(_)) {
            self.points.after("payment_apply");
        }
        Ok(outcome)
    }

    async fn payments_claim(&self, claim: &PaymentClaim) -> Result<Vec<Payment>, StoreError> {
        self.points.before("payments_claim");
        let taken = self.inner.payments_claim(claim).await?;
        if !taken.is_empty() {
            self.points.after("payments_claim");
        }
        Ok(taken)
    }

    async fn payment_settle(&self, settle: &PaymentSettle) -> Result<bool, StoreError> {
        self.points.before("payment_settle");
        let settled = self.inner.payment_settle(settle).await?;
        if settled {
            self.points.after("payment_settle");
        }
        Ok(settled)
    }

    async fn payment_wake(&self, provider: PayProvider, hint: &PaymentHint) -> Result<bool, StoreError> {
        self.inner.payment_wake(provider, hint).await
    }
}

/// Passes a point before and after each call: dead after one, its answer is lost.
#[derive(Debug)]
pub(crate) struct MortalTill {
    pub(crate) inner: Yookassa,
    pub(crate) points: Arc<Points>,
}

#[async_trait]
impl Till for MortalTill {
    fn provider(&self) -> PayProvider {
        self.inner.provider()
    }

    async fn open(&self, payment: &Payment) -> Result<TillOpened, TillError> {
        self.points.before("till_open");
        let opened = self.inner.open(payment).await;
        self.points.after("till_open");
        opened
    }

    async fn read(&self, payment: &Payment) -> Result<TillReading, TillError> {
        self.points.before("till_read");
        let reading = self.inner.read(payment).await;
        self.points.after("till_read");
        reading
    }

    async fn refund(&self, payment: &Payment) -> Result<TillRefund, TillError> {
        self.points.before("till_refund");
        let refund = self.inner.refund(payment).await;
        self.points.after("till_refund");
        refund
    }
}
