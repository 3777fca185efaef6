//! The invariants, over the tables in memory. SQL stores run the same ones as queries.

use std::collections::BTreeMap;

use super::super::Violation;
use super::tables::Tables;
use crate::attempt::{Attempt, AttemptState};
use crate::credits::Credits;
use crate::job::{Job, Stage};
use crate::ledger::{Book, EntryKind, LedgerEntry};
use crate::notice::{Notice, NoticeKind, Subject};
use crate::payments::PayProvider;

impl Tables {
    pub(super) fn audit(&self) -> Vec<Violation> {
        let mut found = Found::default();
        self.audit_books(&mut found);
        self.audit_accounts(&mut found);
        self.audit_orders(&mut found);
        for job in self.jobs.values() {
            self.audit_money_of(job, &mut found);
            self.audit_attempts_of(job, &mut found);
            self.audit_course_of(job, &mut found);
        }
        self.audit_tasks(&mut found);
        self.audit_notices(&mut found);
        self.audit_payments(&mut found);
        found.0
    }

    fn audit_books(&self, found: &mut Found) {
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for entry in &self.ledger {
            *sums.entry(&entry.debit).or_default() -= entry.amount.0;
            *sums.entry(&entry.credit).or_default() += entry.amount.0;
        }
        for (book, balance) in &self.balances {
            let kept = sums.get(book.as_str()).copied().unwrap_or_default() == balance.0;
            found.unless(kept, "a balance equals the sum of its entries", book);
        }
        let total: i64 = self.balances.values().map(|balance| balance.0).sum();
        found.unless(total == 0, "the sum over all books is zero", total);
        for entry in &self.ledger {
            let kept = entry.job_id.is_none_or(|id| {
                self.jobs
                    .get(&id)
                    .is_some_and(|job| job.account == entry.account && job.price == entry.amount)
            });
            found.unless(kept, "an entry of a job has the job's account and price", entry.id);
            let kept = [false, true].into_iter().any(|back| {
                let (debit, credit) = entry.kind.books(back);
                debit.key(&entry.account) == entry.debit && credit.key(&entry.account) == entry.credit
            });
            found.unless(kept, "an entry moves credits between the books of its kind", entry.id);
        }
    }

    fn audit_accounts(&self, found: &mut Found) {
        let mut unfinished: BTreeMap<_, i64> = BTreeMap::new();
        for job in self.jobs.values().filter(|job| !job.stage.is_final()) {
            *unfinished.entry(&job.account).or_default() += job.price.0;
        }
        for (account, row) in &self.accounts {
            let (available, held) =
                (self.balance(Book::Available, account), self.balance(Book::Held, account));
            let kept = available >= -row.credit_limit && held >= Credits::ZERO;
            found.unless(kept, "a balance keeps within its limit", account);
            let kept = unfinished.get(account).copied().unwrap_or_default() == held.0;
            let book = Book::Held.key(account);
            found.unless(kept, "held credits equal the prices of unfinished jobs", book);
        }
    }

    fn audit_orders(&self, found: &mut Found) {
        for order in self.orders.values() {
            let jobs = self.jobs.values().filter(|job| job.order_id == order.id).count();
            let kept = u32::try_from(jobs) == Ok(order.count);
            found.unless(kept, "an order has as many jobs as videos", order.id);
        }
        for job in self.jobs.values() {
            let kept = self.orders.get(&job.order_id).is_some_and(|order| order.account == job.account);
            found.unless(kept, "a job belongs to its order's account", job.id);
        }
    }

    fn audit_money_of(&self, job: &Job, found: &mut Found) {
        let entries = |kind| {
            self.ledger.iter().filter(|entry| entry.job_id == Some(job.id) && entry.kind == kind).count()
        };
        let (captures, releases) = (entries(EntryKind::Capture), entries(EntryKind::Release));
        let ended = usize::from(job.stage.is_final());
        let done = usize::from(job.stage == Stage::Done);
        found.unless(entries(EntryKind::Hold) == 1, "every job has exactly one hold", job.id);
        let kept = captures + releases == ended;
        found.unless(kept, "a final job has one capture or release, any other none", job.id);
        let gifted = self.attempts.values().any(|attempt| {
            attempt.job_id == job.id && attempt.state == AttemptState::Gifted && job.stage == Stage::Failed
        });
        let kept = captures == done && self.artifacts.contains_key(&job.id) == (done == 1 || gifted);
        found.unless(kept, "captured means done, with an artifact", job.id);
        found.unless(job.price.is_positive(), "a price is positive", job.id);
    }

    fn audit_attempts_of(&self, job: &Job, found: &mut Found) {
        let attempts: Vec<&Attempt> =
            self.attempts.values().filter(|attempt| attempt.job_id == job.id).collect();
        let those = |fits: fn(AttemptState) -> bool| attempts.iter().filter(|a| fits(a.state)).count();
        let live = those(AttemptState::is_live);
        found.unless(live <= 1, "a job has at most one live attempt", job.id);
        let kept = those(AttemptState::may_be_charged) <= 1;
        found.unless(kept, "a job has at most one attempt that may be charged", job.id);
        found.unless(live == 0 || !job.stage.is_final(), "a final job has no live attempt", job.id);
        let latest = attempts.iter().map(|attempt| attempt.seq).max().unwrap_or_default();
        let kept = u32::try_from(attempts.len()) == Ok(job.attempts) && latest == job.attempts;
        found.unless(kept, "a job counts its attempts", job.id);
        let of_latest = attempts.iter().find(|attempt| attempt.seq == job.attempts);
        let kept = of_latest.is_none_or(|attempt| attempt.model == job.model);
        found.unless(kept, "a job has the model of its latest attempt", job.id);
    }

    fn audit_course_of(&self, job: &Job, found: &mut Found) {
        let ended = job.stage.is_final();
        found.unless(job.wake_at.is_none() == ended, "an unfinished job has an owner or a timer", job.id);
        let kept = job.finished_at.is_some() == ended && !(ended && job.lease_owner.is_some());
        found.unless(kept, "a final job has its end, and nobody owns it", job.id);
        let events = self.events.get(&job.id).map(Vec::as_slice).unwrap_or_default();
        let kept = events.last().is_some_and(|event| event.stage == job.stage);
        found.unless(kept, "every stage is in the history", job.id);
        let kept = events.is_sorted_by_key(|event| event.epoch)
            && events.last().is_none_or(|event| event.epoch <= job.lease_epoch);
        found.unless(kept, "the epochs of a history never fall", job.id);
        let last_word = match job.stage {
            Stage::Done => Some(NoticeKind::Result),
            Stage::Failed => Some(NoticeKind::Failed),
            Stage::Cancelled => Some(NoticeKind::Cancelled),
            Stage::Prompt | Stage::Submit | Stage::Wait | Stage::Store => None,
        };
        let told = |kind| {
            let of_job = self.notices.values().filter(|row| row.notice.subject == Subject::Job(job.id));
            of_job.into_iter().any(|row| row.notice.body.kind() == kind)
        };
        found.unless(last_word.is_none_or(told), "a final job has told its buyer", job.id);
    }

    fn audit_tasks(&self, found: &mut Found) {
        let mut tasks: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for attempt in self.attempts.values() {
            if let Some(task_id) = &attempt.task_id {
                *tasks.entry((&attempt.provider, task_id)).or_default() += 1;
            }
        }
        for ((provider, task_id), attempts) in tasks {
            let key = format_args!("{provider} {task_id}");
            found.unless(attempts == 1, "a task belongs to one attempt", key);
        }
    }

    fn audit_notices(&self, found: &mut Found) {
        for Notice { id, account, subject, order_id, .. } in self.notices.values().map(|row| &row.notice) {
            let of_account = self.orders.get(order_id).is_some_and(|order| order.account == *account);
            let of_subject = match subject {
                Subject::Order(order) => order == order_id,
                Subject::Job(job) => self.jobs.get(job).is_some_and(|job| job.order_id == *order_id),
            };
            found.unless(of_account && of_subject, "a notice goes to the account of its subject", id);
        }
    }

    fn audit_payments(&self, found: &mut Found) {
        let entered = |kind: EntryKind, reference: Option<String>| {
            let same = |entry: &&LedgerEntry| entry.kind == kind && entry.reference == reference;
            reference.is_some().then(|| self.ledger.iter().find(same)).flatten()
        };
        for payment in self.payments.values() {
            let topup = entered(EntryKind::Topup, payment.reference());
            let kept = !payment.state.was_paid()
                || topup.is_some_and(|entry| {
                    (&entry.account, entry.amount) == (&payment.account, payment.credits)
                });
            found.unless(kept, "a paid payment has its credits in the ledger", payment.id);
            let amount =
                |kind| entered(kind, payment.refund_reference()).map_or(Credits::ZERO, |entry| entry.amount);
            let (taken, returned) = (amount(EntryKind::Revoke), amount(EntryKind::Topup));
            let kept = taken.0 - returned.0 == payment.taken_back.0;
            found.unless(kept, "a refund took back what it says", payment.id);
        }
        for entry in self.ledger.iter().filter(|entry| entry.kind == EntryKind::Topup) {
            let Some(reference) = &entry.reference else { continue };
            let of_provider = PayProvider::ALL.iter().any(|provider| {
                reference.strip_prefix(provider.as_str()).is_some_and(|id| id.starts_with(':'))
            });
            let front = reference.split('/').next();
            let kept = !of_provider
                || self
                    .payments
                    .values()
                    .any(|payment| payment.state.was_paid() && payment.reference().as_deref() == front);
            found.unless(kept, "credits that were paid for have their payment", entry.id);
        }
    }
}

#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn unless(&mut self, kept: bool, invariant: &'static str, key: impl ToString) {
        if !kept {
            self.0.push(Violation { invariant, key: key.to_string() });
        }
    }
}
