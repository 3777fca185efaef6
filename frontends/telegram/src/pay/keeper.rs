//! Looks after payments: asks how open ones stand, gives back what is on its way, tells people. Any number of processes
//! may do it; each payment belongs to one of them at a time.

use std::time::Duration;

use futures::future::join_all;
use neurocards::{
    ActionNew, Cashier, ChatRef, Mark, Payment, PaymentClaim, PaymentDue, PaymentSettle, PaymentState,
    PersonId, StoreError,
};
use tokio_util::sync::CancellationToken;

use super::person_of;
use crate::api::CallError;
use crate::flow::{State, payment_news};
use crate::run::{Parts, account_of};
use crate::screen::{Sheet, mint};

/// How many are looked after at once, and for how long they belong to this process.
const AT_ONCE: u32 = 16;
const LEASE: Duration = Duration::from_secs(120);
/// How long the keeper sleeps when nothing wakes it, and after a fault.
const IDLE: Duration = Duration::from_secs(1);
const BREATH: Duration = Duration::from_secs(3);
/// How long after a message that provably did not go out.
const SOON: Duration = Duration::from_secs(5);

impl Parts {
    /// Looks after payments until told to stop.
    pub(crate) async fn keep_payments(&self, stop: &CancellationToken) {
        let Some(cashier) = &self.cashier else { return };
        while !stop.is_cancelled() {
            let claim = PaymentClaim { bot: self.api.id(), limit: AT_ONCE, lease: LEASE };
            let wait = match cashier.payments().payments_claim(&claim).await {
                Ok(taken) if taken.is_empty() => IDLE,
                Ok(taken) => {
                    join_all(taken.iter().map(|payment| self.tend(cashier, payment))).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "payments could not be read");
                    BREATH
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.money.notified() => {}
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    async fn tend(&self, cashier: &Cashier, payment: &Payment) {
        let tended = match cashier.tend(payment).await {
            PaymentDue::Tell => self.tell(cashier, payment).await,
            PaymentDue::Amiss(alarm, next) => {
                self.engine.raise(alarm);
                settle(cashier, payment, None, Some(next)).await.map(drop)
            }
            PaymentDue::Later(next) => settle(cashier, payment, None, next).await.map(drop),
        };
        if let Err(error) = tended {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                payment = %payment.id,
                "a payment could not be looked after"
            );
        }
    }

    /// Tells a person once: the row says so before the message goes, so that one in doubt is not sent again. The balance
    /// and the history say the same.
    async fn tell(&self, cashier: &Cashier, payment: &Payment) -> Result<(), StoreError> {
        let Some(person) = person_of(&payment.account) else {
            return settle(cashier, payment, Some(payment.state), None).await.map(drop);
        };
        let (sheet, actions) = self.news_of(payment, person).await?;
        if !settle(cashier, payment, Some(payment.state), None).await? {
            return Ok(());
        }
        self.chats.actions_put(&actions).await?;
        match self.api.send(person.0, &sheet).await {
            Ok(_) => Ok(()),
            Err(CallError::Gone(_)) => self.chats.person_mark(person, &Mark::Blocked).await.map(drop),
            Err(error @ (CallError::NotSent(_) | CallError::Wait(_) | CallError::Conflict(_))) => {
                let next = error.again_after().unwrap_or(SOON);
                settle(cashier, payment, Some(payment.told), Some(next)).await.map(drop)
            }
            Err(error) => {
                tracing::warn!(%error, payment = %payment.id, "a person may not know of a payment");
                Ok(())
            }
        }
    }

    /// What is said of a payment; whoever was putting an order together can go back to it.
    async fn news_of(
        &self,
        payment: &Payment,
        person: PersonId,
    ) -> Result<(Sheet, Vec<ActionNew>), StoreError> {
        let chat = ChatRef { bot: self.api.id(), chat: person.0 };
        let lang = self.chats.person_get(person).await?.map(|person| person.lang).unwrap_or_default();
        let state = self.chats.dialogue_get(chat).await?;
        let state: State =
            state.and_then(|state| serde_json::from_value(state.state).ok()).unwrap_or_default();
        let account = self.engine.store().account_get(&account_of(person)).await?;
        let available = account.map(|account| account.available).unwrap_or_default();
        let minted =
            mint(&payment_news(payment, available, state.draft()), lang, chat, person, &self.entropy);
        Ok((minted.sheet, minted.actions))
    }
}

async fn settle(
    cashier: &Cashier,
    payment: &Payment,
    told: Option<PaymentState>,
    next: Option<Duration>,
) -> Result<bool, StoreError> {
    let settle = PaymentSettle { id: payment.id, epoch: payment.epoch, told, next };
    cashier.payments().payment_settle(&settle).await
}
