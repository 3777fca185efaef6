//! The tables, and what each transaction does to them. Everything is checked before anything is changed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{
    AccountOpen, Claim, ClaimScope, ClaimedJob, CreditsPost, JobEvent, LedgerFilter, NoticeClaim,
    NoticeOutcome, NoticeSettle, OrderNew, OrderRecord, Placement, Posted, StoreError,
};
use super::alarms::Alarms;
use super::late::LateRow;
use super::operations::Operations;
use super::resources::Resources;
use super::upkeep::{ArtifactRow, Duties};
use crate::account::{Account, AccountKey};
use crate::attempt::Attempt;
use crate::clock::{Timestamp, later};
use crate::credits::Credits;
use crate::ids::{AttemptId, EntryId, JobId, NoticeId, OrderId, PaymentId};
use crate::job::{Job, Stage};
use crate::ledger::{Book, EntryKind, LedgerEntry};
use crate::lifecycle::{AttemptWrite, JobEventBody, JobState, Transition};
use crate::notice::{Notice, NoticeBody, NoticeKind, NoticeState, Subject};
use crate::order::Order;
use crate::payments::Payment;

#[derive(Debug)]
pub(super) struct AccountRow {
    pub(super) credit_limit: Credits,
    created_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct NoticeRow {
    pub(super) notice: Notice,
    wake_at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) accounts: BTreeMap<AccountKey, AccountRow>,
    pub(super) balances: BTreeMap<String, Credits>,
    pub(super) ledger: Vec<LedgerEntry>,
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) attempts: BTreeMap<AttemptId, Attempt>,
    pub(super) artifacts: BTreeMap<JobId, ArtifactRow>,
    pub(super) notices: BTreeMap<NoticeId, NoticeRow>,
    pub(super) events: BTreeMap<JobId, Vec<JobEvent>>,
    pub(super) late: BTreeMap<AttemptId, LateRow>,
    pub(super) operations: Operations,
    pub(super) resources: Resources,
    pub(super) duties: Duties,
    pub(super) alarms: Alarms,
    pub(super) payments: BTreeMap<PaymentId, Payment>,
    /// The turns of jobs.
    turns: BTreeMap<JobId, u64>,
}

/// A job that can be claimed, in the order in which that happens.
#[derive(Debug)]
pub(super) struct Due {
    /// Its turn, if it has not begun; the others come first.
    turn: Option<u64>,
    pub(super) wake_at: Timestamp,
    pub(super) id: JobId,
    pub(super) stage: Stage,
}

impl Due {
    /// Smaller goes first.
    pub(super) fn rank(&self) -> (Option<u64>, Timestamp, JobId) {
        (self.turn, self.wake_at, self.id)
    }
}

/// What an entry is written from.
struct Posting<'a> {
    id: EntryId,
    kind: EntryKind,
    account: &'a AccountKey,
    amount: Credits,
    job_id: Option<JobId>,
}

impl Tables {
    pub(super) fn account(&self, key: &AccountKey) -> Option<Account> {
        let row = self.accounts.get(key)?;
        Some(Account {
            key: key.clone(),
            credit_limit: row.credit_limit,
            available: self.balance(Book::Available, key),
            held: self.balance(Book::Held, key),
            created_at: row.created_at,
        })
    }

    pub(super) fn balance(&self, book: Book, account: &AccountKey) -> Credits {
        self.balances.get(&book.key(account)).copied().unwrap_or_default()
    }

    pub(super) fn account_open(&mut self, open: &AccountOpen, now: Timestamp) -> Account {
        if !self.accounts.contains_key(&open.account) {
            let row = AccountRow { credit_limit: open.credit_limit, created_at: now };
            self.accounts.insert(open.account.clone(), row);
            if let Some((id, amount)) = open.bonus.filter(|(_, amount)| amount.is_positive()) {
                self.post(
                    Posting { id, kind: EntryKind::Bonus, account: &open.account, amount, job_id: None },
                    now,
                );
            }
        }
        self.account(&open.account).unwrap_or_else(|| Account {
            key: open.account.clone(),
            credit_limit: open.credit_limit,
            available: Credits::ZERO,
            held: Credits::ZERO,
            created_at: now,
        })
    }

    pub(super) fn turn_of(&self, job: JobId) -> u64 {
        self.turns.get(&job).copied().unwrap_or_default()
    }

    fn post(&mut self, posting: Posting<'_>, now: Timestamp) -> LedgerEntry {
        let Posting { id, kind, account, amount, job_id } = posting;
        let (debit, credit) = kind.books(amount < Credits::ZERO);
        let amount = Credits(amount.0.abs());
        let (debit, credit) = (debit.key(account), credit.key(account));
        self.balances.entry(debit.clone()).or_default().0 -= amount.0;
        self.balances.entry(credit.clone()).or_default().0 += amount.0;
        let entry = LedgerEntry {
            id,
            kind,
            account: account.clone(),
            debit,
            credit,
            amount,
            job_id,
            reference: None,
            reason: None,
            actor: None,
            created_at: now,
        };
        self.ledger.push(entry.clone());
        entry
    }

    pub(super) fn credits_post(&mut self, post: &CreditsPost, now: Timestamp) -> Result<Posted, StoreError> {
        let account =
            self.account(&post.account).ok_or(StoreError::NoAccount { account: post.account.clone() })?;
        let same = |entry: &&LedgerEntry| entry.kind == post.kind && entry.reference == post.reference;
        if let Some(before) = post.reference.as_ref().and_then(|_| self.ledger.iter().find(same)) {
            return Ok(Posted::Before(before.clone()));
        }
        post.check(&account)?;
        let posting = Posting {
            id: post.id,
            kind: post.kind,
            account: &post.account,
            amount: post.amount,
            job_id: None,
        };
        self.post(posting, now);
        // The entry was just pushed; its words are written before anybody can read it.
        let Some(entry) = self.ledger.last_mut() else {
            return Err(StoreError::LedgerRule { rule: "the entry is gone".to_owned() });
        };
        entry.reference.clone_from(&post.reference);
        entry.reason.clone_from(&post.reason);
        entry.actor.clone_from(&post.actor);
        Ok(Posted::New(entry.clone()))
    }

    pub(super) fn ledger_list(&self, filter: &LedgerFilter) -> Vec<LedgerEntry> {
        let of_account =
            |entry: &&LedgerEntry| filter.account.as_ref().is_none_or(|key| *key == entry.account);
        let of_job = |entry: &&LedgerEntry| filter.job.is_none_or(|job| entry.job_id == Some(job));
        let newest = self.ledger.iter().rev().filter(of_account).filter(of_job);
        newest.take(filter.limit as usize).cloned().collect()
    }

    pub(super) fn order_place(&mut self, new: &OrderNew, now: Timestamp) -> Result<Placement, StoreError> {
        let order = Order { created_at: now, ..new.order.clone() };
        let account =
            self.account(&order.account).ok_or(StoreError::NoAccount { account: order.account.clone() })?;
        if let Some(before) = self.order_by_key(&order.account, &order.idempotency_key) {
            if before.order.fingerprint != order.fingerprint {
                return Ok(Placement::KeyReused { order: before.order.id });
            }
            return Ok(Placement::Existing(before));
        }
        let overflow = || StoreError::LedgerRule { rule: "the price of the order does not fit".to_owned() };
        let needed = new.check()?;
        let available = account.available.checked_add(account.credit_limit).ok_or_else(overflow)?;
        if available < needed {
            return Ok(Placement::NotEnough { needed, available });
        }
        let turn = self.next_turn(&order.account);
        for (index, (job_id, entry_id)) in (0..).zip(&new.jobs) {
            let job = new.job(*job_id, index, now);
            self.turns.insert(*job_id, turn + u64::from(index));
            let held = job.price;
            self.jobs.insert(*job_id, job);
            let posting = Posting {
                id: *entry_id,
                kind: EntryKind::Hold,
                account: &order.account,
                amount: held,
                job_id: Some(*job_id),
            };
            self.post(posting, now);
            let placed =
                JobEvent { at: now, stage: Stage::Prompt, epoch: 0, body: JobEventBody::Placed { held } };
            self.events.insert(*job_id, vec![placed]);
        }
        let body = NoticeBody::Started { videos: order.count, held: needed };
        self.notify(new.started, &order.account, Subject::Order(order.id), order.id, body, now);
        let id = order.id;
        self.orders.insert(id, order);
        self.order_record(id).map(Placement::New).ok_or_else(overflow)
    }

    /// The smallest turn in the queue, but after the account's own jobs there.
    fn next_turn(&self, account: &AccountKey) -> u64 {
        let queued = self.jobs.values().filter(|job| job.stage == Stage::Prompt);
        let turns = queued.filter_map(|job| Some((job, *self.turns.get(&job.id)?)));
        let (mut first, mut after_own) = (u64::MAX, 0);
        for (job, turn) in turns {
            first = first.min(turn);
            if job.account == *account {
                after_own = after_own.max(turn + 1);
            }
        }
        if first == u64::MAX { 0 } else { first.max(after_own) }
    }

    pub(super) fn order_by_key(&self, account: &AccountKey, key: &str) -> Option<OrderRecord> {
        let same = |order: &&Order| order.account == *account && order.idempotency_key == key;
        self.order_record(self.orders.values().find(same)?.id)
    }

    pub(super) fn order_record(&self, id: OrderId) -> Option<OrderRecord> {
        let order = self.orders.get(&id)?.clone();
        let mut jobs: Vec<_> = self.jobs.values().filter(|job| job.order_id == id).cloned().collect();
        jobs.sort_by_key(|job| job.index);
        Some(OrderRecord { order, jobs })
    }

    pub(super) fn jobs_in_scope(&self, claim: &Claim) -> impl Iterator<Item = Due> {
        let scope = claim.scope;
        let in_scope = move |job: &&Job| match scope {
            ClaimScope::All => true,
            ClaimScope::Order(order) => job.order_id == order,
            ClaimScope::Job(id) => job.id == id,
        };
        let served = |job: &&Job| claim.providers.contains(&job.provider) && !self.operations.holds(job);
        self.jobs.values().filter(in_scope).filter(served).filter_map(|job| {
            let queued = job.stage == Stage::Prompt;
            let turn = queued.then(|| self.turns.get(&job.id).copied().unwrap_or_default());
            let wake_at = job.wake_at?;
            // Within a turn, the order of placing.
            Some(Due { turn, wake_at, id: job.id, stage: job.stage })
        })
    }

    pub(super) fn take(
        &mut self,
        id: JobId,
        worker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Option<ClaimedJob> {
        let job = self.jobs.get_mut(&id)?;
        job.lease_epoch += 1;
        job.lease_owner = Some(worker.to_owned());
        job.wake_at = Some(later(now, lease));
        job.crashes += 1;
        let order = self.orders.get(&job.order_id)?.clone();
        Some(ClaimedJob { state: self.job_state(id)?, order, claimed_at: now })
    }

    /// Changes the jobs whose leases are still the caller's; answers which.
    pub(super) fn leased(&mut self, leases: &[(JobId, i64)], mut change: impl FnMut(&mut Job)) -> Vec<JobId> {
        let mut changed = Vec::new();
        for (id, epoch) in leases {
            let held = |job: &&mut Job| job.lease_epoch == *epoch && job.lease_owner.is_some();
            if let Some(job) = self.jobs.get_mut(id).filter(held) {
                change(job);
                changed.push(*id);
            }
        }
        changed
    }

    pub(super) fn job_state(&self, id: JobId) -> Option<JobState> {
        let job = self.jobs.get(&id)?.clone();
        let attempts = self.attempts.values().filter(|attempt| attempt.job_id == id);
        Some(JobState { job, attempt: attempts.max_by_key(|attempt| attempt.seq).cloned() })
    }

    pub(super) fn job_apply(&mut self, step: &Transition, now: Timestamp) -> Result<bool, StoreError> {
        let Some(state) = self.job_state(step.job_id) else { return Ok(false) };
        if !state.admits(step) {
            return Ok(false);
        }
        self.check_task_is_new(&state, step)?;
        self.check_hold_is_open(step)?;
        let after = state.after(step, now);
        let (account, price, order_id) = (after.job.account.clone(), after.job.price, after.job.order_id);
        if let Some((id, settlement)) = step.settlement {
            let kind = settlement.kind();
            self.post(Posting { id, kind, account: &account, amount: price, job_id: Some(step.job_id) }, now);
        }
        if let Some(artifact) = &step.artifact {
            self.artifacts.insert(step.job_id, ArtifactRow::new(artifact, now));
        }
        if let Some((id, body)) = &step.notice {
            self.notify(*id, &account, Subject::Job(step.job_id), order_id, body.clone(), now);
        }
        if let Some(body) = &step.event {
            let event = JobEvent { at: now, stage: step.to, epoch: step.epoch, body: body.clone() };
            self.events.entry(step.job_id).or_default().push(event);
        }
        if let (Some(attempt), Some(wait)) = (after.attempt.as_ref().filter(|one| one.is_known()), step.late)
        {
            self.late.insert(attempt.id, LateRow { wake_at: later(now, wait), epoch: 0 });
        }
        if let (Some(attempt), Some(_)) = (after.attempt, &step.attempt) {
            self.attempts.insert(attempt.id, attempt);
        }
        self.jobs.insert(step.job_id, after.job);
        Ok(true)
    }

    fn check_task_is_new(&self, state: &JobState, step: &Transition) -> Result<(), StoreError> {
        let Some(AttemptWrite::Update { id, task_id: Some(task_id), .. }) = &step.attempt else {
            return Ok(());
        };
        let taken = |attempt: &Attempt| {
            attempt.id != *id
                && attempt.provider == state.job.provider
                && attempt.task_id.as_ref() == Some(task_id)
        };
        if self.attempts.values().any(taken) {
            let message = format!("the task {task_id} belongs to another attempt");
            return Err(StoreError::Corrupt { table: "attempts", message });
        }
        Ok(())
    }

    fn check_hold_is_open(&self, step: &Transition) -> Result<(), StoreError> {
        let ends = |entry: &LedgerEntry| {
            entry.job_id == Some(step.job_id) && matches!(entry.kind, EntryKind::Capture | EntryKind::Release)
        };
        if step.settlement.is_some() && self.ledger.iter().any(ends) {
            return Err(StoreError::LedgerRule { rule: "a hold is captured or released once".to_owned() });
        }
        Ok(())
    }

    pub(super) fn notify(
        &mut self,
        id: NoticeId,
        account: &AccountKey,
        subject: Subject,
        order_id: OrderId,
        body: NoticeBody,
        now: Timestamp,
    ) {
        let kind = body.kind();
        let known = |row: &NoticeRow| row.notice.subject == subject && row.notice.body.kind() == kind;
        if self.notices.values().any(known) {
            return;
        }
        if kind.supersedes_earlier() {
            for row in self.notices.values_mut().filter(|row| row.notice.state == NoticeState::Pending) {
                let started =
                    row.notice.body.kind() == NoticeKind::Started && row.notice.order_id == order_id;
                if started || row.notice.subject == subject {
                    row.notice.state = NoticeState::Superseded;
                    row.notice.updated_at = now;
                }
            }
        }
        let notice = Notice {
            id,
            account: account.clone(),
            subject,
            order_id,
            body,
            state: NoticeState::Pending,
            sends: 0,
            lease_epoch: 0,
            receipt: None,
            created_at: now,
            updated_at: now,
        };
        self.notices.insert(id, NoticeRow { notice, wake_at: now });
    }

    pub(super) fn notices_claim(&mut self, claim: &NoticeClaim, now: Timestamp) -> Vec<Notice> {
        let served =
            |row: &&mut NoticeRow| claim.channels.iter().any(|c| row.notice.account.as_str().starts_with(c));
        let mut taken = Vec::new();
        let due = self.notices.values_mut().filter(served).filter(|row| row.wake_at <= now);
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|row| (row.wake_at, row.notice.id));
        for row in due {
            match row.notice.state {
                NoticeState::Sending if !claim.idempotent => {
                    row.notice.state = NoticeState::Unknown;
                    row.notice.updated_at = now;
                }
                NoticeState::Pending | NoticeState::Sending if taken.len() < claim.limit as usize => {
                    row.notice.state = NoticeState::Sending;
                    row.notice.sends += 1;
                    row.notice.lease_epoch += 1;
                    row.notice.updated_at = now;
                    row.wake_at = later(now, claim.lease);
                    taken.push(row.notice.clone());
                }
                _ => {}
            }
        }
        taken
    }

    pub(super) fn notices_unblock(&mut self, account: &AccountKey, now: Timestamp) -> u64 {
        let blocked =
            |row: &&mut NoticeRow| row.notice.account == *account && row.notice.state == NoticeState::Blocked;
        let mut unblocked = 0;
        for row in self.notices.values_mut().filter(blocked) {
            (row.notice.state, row.notice.updated_at, row.wake_at) = (NoticeState::Pending, now, now);
            unblocked += 1;
        }
        unblocked
    }

    pub(super) fn notices_extend(
        &mut self,
        leases: &[(NoticeId, i64)],
        lease: Duration,
        now: Timestamp,
    ) -> Vec<NoticeId> {
        let mut kept = Vec::new();
        for (id, epoch) in leases {
            let held = |row: &&mut NoticeRow| {
                row.notice.lease_epoch == *epoch && row.notice.state == NoticeState::Sending
            };
            if let Some(row) = self.notices.get_mut(id).filter(held) {
                row.wake_at = later(now, lease);
                kept.push(*id);
            }
        }
        kept
    }

    pub(super) fn notice_settle(&mut self, settle: &NoticeSettle, now: Timestamp) -> bool {
        let held = |row: &&mut NoticeRow| {
            row.notice.lease_epoch == settle.epoch && row.notice.state == NoticeState::Sending
        };
        let Some(row) = self.notices.get_mut(&settle.id).filter(held) else { return false };
        row.notice.updated_at = now;
        row.notice.state = match &settle.outcome {
            NoticeOutcome::Sent { receipt } => {
                row.notice.receipt.clone_from(receipt);
                NoticeState::Sent
            }
            NoticeOutcome::Later(wait) => {
                row.wake_at = later(now, *wait);
                NoticeState::Pending
            }
            NoticeOutcome::Unknown => NoticeState::Unknown,
            NoticeOutcome::Blocked => NoticeState::Blocked,
            NoticeOutcome::Dead => NoticeState::Dead,
        };
        true
    }
}
