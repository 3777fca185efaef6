//! The schema refuses what the program must never write, whoever writes it.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::{ManualClock, Store};
use neurocards_store::SqliteStore;
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::{Fixture, World};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

/// A store with five jobs, from a claimed one to a finished one, and a connection past the program.
async fn rows(case: impl AsyncFnOnce(&mut SqliteConnection)) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let clock = Arc::new(ManualClock::new());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&file, clock.clone()).await.unwrap());
    let fixture = Fixture { store: store.clone(), clock, keep: Box::new(()) };
    neurocards_testkit::conformance::run(fixture, async |world: &World| {
        let account = world.account("telegram:7", 9).await;
        for goal in
            [Milestone::Prompt, Milestone::Intent, Milestone::Sent, Milestone::Accepted, Milestone::Done]
        {
            let job = world.place(&account, 1).await.jobs[0].id;
            world.reach(job, goal).await;
        }
    })
    .await;
    let mut db = SqliteConnectOptions::new().filename(&file).foreign_keys(true).connect().await.unwrap();
    case(&mut db).await;
    db.close().await.unwrap();
    assert_eq!(store.audit().await.unwrap(), []);
}

/// Each statement must fail, and say why in these words.
async fn refused(db: &mut SqliteConnection, statements: &[(&'static str, &str)]) {
    for (sql, why) in statements {
        let error = sqlx::query(*sql).execute(&mut *db).await.expect_err(sql).to_string();
        assert!(error.contains(why), "{sql}\n{error}");
    }
}

#[tokio::test]
async fn the_ledger_is_immutable() {
    rows(async |db| {
        let copy = "(id, kind, account, debit, credit, amount, job_id, reference, reason, actor, created_at)
            SELECT id || 'x', kind, account, debit, credit, amount, job_id, reference, reason, actor, created_at
            FROM ledger WHERE kind = 'capture'";
        let doubled: &'static str = format!("INSERT INTO ledger {copy}").leak();
        let replaced: &'static str = format!("INSERT OR REPLACE INTO ledger {copy}").leak();
        refused(db, &[
            ("UPDATE ledger SET amount = 2", "the ledger is immutable"),
            ("UPDATE ledger SET reason = 'x' WHERE kind = 'bonus'", "the ledger is immutable"),
            ("DELETE FROM ledger", "the ledger is immutable"),
            ("INSERT OR REPLACE INTO ledger SELECT * FROM ledger", "the ledger has that entry"),
            (doubled, "the ledger has that entry"),
            (replaced, "the ledger has that entry"),
            (
                "INSERT OR REPLACE INTO ledger (id, kind, account, debit, credit, amount, job_id, created_at)
                 SELECT 'new', 'release', account, 'telegram:7/held', 'telegram:7/available', amount, job_id, 0
                 FROM ledger WHERE kind = 'capture'",
                "the ledger has that entry",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, created_at)
                 VALUES ('new', 'topup', 'telegram:7', 'house:mint', 'telegram:7/available', 0, 0)",
                "CHECK constraint failed: amount > 0",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, created_at)
                 VALUES ('new', 'gift', 'telegram:7', 'house:mint', 'telegram:7/available', 1, 0)",
                "CHECK constraint failed: kind",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, created_at)
                 VALUES ('new', 'topup', 'telegram:7', 'house:mint', 'house:mint', 1, 0)",
                "between_two_books",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, created_at)
                 VALUES ('new', 'topup', 'telegram:7', 'house:cellar', 'telegram:7/available', 1, 0)",
                "FOREIGN KEY",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, created_at)
                 VALUES ('new', 'release', 'telegram:7', 'telegram:7/held', 'telegram:7/available', 1, 0)",
                "holds_belong_to_jobs",
            ),
        ])
        .await;
    })
    .await;
}

#[tokio::test]
async fn the_indexes_hold_what_the_trigger_holds() {
    rows(async |db| {
        let mut tx = db.begin().await.unwrap();
        sqlx::query("DROP TRIGGER ledger_is_never_replaced").execute(&mut *tx).await.unwrap();
        sqlx::query("UPDATE books SET balance = balance").execute(&mut *tx).await.unwrap();
        refused(&mut tx, &[
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, job_id, created_at)
                 SELECT 'new', 'release', account, debit, credit, amount, job_id, 0 FROM ledger WHERE kind = 'capture'",
                "UNIQUE constraint failed: ledger.job_id",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, job_id, created_at)
                 SELECT 'new', kind, account, debit, credit, amount, job_id, 0 FROM ledger WHERE kind = 'hold'",
                "UNIQUE constraint failed: ledger.job_id, ledger.kind",
            ),
            (
                "INSERT INTO ledger (id, kind, account, debit, credit, amount, reference, created_at)
                 VALUES ('n1', 'topup', 'telegram:7', 'house:mint', 'telegram:7/available', 1, 'pay-1', 0),
                        ('n2', 'topup', 'telegram:7', 'house:mint', 'telegram:7/available', 1, 'pay-1', 0)",
                "UNIQUE constraint failed: ledger.kind, ledger.reference",
            ),
        ])
        .await;
        tx.rollback().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn balances_keep_their_floors() {
    rows(async |db| {
        refused(
            db,
            &[
                ("UPDATE books SET balance = -1 WHERE key = 'telegram:7/available'", "balance >= floor"),
                ("UPDATE books SET balance = -1 WHERE key = 'telegram:7/held'", "balance >= floor"),
                ("UPDATE books SET floor = NULL WHERE key = 'telegram:7/held'", "CHECK"),
                ("UPDATE books SET balance = 'much'", "cannot store TEXT"),
                ("UPDATE accounts SET credit_limit = -1", "credit_limit >= 0"),
                ("INSERT INTO books VALUES ('x:y/available', 'x:y', 0, 0)", "FOREIGN KEY"),
                ("DELETE FROM accounts", "FOREIGN KEY"),
            ],
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn jobs_follow_their_rules() {
    rows(async |db| {
        refused(
            db,
            &[
                ("UPDATE jobs SET price = 9 WHERE stage = 'done'", "a final job does not change"),
                (
                    "UPDATE jobs SET stage = 'store', wake_at = 0, finished_at = NULL WHERE stage = 'done'",
                    "no such way",
                ),
                ("UPDATE jobs SET stage = 'failed' WHERE stage = 'done'", "no such way"),
                ("UPDATE jobs SET price = 0 WHERE stage = 'prompt'", "price > 0"),
                ("UPDATE jobs SET stage = 'sleeping' WHERE stage = 'prompt'", "no such way"),
                ("UPDATE jobs SET stage = 'wait' WHERE stage = 'prompt'", "no such way"),
                ("UPDATE jobs SET stage = 'cancelled' WHERE stage = 'wait'", "no such way"),
                ("UPDATE jobs SET stage = 'prompt' WHERE stage = 'wait'", "no such way"),
                ("UPDATE jobs SET stage = 'submit' WHERE stage = 'prompt'", "a_prompt_before_submission"),
                ("UPDATE jobs SET lease_epoch = 0 WHERE stage = 'prompt'", "an epoch never falls"),
                ("UPDATE jobs SET wake_at = NULL WHERE stage = 'wait'", "a_timer_until_the_end"),
                ("UPDATE jobs SET finished_at = 0 WHERE stage = 'wait'", "an_end_at_the_end"),
                (
                    "UPDATE jobs SET stage = 'failed', wake_at = NULL, finished_at = 0 WHERE stage = 'wait'",
                    "nobody_owns_a_final_job",
                ),
                (
                    "UPDATE jobs SET stage = 'failed', lease_owner = NULL WHERE stage = 'wait'",
                    "constraint failed",
                ),
                ("UPDATE jobs SET prompt = '{' WHERE stage = 'wait'", "json_valid"),
                (
                    "UPDATE jobs SET idx = 0, order_id = (SELECT min(id) FROM orders) WHERE stage = 'wait'",
                    "UNIQUE",
                ),
                ("DELETE FROM jobs WHERE stage = 'done'", "FOREIGN KEY"),
                ("UPDATE orders SET idempotency_key = 'same'", "UNIQUE constraint failed: orders.account"),
            ],
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_job_has_one_attempt_at_a_time() {
    rows(async |db| {
        let second = |state: &str| -> &'static str {
            format!(
                "INSERT INTO attempts (id, job_id, seq, provider, model, state, task_id, created_at, updated_at)
                 SELECT 'new', id, 2, provider, model, '{state}', 'new', 0, 0 FROM jobs WHERE stage = 'wait'"
            )
            .leak()
        };
        let after_done = |state: &str| second(state).replace("'wait'", "'done'").leak() as &'static str;
        for state in ["intent", "sent", "accepted", "unknown", "succeeded", "abandoned"] {
            refused(db, &[(second(state), "UNIQUE constraint failed: attempts.job_id")]).await;
        }
        for state in ["sent", "accepted", "unknown", "succeeded", "abandoned"] {
            refused(db, &[(after_done(state), "UNIQUE constraint failed: attempts.job_id")]).await;
        }
        refused(db, &[
            ("UPDATE attempts SET state = 'lost'", "CHECK"),
            ("UPDATE attempts SET task_id = NULL WHERE state = 'accepted'", "accepted_means_a_task"),
            ("UPDATE attempts SET task_id = 'same', provider = 'memory'", "attempts.provider, attempts.task_id"),
            ("UPDATE attempts SET job_id = 'nobody' WHERE state = 'intent'", "FOREIGN KEY"),
            ("UPDATE attempts SET seq = 0", "seq > 0"),
        ])
        .await;
    })
    .await;
}

#[tokio::test]
async fn history_and_notices_keep_their_rows() {
    rows(async |db| {
        refused(db, &[
            ("UPDATE events SET epoch = 0", "history is immutable"),
            ("DELETE FROM events", "history is immutable"),
            ("INSERT INTO events (job_id, at, stage, epoch, body) VALUES ('x', 0, 'wait', 1, '{}')", "FOREIGN KEY"),
            (
                "INSERT INTO notices SELECT 'new', account, subject, subject_id, order_id, kind, body, state, sends,
                    lease_epoch, wake_at, receipt, created_at, updated_at FROM notices WHERE kind = 'result'",
                "UNIQUE constraint failed: notices.subject_id, notices.subject, notices.kind",
            ),
            ("UPDATE notices SET state = 'lost'", "CHECK"),
            ("UPDATE notices SET kind = 'gossip'", "CHECK"),
            ("UPDATE notices SET order_id = 'x'", "FOREIGN KEY"),
        ])
        .await;
    })
    .await;
}

#[tokio::test]
async fn resources_are_closed_by_somebody_since_some_time() {
    rows(async |db| {
        sqlx::query("INSERT INTO resources (provider, kind, name) VALUES ('memory', 'model', 'video')")
            .execute(&mut *db)
            .await
            .unwrap();
        refused(
            db,
            &[
                ("UPDATE resources SET kind = 'planet'", "CHECK"),
                ("UPDATE resources SET failures = -1", "failures >= 0"),
                ("UPDATE resources SET closed_until = 1", "a_closing_has_a_beginning"),
                ("UPDATE resources SET closed_since = 1", "only_operators_close_for_good"),
                ("UPDATE resources SET balance_milli = 1", "a_balance_has_its_time"),
                (
                    "INSERT INTO resources (provider, kind, name) VALUES ('memory', 'model', 'video')",
                    "UNIQUE constraint failed",
                ),
            ],
        )
        .await;
    })
    .await;
}
