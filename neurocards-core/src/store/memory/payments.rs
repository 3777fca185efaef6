//! Payments in memory, beside the ledger of the same store.

use async_trait::async_trait;

use super::MemoryStore;
use super::tables::Tables;
use crate::clock::{Timestamp, later};
use crate::ids::PaymentId;
use crate::payments::{
    PayProvider, Payment, PaymentChange, PaymentClaim, PaymentFilter, PaymentHint, PaymentNew,
    PaymentOutcome, PaymentSettle, PaymentState, PaymentUnchanged, Payments,
};
use crate::store::StoreError;

#[async_trait]
impl Payments for MemoryStore {
    async fn payment_open(&self, new: &PaymentNew) -> Result<Payment, StoreError> {
        new.check()?;
        self.tables().payment_open(new, self.clock.now())
    }

    async fn payment_get(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        Ok(self.tables().payments.get(&id).cloned())
    }

    async fn payment_known_as(
        &self,
        provider: PayProvider,
        provider_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        Ok(self.tables().payment_known_as(provider, provider_id).cloned())
    }

    async fn payments_list(&self, filter: &PaymentFilter) -> Result<Vec<Payment>, StoreError> {
        let tables = self.tables();
        let of_account =
            |payment: &&Payment| filter.account.as_ref().is_none_or(|account| *account == payment.account);
        let newest = tables.payments.values().rev().filter(of_account);
        Ok(newest.take(filter.limit as usize).cloned().collect())
    }

    async fn payment_apply(
        &self,
        id: PaymentId,
        change: &PaymentChange,
    ) -> Result<PaymentOutcome, StoreError> {
        self.tables().payment_apply(id, change, self.clock.now())
    }

    async fn payments_claim(&self, claim: &PaymentClaim) -> Result<Vec<Payment>, StoreError> {
        Ok(self.tables().payments_claim(claim, self.clock.now()))
    }

    async fn payment_settle(&self, settle: &PaymentSettle) -> Result<bool, StoreError> {
        let (now, mut tables) = (self.clock.now(), self.tables());
        let row = tables.payments.get_mut(&settle.id);
        let Some(row) = row.filter(|row| row.epoch == settle.epoch) else { return Ok(false) };
        row.told = settle.told.unwrap_or(row.told);
        row.wake_at = settle.next.map(|next| later(now, next));
        Ok(true)
    }

    async fn payment_wake(&self, provider: PayProvider, hint: &PaymentHint) -> Result<bool, StoreError> {
        let (now, mut tables) = (self.clock.now(), self.tables());
        let named = |row: &Payment| match (&hint.provider_id, &row.provider_id) {
            (Some(said), Some(known)) => said == known,
            _ => hint.id == Some(row.id),
        };
        let open = |row: &Payment| matches!(row.state, PaymentState::Pending | PaymentState::Paid);
        let found =
            tables.payments.values_mut().find(|row| row.provider == provider && named(row) && open(row));
        let Some(row) = found else { return Ok(false) };
        row.wake_at = Some(row.wake_at.map_or(now, |wake_at| wake_at.min(now)));
        row.epoch += 1;
        Ok(true)
    }
}

impl Tables {
    fn payment_known_as(&self, provider: PayProvider, provider_id: &str) -> Option<&Payment> {
        self.payments
            .values()
            .find(|row| row.provider == provider && row.provider_id.as_deref() == Some(provider_id))
    }

    fn payment_open(&mut self, new: &PaymentNew, now: Timestamp) -> Result<Payment, StoreError> {
        if !self.accounts.contains_key(&new.account) {
            return Err(StoreError::NoAccount { account: new.account.clone() });
        }
        let open = self.payments.values().find(|row| new.is(row)).cloned();
        Ok(open.unwrap_or_else(|| self.payments.entry(new.id).or_insert_with(|| new.payment(now)).clone()))
    }

    fn payment_apply(
        &mut self,
        id: PaymentId,
        change: &PaymentChange,
        now: Timestamp,
    ) -> Result<PaymentOutcome, StoreError> {
        let Some(row) = self.payments.get(&id) else { return Ok(PaymentOutcome::Missing) };
        let known = change.provider_id().and_then(|said| self.payment_known_as(row.provider, said));
        if let Some(other) = known.filter(|other| other.id != id) {
            return Ok(PaymentOutcome::Taken(other.id));
        }
        let account =
            self.account(&row.account).ok_or(StoreError::NoAccount { account: row.account.clone() })?;
        let changed = match row.after(change, &account, now) {
            Ok(changed) => changed,
            Err(PaymentUnchanged::Before) => return Ok(PaymentOutcome::Before(row.clone())),
            Err(PaymentUnchanged::Refused) => return Ok(PaymentOutcome::Refused(row.clone())),
        };
        if let Some(post) = &changed.post {
            self.credits_post(post, now)?;
        }
        self.payments.insert(id, changed.payment.clone());
        Ok(PaymentOutcome::Applied(changed.payment))
    }

    fn payments_claim(&mut self, claim: &PaymentClaim, now: Timestamp) -> Vec<Payment> {
        let due = |row: &&Payment| row.bot == claim.bot && row.wake_at.is_some_and(|wake_at| wake_at <= now);
        let mut due: Vec<_> = self.payments.values().filter(due).map(|row| (row.wake_at, row.id)).collect();
        due.sort_unstable();
        due.truncate(claim.limit as usize);
        let mut taken = Vec::new();
        for (_, id) in due {
            if let Some(row) = self.payments.get_mut(&id) {
                row.epoch += 1;
                row.wake_at = Some(later(now, claim.lease));
                taken.push(row.clone());
            }
        }
        taken
    }
}
