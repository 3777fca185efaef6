//! Rows and core types: how one is read from the other. Each list of columns is read in its own order.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use neurocards_core::{
    Account, Artifact, Attempt, AttemptId, BalancePoint, Closing, Credits, EntryId, Job, JobEvent, JobId,
    LedgerEntry, Notice, NoticeBody, NoticeId, Order, OrderId, Pause, PauseRecord, PauseScope, ResourceId,
    ResourceRecord, StageStatus, StoreError, Subject, Timestamp, WorkerBeat, WorkerRecord,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::types::{Json, Uuid};
use sqlx::{Decode, Postgres, Row, Type};

pub(super) const ACCOUNT: &str =
    "accounts.key, accounts.credit_limit, accounts.available, accounts.held, accounts.created_at";
pub(super) const ENTRY: &str = "ledger.id, ledger.kind, ledger.account, ledger.debit, ledger.credit, \
     ledger.amount, ledger.job_id, ledger.reference, ledger.reason, ledger.actor, ledger.created_at";
pub(super) const ORDER: &str = "orders.id, orders.account, orders.idempotency_key, orders.fingerprint, \
     orders.brief, orders.count, orders.model, orders.created_at";
pub(super) const JOB: &str = "jobs.id, jobs.order_id, jobs.account, jobs.idx, jobs.provider, jobs.model, \
     jobs.price, jobs.stage, jobs.prompt, jobs.attempts, jobs.retries, jobs.stumbles, jobs.crashes, jobs.error, \
     jobs.slow_told, jobs.lease_epoch, jobs.lease_owner, jobs.wake_at, jobs.deadline_at, jobs.created_at, \
     jobs.finished_at";
pub(super) const ATTEMPT: &str = "attempts.id, attempts.job_id, attempts.seq, attempts.provider, \
     attempts.model, attempts.key, attempts.reason, attempts.state, attempts.task_id, attempts.hint, attempts.video, attempts.fault, attempts.cost_milli, \
     attempts.created_at, attempts.sent_at, attempts.updated_at";
pub(super) const EVENT: &str = "events.at, events.stage, events.epoch, events.body";
pub(super) const NOTICE: &str = "notices.id, notices.account, notices.subject, notices.subject_id, \
     notices.order_id, notices.body, notices.state, notices.sends, notices.lease_epoch, notices.receipt, \
     notices.created_at, notices.updated_at";

pub(super) const PAUSE: &str = "pauses.scope, pauses.model, pauses.actor, pauses.reason, pauses.since";
pub(super) const WORKER: &str = "workers.name, workers.host, workers.version, workers.in_flight, \
     workers.started_at, workers.seen_at";

/// Of the table `resources AS r`.
pub(super) const RESOURCE: &str = "r.provider, r.kind, r.name, r.closed_since, r.closed_until, r.closed_by, \
     r.closed_why, r.failures, r.fault, r.failed_at, r.recovered_at, r.probing_until, r.balance_milli, r.balance_at";

/// A thousand years: a longer wait is this one.
const LONGEST_MICROS: i64 = 31_557_600_000_000_000;

/// A wait as a statement takes it.
pub(super) fn micros(wait: Duration) -> i64 {
    i64::try_from(wait.as_micros()).unwrap_or(LONGEST_MICROS).min(LONGEST_MICROS)
}

/// A list of rows as the one argument of a batch statement.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Backend { source: Box::new(error) })
}

/// The cells of a row, one after the other.
pub(super) struct Cells<'r> {
    table: &'static str,
    row: &'r PgRow,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(super) fn new(row: &'r PgRow) -> Self {
        Self::of("a row", row)
    }

    pub(super) fn of(table: &'static str, row: &'r PgRow) -> Self {
        Self { table, row, at: 0 }
    }

    fn corrupt(&self, message: impl Display) -> StoreError {
        StoreError::Corrupt { table: self.table, message: format!("column {}: {message}", self.at) }
    }

    pub(super) fn next<T: Decode<'r, Postgres> + Type<Postgres>>(&mut self) -> Result<T, StoreError> {
        self.at += 1;
        self.row.try_get(self.at - 1).map_err(|error| self.corrupt(error))
    }

    pub(super) fn number<T: TryFrom<i32, Error: Display>>(&mut self) -> Result<T, StoreError> {
        T::try_from(self.next()?).map_err(|error| self.corrupt(error))
    }

    pub(super) fn credits(&mut self) -> Result<Credits, StoreError> {
        self.next().map(Credits)
    }

    pub(super) fn word<T: FromStr<Err: Display>>(&mut self) -> Result<T, StoreError> {
        self.next::<&str>()?.parse().map_err(|error| self.corrupt(error))
    }

    pub(super) fn word_opt<T: FromStr<Err: Display>>(&mut self) -> Result<Option<T>, StoreError> {
        let word = self.next::<Option<&str>>()?;
        word.map(|word| word.parse().map_err(|error| self.corrupt(error))).transpose()
    }

    pub(super) fn json<T: DeserializeOwned + 'static>(&mut self) -> Result<T, StoreError> {
        self.next::<Json<T>>().map(|json| json.0)
    }

    fn json_opt<T: DeserializeOwned + 'static>(&mut self) -> Result<Option<T>, StoreError> {
        self.next::<Option<Json<T>>>().map(|json| json.map(|json| json.0))
    }

    pub(super) fn account(&mut self) -> Result<Account, StoreError> {
        self.table = "accounts";
        Ok(Account {
            key: self.word()?,
            credit_limit: self.credits()?,
            available: self.credits()?,
            held: self.credits()?,
            created_at: self.next()?,
        })
    }

    pub(super) fn entry(&mut self) -> Result<LedgerEntry, StoreError> {
        self.table = "ledger";
        Ok(LedgerEntry {
            id: EntryId::from_uuid(self.next()?),
            kind: self.word()?,
            account: self.word()?,
            debit: self.next()?,
            credit: self.next()?,
            amount: self.credits()?,
            job_id: self.next::<Option<Uuid>>()?.map(JobId::from_uuid),
            reference: self.next()?,
            reason: self.next()?,
            actor: self.next()?,
            created_at: self.next()?,
        })
    }

    pub(super) fn order(&mut self) -> Result<Order, StoreError> {
        self.table = "orders";
        Ok(Order {
            id: OrderId::from_uuid(self.next()?),
            account: self.word()?,
            idempotency_key: self.next()?,
            fingerprint: self.next()?,
            brief: self.json()?,
            count: self.number()?,
            model: self.next()?,
            created_at: self.next()?,
        })
    }

    pub(super) fn job(&mut self) -> Result<Job, StoreError> {
        self.table = "jobs";
        Ok(Job {
            id: JobId::from_uuid(self.next()?),
            order_id: OrderId::from_uuid(self.next()?),
            account: self.word()?,
            index: self.number()?,
            provider: self.next()?,
            model: self.next()?,
            price: self.credits()?,
            stage: self.word()?,
            prompt: self.json_opt()?,
            attempts: self.number()?,
            retries: self.number()?,
            stumbles: self.number()?,
            crashes: self.number()?,
            error: self.json_opt()?,
            slow_told: self.next()?,
            lease_epoch: self.next()?,
            lease_owner: self.next()?,
            wake_at: self.next()?,
            deadline_at: self.next()?,
            created_at: self.next()?,
            finished_at: self.next()?,
        })
    }

    /// An attempt that may be missing: an outer join brought it.
    pub(super) fn job_opt(&mut self) -> Result<Option<Job>, StoreError> {
        match self.next::<Option<Uuid>>()? {
            None => Ok(None),
            Some(_) => {
                self.at -= 1;
                self.job().map(Some)
            }
        }
    }

    pub(super) fn attempt_opt(&mut self) -> Result<Option<Attempt>, StoreError> {
        match self.next::<Option<Uuid>>()? {
            None => Ok(None),
            Some(_) => {
                self.at -= 1;
                self.attempt().map(Some)
            }
        }
    }

    pub(super) fn attempt(&mut self) -> Result<Attempt, StoreError> {
        self.table = "attempts";
        Ok(Attempt {
            id: AttemptId::from_uuid(self.next()?),
            job_id: JobId::from_uuid(self.next()?),
            seq: self.number()?,
            provider: self.next()?,
            model: self.next()?,
            key: self.next()?,
            reason: self.next()?,
            state: self.word()?,
            task_id: self.next()?,
            hint: self.next()?,
            video: self.next()?,
            fault: self.json_opt()?,
            cost_milli: self.next()?,
            created_at: self.next()?,
            sent_at: self.next()?,
            updated_at: self.next()?,
        })
    }

    pub(super) fn artifact(&mut self) -> Result<Option<Artifact>, StoreError> {
        self.table = "artifacts";
        self.json_opt()
    }

    pub(super) fn event(&mut self) -> Result<JobEvent, StoreError> {
        self.table = "events";
        Ok(JobEvent { at: self.next()?, stage: self.word()?, epoch: self.next()?, body: self.json()? })
    }

    pub(super) fn notice(&mut self) -> Result<Notice, StoreError> {
        self.table = "notices";
        let (id, account) = (NoticeId::from_uuid(self.next()?), self.word()?);
        let (subject, subject_id) = (self.next::<&str>()?, self.next()?);
        let subject = match subject {
            "order" => Subject::Order(OrderId::from_uuid(subject_id)),
            "job" => Subject::Job(JobId::from_uuid(subject_id)),
            other => return Err(self.corrupt(format_args!("unknown subject {other:?}"))),
        };
        Ok(Notice {
            id,
            account,
            subject,
            order_id: OrderId::from_uuid(self.next()?),
            body: self.json::<NoticeBody>()?,
            state: self.word()?,
            sends: self.number()?,
            lease_epoch: self.next()?,
            receipt: self.next()?,
            created_at: self.next()?,
            updated_at: self.next()?,
        })
    }

    pub(super) fn pause(&mut self) -> Result<PauseRecord, StoreError> {
        self.table = "pauses";
        let (kind, model) = (self.next::<&str>()?, self.next::<&str>()?);
        let scope = PauseScope::from_words(kind, model)
            .ok_or_else(|| self.corrupt(format_args!("unknown scope {kind:?}")))?;
        let pause = Pause { scope, actor: self.next()?, reason: self.next()? };
        Ok(PauseRecord { pause, since: self.next()? })
    }

    pub(super) fn worker(&mut self) -> Result<WorkerRecord, StoreError> {
        self.table = "workers";
        let beat = WorkerBeat {
            name: self.next()?,
            host: self.next()?,
            version: self.next()?,
            in_flight: self.count()?,
            started_at: self.next()?,
        };
        Ok(WorkerRecord { beat, seen_at: self.next()? })
    }

    pub(super) fn resource(&mut self) -> Result<ResourceRecord, StoreError> {
        self.table = "resources";
        let id = ResourceId { provider: self.next()?, kind: self.word()?, name: self.next()? };
        let since: Option<Timestamp> = self.next()?;
        let (until, actor, reason) = (self.next()?, self.next()?, self.next()?);
        Ok(ResourceRecord {
            id,
            closing: since.map(|since| Closing { since, until, actor, reason }),
            failures: self.count()?,
            fault: self.json_opt()?,
            failed_at: self.next()?,
            recovered_at: self.next()?,
            probing_until: self.next()?,
            balance: self
                .next::<Option<i64>>()?
                .zip(self.next()?)
                .map(|(milli, at)| BalancePoint { at, milli }),
        })
    }

    /// A stage's counts, and since when its first job is due.
    pub(super) fn stage_status(&mut self) -> Result<(StageStatus, Option<Timestamp>), StoreError> {
        self.table = "jobs";
        let status = StageStatus {
            stage: self.word()?,
            jobs: self.count()?,
            due: self.count()?,
            leased: self.count()?,
            paused: self.count()?,
        };
        Ok((status, self.next()?))
    }

    fn count<T: TryFrom<i64, Error: Display>>(&mut self) -> Result<T, StoreError> {
        T::try_from(self.next()?).map_err(|error| self.corrupt(error))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.next()
    }
}
