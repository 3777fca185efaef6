//! What is found out and done for admins. Each may be done again: credits move under an id of their own, and marks stay.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::FixedOffset;
use neurocards::{
    AccountOpen, Allowance, AllowanceTake, BalancePoint, BroadcastNew, CashierError, Credits, CreditsPost,
    EntryId, EntryKind, JobFilter, Lang, LedgerFilter, Mark, Openness, Pause, PauseScope, PaymentFilter,
    PaymentId, PaymentState, PersonId, Stage, StoreError, Timestamp,
};

use super::effects::Doing;
use super::{Parts, account_of};
use crate::flow::{AdminEffect, AdminKnown, Did, KeyFacts, Overview, PersonFacts, Who};
use crate::pay::person_of;

/// How many of today's entries and failed jobs are looked at.
const TODAY: u32 = 2_000;
/// How many of a person's videos and entries are shown.
const LATEST: u32 = 5;
const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Parts {
    pub(super) async fn administer(
        &self,
        doing: &Doing,
        effect: AdminEffect,
    ) -> Result<AdminKnown, StoreError> {
        match effect {
            AdminEffect::Overview => self.overview().await,
            AdminEffect::Look(who) => {
                let found = match who {
                    Who::Id(person) => Some(person),
                    Who::Name(name) => self.chats.person_find(&name).await?.map(|person| person.id),
                };
                match found {
                    Some(person) => self.person(person, None).await,
                    None => Ok(AdminKnown::Person { facts: None, did: None }),
                }
            }
            AdminEffect::Adjust { id, person, credits, reason } => {
                let did = self.adjust(doing, &id.order_key(), (person, credits), reason).await?;
                self.person(person, Some(did)).await
            }
            AdminEffect::Ban { person, reason } => {
                let actor = actor(doing);
                tracing::info!(%person, actor, reason, "a person is banned");
                let banned = self.chats.person_mark(person, &Mark::Banned { actor, reason }).await?;
                self.person(person, banned.then_some(Did::Banned)).await
            }
            AdminEffect::Unban { person } => {
                tracing::info!(%person, actor = actor(doing), "a person is not banned any more");
                let unbanned = self.chats.person_mark(person, &Mark::Unbanned).await?;
                self.person(person, unbanned.then_some(Did::Unbanned)).await
            }
            AdminEffect::RefundLook { payment } => self.refund_look(payment).await,
            AdminEffect::Refund { payment, person, reason } => {
                let did = self.refund(payment, &actor(doing), &reason).await?;
                self.person(person, Some(did)).await
            }
            AdminEffect::Close { pause } => {
                self.close(&actor(doing), pause).await?;
                self.overview().await
            }
            AdminEffect::SpreadLook => self.spread_last().await,
            AdminEffect::SpreadCount => Ok(AdminKnown::Audience {
                all: self.chats.broadcast_audience(None).await?,
                ru: self.chats.broadcast_audience(Some(Lang::Ru)).await?,
                en: self.chats.broadcast_audience(Some(Lang::En)).await?,
            }),
            AdminEffect::SpreadStart { id, text, lang } => {
                let (id, bot) = (id.order_key(), self.api.id());
                tracing::info!(id, actor = actor(doing), "a broadcast begins");
                let new = BroadcastNew { id, bot, author: doing.person, text, lang };
                Ok(AdminKnown::Spread(Some(self.chats.broadcast_put(&new).await?)))
            }
            AdminEffect::SpreadStop { id } => {
                tracing::info!(id, actor = actor(doing), "a broadcast is stopped");
                self.chats.broadcast_cancel(&id).await?;
                self.spread_last().await
            }
            AdminEffect::Reopen => {
                let paused = self.chats.maintenance_get().await?.is_some_and(|closed| closed.paused);
                tracing::info!(actor = actor(doing), "the maintenance is over");
                if paused {
                    self.engine.store().queue_resume(&PauseScope::Everything).await?;
                }
                self.chats.maintenance_set(None).await?;
                self.overview().await
            }
        }
    }

    async fn spread_last(&self) -> Result<AdminKnown, StoreError> {
        Ok(AdminKnown::Spread(self.chats.broadcast_last(self.api.id()).await?))
    }

    /// Closes the house. The pause comes first: a process that dies in between leaves a queue that does nothing new, and
    /// the update is dealt with again.
    async fn close(&self, actor: &str, pause: bool) -> Result<(), StoreError> {
        tracing::info!(actor, pause, "the house is closed for maintenance");
        let store = self.engine.store();
        let ours = |record: &neurocards::PauseRecord| {
            record.pause.scope == PauseScope::Everything
                && record.pause.reason.as_deref() == Some(MAINTENANCE)
        };
        if pause {
            let (actor, reason) = (actor.to_owned(), Some(MAINTENANCE.to_owned()));
            store.queue_pause(&Pause { scope: PauseScope::Everything, actor, reason }).await?;
        }
        // What somebody else has paused stays paused when the house opens again.
        let paused = pause && store.queue_pauses().await?.iter().any(ours);
        self.chats.maintenance_set(Some((actor, paused))).await
    }

    /// Moves credits, once for each key.
    async fn adjust(
        &self,
        doing: &Doing,
        key: &str,
        (person, credits): (PersonId, Credits),
        reason: String,
    ) -> Result<Did, StoreError> {
        let take = AllowanceTake {
            person: doing.person,
            what: "adjust".to_owned(),
            key: key.to_owned(),
            most: self.settings.adjusts_a_day,
            within: DAY,
        };
        if let Allowance::Spent { .. } = self.chats.allowance_take(&take).await? {
            return Ok(Did::TooOften);
        }
        let (account, store) = (account_of(person), self.engine.store());
        let open = AccountOpen { account: account.clone(), credit_limit: Credits::ZERO, bonus: None };
        store.account_open(&open).await?;
        let post = CreditsPost {
            id: EntryId::new(self.clock.now(), self.entropy.id_bytes()),
            kind: EntryKind::Adjust,
            account,
            amount: credits,
            reference: Some(format!("telegram-{key}")),
            reason: Some(reason),
            actor: Some(actor(doing)),
        };
        match store.credits_post(&post).await {
            Ok(_) => Ok(Did::Adjusted(credits)),
            Err(StoreError::LedgerRule { .. }) => Ok(Did::NotEnough),
            Err(error) => Err(error),
        }
    }

    async fn refund_look(&self, id: PaymentId) -> Result<AdminKnown, StoreError> {
        let payment = match &self.cashier {
            Some(cashier) => cashier.payments().payment_get(id).await?,
            None => None,
        };
        let person = payment.as_ref().and_then(|payment| person_of(&payment.account));
        let (Some(payment), Some(person)) = (payment, person) else {
            return Ok(AdminKnown::Person { facts: None, did: None });
        };
        if payment.state != PaymentState::Paid {
            let why = format!("the payment is {}", payment.state.as_str());
            return self.person(person, Some(Did::NotRefunded(why))).await;
        }
        let account = self.engine.store().account_get(&payment.account).await?;
        let available = account.map(|account| account.available).unwrap_or_default();
        Ok(AdminKnown::Refund { payment: Box::new(payment), available })
    }

    /// Gives a payment back: credits first, then the money. Again it changes nothing.
    async fn refund(&self, id: PaymentId, actor: &str, reason: &str) -> Result<Did, StoreError> {
        tracing::info!(payment = %id, actor, reason, "a payment is given back");
        match self.refund_payment(id, actor, reason).await {
            Ok(refund) if refund.payment.state == PaymentState::Refunded => {
                Ok(Did::Refunded { taken: refund.payment.taken_back, short: refund.short })
            }
            Ok(_) => Ok(Did::Refunding),
            Err(CashierError::Store(error)) => Err(error),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, payment = %id, "a refund failed");
                Ok(Did::NotRefunded(error.to_string()))
            }
        }
    }

    async fn person(&self, id: PersonId, did: Option<Did>) -> Result<AdminKnown, StoreError> {
        let (account, store) = (account_of(id), self.engine.store());
        let person = self.chats.person_get(id).await?;
        let Some(balance) = store.account_get(&account).await? else {
            return Ok(AdminKnown::Person { facts: None, did });
        };
        let account = Some(account);
        let payments = match &self.cashier {
            Some(cashier) => {
                let filter = PaymentFilter { account: account.clone(), limit: LATEST };
                cashier.payments().payments_list(&filter).await?
            }
            None => Vec::new(),
        };
        let jobs = JobFilter { account: account.clone(), limit: LATEST, ..JobFilter::default() };
        let entries = LedgerFilter { account, limit: LATEST, ..LedgerFilter::default() };
        let facts = PersonFacts {
            id,
            person,
            available: balance.available,
            held: balance.held,
            jobs: store.jobs_list(&jobs).await?,
            entries: store.ledger_list(&entries).await?,
            payments,
        };
        Ok(AdminKnown::Person { facts: Some(Box::new(facts)), did })
    }

    async fn overview(&self) -> Result<AdminKnown, StoreError> {
        let store = self.engine.store();
        let filter = LedgerFilter { limit: TODAY, ..LedgerFilter::default() };
        let entries = store.ledger_list(&filter).await?;
        let filter = JobFilter { stages: vec![Stage::Failed], limit: TODAY, ..JobFilter::default() };
        let failed = store.jobs_list(&filter).await?;
        let queue = store.queue_status().await?;
        let since = midnight(queue.at);
        let reaches = |length: usize, last: Option<Timestamp>| {
            length >= TODAY as usize && last.is_some_and(|last| last >= since)
        };
        let mut facts = Overview {
            keys: self.keys(queue.at).await?,
            money: BTreeMap::new(),
            done: 0,
            failed: BTreeMap::new(),
            more: reaches(entries.len(), entries.last().map(|entry| entry.created_at))
                || reaches(failed.len(), failed.last().map(|job| job.created_at)),
            alarms: store.alarms_open().await?.into_iter().map(|record| record.alarm).collect(),
            maintenance: self.chats.maintenance_get().await?,
            queue,
        };
        facts.count(since, &entries, &failed);
        Ok(AdminKnown::Overview(Box::new(facts)))
    }

    async fn keys(&self, now: Timestamp) -> Result<Vec<KeyFacts>, StoreError> {
        let mut keys = Vec::new();
        for provider in self.engine.providers() {
            for record in self.engine.store().resources_list(&provider).await? {
                let closed = match record.openness(now) {
                    Openness::Open => None,
                    Openness::Closed { until } => Some(until),
                    Openness::Probing { until } => Some(Some(until)),
                    Openness::Probation => Some(None),
                };
                let points = match record.balance {
                    Some(_) => self.engine.store().balance_list(&record.id).await?,
                    None => Vec::new(),
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a forecast is never negative, and saturates"
                )]
                let days = BalancePoint::days_left(&points).map(|days| days as u64);
                let balance = record.balance.map(|balance| balance.milli / 1_000);
                keys.push(KeyFacts { name: record.id.to_string(), closed, balance, days });
            }
        }
        Ok(keys)
    }
}

/// The reason of a pause that belongs to maintenance.
const MAINTENANCE: &str = "maintenance";

/// An admin, as ledgers and marks name them.
fn actor(doing: &Doing) -> String {
    account_of(doing.person).to_string()
}

/// When the day began, in Moscow, as everything that people read.
fn midnight(now: Timestamp) -> Timestamp {
    let Some(moscow) = FixedOffset::east_opt(3 * 3_600) else { return now };
    let local = now.with_timezone(&moscow);
    let since = local.time().signed_duration_since(chrono::NaiveTime::MIN);
    now - since
}
