//! Rows and core types: how one is read from the other.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use neurocards_core::{
    Account, Artifact, Attempt, BalancePoint, Closing, Credits, Job, JobEvent, LedgerEntry, Notice,
    NoticeBody, Order, OrderLine, Pause, PauseRecord, PauseScope, ResourceId, ResourceRecord, StoreError,
    Subject, Timestamp, WorkerBeat, WorkerRecord,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

/// The columns that the readers want. A statement names them: a later version may add columns under a process
/// that has its statements prepared.
macro_rules! columns {
    (ledger) => {
        "ledger.id, ledger.kind, ledger.account, ledger.debit, ledger.credit, ledger.amount, \
         ledger.job_id, ledger.reference, ledger.reason, ledger.actor, ledger.created_at"
    };
    (orders) => {
        "orders.id, orders.account, orders.idempotency_key, orders.fingerprint, orders.brief, \
         orders.count, orders.model, orders.created_at"
    };
    (jobs) => {
        "jobs.id, jobs.order_id, jobs.account, jobs.idx, jobs.provider, jobs.model, jobs.price, \
         jobs.stage, jobs.prompt, jobs.attempts, jobs.retries, jobs.stumbles, jobs.crashes, jobs.error, \
         jobs.slow_told, jobs.lease_epoch, jobs.lease_owner, jobs.wake_at, jobs.deadline_at, \
         jobs.created_at, jobs.finished_at"
    };
    (attempts) => {
        "attempts.id, attempts.job_id, attempts.seq, attempts.provider, attempts.model, attempts.key, \
         attempts.reason, attempts.state, attempts.task_id, attempts.hint, attempts.video, \
         attempts.fault, attempts.cost_milli, attempts.created_at, attempts.sent_at, attempts.updated_at"
    };
    (events) => {
        "events.job_id, events.seq, events.at, events.stage, events.epoch, events.body"
    };
    (notices) => {
        "notices.id, notices.account, notices.subject, notices.subject_id, notices.order_id, \
         notices.body, notices.state, notices.sends, notices.lease_epoch, notices.receipt, \
         notices.created_at, notices.updated_at"
    };
    (pauses) => {
        "pauses.scope, pauses.model, pauses.actor, pauses.reason, pauses.since"
    };
    (workers) => {
        "workers.name, workers.host, workers.version, workers.in_flight, workers.started_at, \
         workers.seen_at"
    };
    (resources) => {
        "resources.provider, resources.kind, resources.name, resources.closed_since, \
         resources.closed_until, resources.closed_by, resources.closed_why, resources.failures, \
         resources.fault, resources.failed_at, resources.recovered_at, resources.probing_until, \
         resources.balance_milli, resources.balance_at"
    };
    (alarms) => {
        "alarms.kind, alarms.subject, alarms.detail, alarms.is_over, alarms.since, alarms.last_at, \
         alarms.times, alarms.told_times, alarms.told_at, alarms.lease_epoch"
    };
    (broadcasts) => {
        "broadcasts.id, broadcasts.author, broadcasts.text, broadcasts.lang, broadcasts.state, \
         broadcasts.total, broadcasts.sent, broadcasts.blocked, broadcasts.failed, broadcasts.unknown, \
         broadcasts.created_at, broadcasts.lease_epoch"
    };
    (people) => {
        "people.id, people.username, people.lang, people.lang_chosen, people.source, people.consent_at, \
         people.blocked_at, people.banned_at, people.ban_actor, people.ban_reason, people.preferences, \
         people.first_seen_at, people.last_seen_at"
    };
    (updates) => {
        "updates.id, updates.lane, updates.body, updates.tries, updates.lease_epoch, updates.reply"
    };
    (dialogues) => {
        "dialogues.bot, dialogues.chat, dialogues.person, dialogues.format, dialogues.state, \
         dialogues.version, dialogues.updated_at"
    };
    (actions) => {
        "actions.body, actions.once, actions.used, actions.expires_at"
    };
    (payments) => {
        "payments.id, payments.account, payments.bot, payments.provider, payments.credits, \
         payments.amount, payments.currency, payments.state, payments.provider_id, payments.page, \
         payments.refunds, payments.taken_back, payments.refund_actor, payments.refund_reason, \
         payments.told, payments.lease_epoch, payments.wake_at, payments.created_at, \
         payments.updated_at, payments.paid_at"
    };
    (cards) => {
        "cards.account, cards.key, cards.bot, cards.chat, cards.message_id, cards.order_id, cards.shown, \
         cards.state, cards.lease_epoch, cards.created_at"
    };
}

/// The rows of a table, by those columns.
macro_rules! select {
    ($table:ident, $rest:literal) => {
        concat!("SELECT ", $crate::sqlite::rows::columns!($table), " FROM ", stringify!($table), " ", $rest)
    };
}

pub(super) use {columns, select};

/// 9999-12-31T23:59:59Z: a longer wait is this one.
const LAST_MICROS: i64 = 253_402_300_799_000_000;

/// A moment as stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

/// A moment that was stored.
pub(super) fn from_micros(micros: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(micros)
}

/// The moment that comes `wait` after `now`, as stored.
pub(super) fn later(now: Timestamp, wait: Duration) -> i64 {
    let wait = i64::try_from(wait.as_micros()).unwrap_or(LAST_MICROS);
    micros(now).saturating_add(wait).min(LAST_MICROS)
}

/// The moment that lies `wait` before `now`, as stored.
pub(super) fn earlier(now: Timestamp, wait: Duration) -> i64 {
    micros(now).saturating_sub(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
}

/// A value as stored JSON.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Backend { source: Box::new(error) })
}

/// A value as stored JSON, if there is one.
pub(super) fn json_opt(value: Option<&impl Serialize>) -> Result<Option<String>, StoreError> {
    value.map(json).transpose()
}

/// The cells of a row, read into core types.
pub(super) struct Cells<'r> {
    pub(super) table: &'static str,
    pub(super) row: &'r SqliteRow,
}

impl<'r> Cells<'r> {
    fn corrupt(&self, column: &str, message: impl Display) -> StoreError {
        StoreError::Corrupt { table: self.table, message: format!("{column}: {message}") }
    }

    pub(super) fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: &str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn number<T: TryFrom<i64, Error: Display>>(&self, column: &str) -> Result<T, StoreError> {
        T::try_from(self.get(column)?).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn credits(&self, column: &str) -> Result<Credits, StoreError> {
        Ok(Credits(self.get(column)?))
    }

    pub(super) fn word<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<&str>(column)?.parse().map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn word_opt<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let word = self.get::<Option<&str>>(column)?;
        word.map(|word| word.parse().map_err(|error| self.corrupt(column, error))).transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.get(column)?).map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn json_opt<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.get::<Option<&str>>(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|error| self.corrupt(column, error))).transpose()
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        from_micros(self.get(column)?).ok_or_else(|| self.corrupt(column, "no moment"))
    }

    pub(super) fn time_opt(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        let micros = self.get::<Option<i64>>(column)?;
        micros.map(|micros| from_micros(micros).ok_or_else(|| self.corrupt(column, "no moment"))).transpose()
    }
}

pub(super) fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    let cells = Cells { table: "accounts", row };
    Ok(Account {
        key: cells.word("key")?,
        credit_limit: cells.credits("credit_limit")?,
        available: cells.credits("available")?,
        held: cells.credits("held")?,
        created_at: cells.time("created_at")?,
    })
}

pub(super) fn entry(row: &SqliteRow) -> Result<LedgerEntry, StoreError> {
    let cells = Cells { table: "ledger", row };
    Ok(LedgerEntry {
        id: cells.word("id")?,
        kind: cells.word("kind")?,
        account: cells.word("account")?,
        debit: cells.get("debit")?,
        credit: cells.get("credit")?,
        amount: cells.credits("amount")?,
        job_id: cells.word_opt("job_id")?,
        reference: cells.get("reference")?,
        reason: cells.get("reason")?,
        actor: cells.get("actor")?,
        created_at: cells.time("created_at")?,
    })
}

pub(super) fn order(row: &SqliteRow) -> Result<Order, StoreError> {
    let cells = Cells { table: "orders", row };
    Ok(Order {
        id: cells.word("id")?,
        account: cells.word("account")?,
        idempotency_key: cells.get("idempotency_key")?,
        fingerprint: cells.get("fingerprint")?,
        brief: cells.json("brief")?,
        count: cells.number("count")?,
        model: cells.get("model")?,
        created_at: cells.time("created_at")?,
    })
}

pub(super) fn job(row: &SqliteRow) -> Result<Job, StoreError> {
    let cells = Cells { table: "jobs", row };
    Ok(Job {
        id: cells.word("id")?,
        order_id: cells.word("order_id")?,
        account: cells.word("account")?,
        index: cells.number("idx")?,
        provider: cells.get("provider")?,
        model: cells.get("model")?,
        price: cells.credits("price")?,
        stage: cells.word("stage")?,
        prompt: cells.json_opt("prompt")?,
        attempts: cells.number("attempts")?,
        retries: cells.number("retries")?,
        stumbles: cells.number("stumbles")?,
        crashes: cells.number("crashes")?,
        error: cells.json_opt("error")?,
        slow_told: cells.get::<i64>("slow_told")? != 0,
        lease_epoch: cells.get("lease_epoch")?,
        lease_owner: cells.get("lease_owner")?,
        wake_at: cells.time_opt("wake_at")?,
        deadline_at: cells.time("deadline_at")?,
        created_at: cells.time("created_at")?,
        finished_at: cells.time_opt("finished_at")?,
    })
}

pub(super) fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let cells = Cells { table: "attempts", row };
    Ok(Attempt {
        id: cells.word("id")?,
        job_id: cells.word("job_id")?,
        seq: cells.number("seq")?,
        provider: cells.get("provider")?,
        model: cells.get("model")?,
        key: cells.get("key")?,
        reason: cells.get("reason")?,
        state: cells.word("state")?,
        task_id: cells.get("task_id")?,
        hint: cells.get("hint")?,
        video: cells.get("video")?,
        fault: cells.json_opt("fault")?,
        cost_milli: cells.get("cost_milli")?,
        created_at: cells.time("created_at")?,
        sent_at: cells.time_opt("sent_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// A video's facts, and when it was removed.
pub(super) fn artifact(row: &SqliteRow) -> Result<(Artifact, Option<Timestamp>), StoreError> {
    let cells = Cells { table: "artifacts", row };
    Ok((cells.json("artifact")?, cells.time_opt("removed_at")?))
}

pub(super) fn event(row: &SqliteRow) -> Result<JobEvent, StoreError> {
    let cells = Cells { table: "events", row };
    Ok(JobEvent {
        at: cells.time("at")?,
        stage: cells.word("stage")?,
        epoch: cells.get("epoch")?,
        body: cells.json("body")?,
    })
}

pub(super) fn notice(row: &SqliteRow) -> Result<Notice, StoreError> {
    let cells = Cells { table: "notices", row };
    let subject = match cells.get::<&str>("subject")? {
        "order" => Subject::Order(cells.word("subject_id")?),
        "job" => Subject::Job(cells.word("subject_id")?),
        other => return Err(cells.corrupt("subject", format_args!("unknown {other:?}"))),
    };
    Ok(Notice {
        id: cells.word("id")?,
        account: cells.word("account")?,
        subject,
        order_id: cells.word("order_id")?,
        body: cells.json::<NoticeBody>("body")?,
        state: cells.word("state")?,
        sends: cells.number("sends")?,
        lease_epoch: cells.get("lease_epoch")?,
        receipt: cells.get("receipt")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

pub(super) fn pause(row: &SqliteRow) -> Result<PauseRecord, StoreError> {
    let cells = Cells { table: "pauses", row };
    let scope = PauseScope::from_words(cells.get("scope")?, cells.get("model")?)
        .ok_or_else(|| cells.corrupt("scope", "unknown"))?;
    let pause = Pause { scope, actor: cells.get("actor")?, reason: cells.get("reason")? };
    Ok(PauseRecord { pause, since: cells.time("since")? })
}

pub(super) fn worker(row: &SqliteRow) -> Result<WorkerRecord, StoreError> {
    let cells = Cells { table: "workers", row };
    let beat = WorkerBeat {
        name: cells.get("name")?,
        host: cells.get("host")?,
        version: cells.get("version")?,
        in_flight: cells.number("in_flight")?,
        started_at: cells.time("started_at")?,
    };
    Ok(WorkerRecord { beat, seen_at: cells.time("seen_at")? })
}

pub(super) fn resource(row: &SqliteRow) -> Result<ResourceRecord, StoreError> {
    let cells = Cells { table: "resources", row };
    let closing = |since| {
        Ok::<_, StoreError>(Closing {
            since,
            until: cells.time_opt("closed_until")?,
            actor: cells.get("closed_by")?,
            reason: cells.get("closed_why")?,
        })
    };
    let balance = cells.get::<Option<i64>>("balance_milli")?.zip(cells.time_opt("balance_at")?);
    Ok(ResourceRecord {
        id: ResourceId {
            provider: cells.get("provider")?,
            kind: cells.word("kind")?,
            name: cells.get("name")?,
        },
        closing: cells.time_opt("closed_since")?.map(closing).transpose()?,
        failures: cells.number("failures")?,
        fault: cells.json_opt("fault")?,
        failed_at: cells.time_opt("failed_at")?,
        recovered_at: cells.time_opt("recovered_at")?,
        probing_until: cells.time_opt("probing_until")?,
        balance: balance.map(|(milli, at)| BalancePoint { at, milli }),
    })
}

pub(super) fn balance(row: &SqliteRow) -> Result<BalancePoint, StoreError> {
    let cells = Cells { table: "balances", row };
    Ok(BalancePoint { at: cells.time("at")?, milli: cells.get("milli")? })
}

pub(super) fn slots(row: &SqliteRow) -> Result<Vec<Timestamp>, StoreError> {
    let cells = Cells { table: "paces", row };
    let moment = |micros| from_micros(micros).ok_or_else(|| cells.corrupt("slots", "no moment"));
    cells.json::<Vec<i64>>("slots")?.into_iter().map(moment).collect()
}

/// An event with its number and its job's index.
pub(super) fn line(row: &SqliteRow) -> Result<OrderLine, StoreError> {
    let cells = Cells { table: "events", row };
    let (job_id, index) = (cells.word("job_id")?, cells.number("idx")?);
    Ok(OrderLine { job_id, index, seq: cells.get("seq")?, event: event(row)? })
}

/// A subject as its two cells.
pub(super) fn subject(subject: Subject) -> (&'static str, String) {
    match subject {
        Subject::Order(id) => ("order", id.to_string()),
        Subject::Job(id) => ("job", id.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_microseconds_and_never_overflow() {
        let at = Timestamp::from_timestamp(1_767_225_600, 123_456_789).unwrap();
        assert_eq!(from_micros(micros(at)).unwrap().timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(later(at, Duration::from_micros(1)) - micros(at), 1);
        assert_eq!(later(at, Duration::MAX), LAST_MICROS);
        assert!(from_micros(LAST_MICROS).is_some());
        assert_eq!(micros(at) - earlier(at, Duration::from_micros(1)), 1);
        assert!(earlier(at, Duration::MAX) < 0);
    }
}
