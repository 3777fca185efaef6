//! Every invariant finds what breaks it: damage is done past the program, with the constraints taken away.

use std::collections::BTreeSet;

use neurocards_core::Store;
use neurocards_testkit::conformance::Milestone;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use crate::{furnished, raw};

/// What is done, and what must be found; other findings may come with it.
const DAMAGE: &[(&str, &str)] = &[
    ("UPDATE accounts SET available = available + 1", "a balance equals the sum of its entries"),
    ("UPDATE accounts SET held = held + 1", "the sum over all books is zero"),
    ("UPDATE accounts SET available = -1", "a balance keeps within its limit"),
    ("UPDATE accounts SET held = -1", "a balance keeps within its limit"),
    ("UPDATE accounts SET held = held + 1", "held credits equal the prices of unfinished jobs"),
    ("UPDATE ledger SET amount = 9 WHERE kind = 'hold'", "an entry of a job has the job's account and price"),
    (
        "UPDATE ledger SET account = 'x:y' WHERE kind = 'capture'",
        "an entry of a job has the job's account and price",
    ),
    ("UPDATE orders SET count = 2", "an order has as many jobs as videos"),
    ("UPDATE orders SET account = 'x:y'", "a job belongs to its order's account"),
    ("DELETE FROM ledger WHERE kind = 'hold'", "every job has exactly one hold"),
    ("DELETE FROM ledger WHERE kind = 'capture'", "a final job has one capture or release, any other none"),
    ("UPDATE ledger SET kind = 'release' WHERE kind = 'capture'", "captured means done, with an artifact"),
    ("DELETE FROM artifacts", "captured means done, with an artifact"),
    (
        "INSERT INTO artifacts SELECT id, '{}', now() FROM jobs WHERE stage = 'wait'",
        "captured means done, with an artifact",
    ),
    (
        "UPDATE attempts SET state = 'intent', job_id = (SELECT id FROM jobs LIMIT 1)",
        "a job has at most one live attempt",
    ),
    (
        "UPDATE attempts SET state = 'abandoned', job_id = (SELECT id FROM jobs LIMIT 1)",
        "a job has at most one attempt that may be charged",
    ),
    ("UPDATE attempts SET state = 'unknown'", "a final job has no live attempt"),
    ("UPDATE jobs SET attempts = attempts + 1", "a job counts its attempts"),
    ("UPDATE attempts SET seq = seq + 1", "a job counts its attempts"),
    ("UPDATE attempts SET task_id = 'same'", "a task belongs to one attempt"),
    ("UPDATE jobs SET wake_at = NULL WHERE stage = 'wait'", "an unfinished job has an owner or a timer"),
    ("UPDATE jobs SET wake_at = now() WHERE stage = 'done'", "an unfinished job has an owner or a timer"),
    (
        "UPDATE jobs SET finished_at = NULL WHERE stage = 'done'",
        "a final job has its end, and nobody owns it",
    ),
    ("UPDATE jobs SET lease_owner = 'w' WHERE stage = 'done'", "a final job has its end, and nobody owns it"),
    ("UPDATE jobs SET price = 0", "a price is positive"),
    ("UPDATE jobs SET stage = 'store' WHERE stage = 'wait'", "every stage is in the history"),
    ("DELETE FROM events", "every stage is in the history"),
    ("UPDATE events SET epoch = 0 WHERE stage = 'done'", "the epochs of a history never fall"),
    ("UPDATE jobs SET lease_epoch = 0", "the epochs of a history never fall"),
    ("DELETE FROM notices WHERE kind = 'result'", "a final job has told its buyer"),
    (
        "UPDATE notices SET account = 'x:y' WHERE kind = 'result'",
        "a notice goes to the account of its subject",
    ),
    (
        "UPDATE notices SET subject_id = gen_random_uuid() WHERE kind = 'started'",
        "a notice goes to the account of its subject",
    ),
];

#[tokio::test]
async fn every_damage_is_found() {
    let (database, store) = furnished(&[Milestone::Accepted, Milestone::Done, Milestone::Intent]).await;
    let mut db = raw(&database).await;
    // Foreign keys, checks, unique indexes, triggers: whatever would stand in the way.
    let guards = db
        .fetch_all(
            "SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname) || ' CASCADE'
             FROM pg_constraint WHERE connamespace = 'neurocards'::regnamespace AND contype IN ('c', 'f')
             UNION ALL SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname)
             FROM pg_constraint WHERE connamespace = 'neurocards'::regnamespace AND contype = 'u'
             UNION ALL SELECT 'ALTER TABLE ' || tablename || ' DISABLE TRIGGER USER'
             FROM pg_tables WHERE schemaname = 'neurocards'
             UNION ALL SELECT 'DROP INDEX ' || indexname FROM pg_indexes
             WHERE schemaname = 'neurocards' AND indexname IN (
                 'attempts_one_live', 'attempts_one_charged', 'ledger_one_end', 'ledger_one_reference')",
        )
        .await
        .unwrap();
    for guard in guards {
        db.execute(AssertSqlSafe(guard.get::<String, _>(0))).await.unwrap();
    }
    assert_eq!(store.audit().await.unwrap(), []);
    let mut tested = BTreeSet::new();
    for (sql, expect) in DAMAGE {
        // The audit reads through a connection of its own, so the damage is committed, and then undone by a copy.
        let tables = ["accounts", "orders", "jobs", "attempts", "artifacts", "ledger", "notices", "events"];
        for table in tables {
            db.execute(AssertSqlSafe(format!("CREATE TEMP TABLE saved_{table} AS TABLE neurocards.{table}")))
                .await
                .unwrap();
        }
        let done = sqlx::query(AssertSqlSafe(*sql)).execute(&mut db).await.unwrap();
        assert!(done.rows_affected() > 0, "{sql}");
        let found = store.audit().await.unwrap();
        assert!(found.iter().any(|found| found.invariant == *expect), "{sql}\n{found:?}");
        tested.insert(*expect);
        let mut tx = db.begin().await.unwrap();
        for table in tables {
            let restore = format!(
                "DELETE FROM neurocards.{table};
                 INSERT INTO neurocards.{table} OVERRIDING SYSTEM VALUE SELECT * FROM saved_{table};
                 DROP TABLE saved_{table}"
            );
            tx.execute(AssertSqlSafe(restore)).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(store.audit().await.unwrap(), [], "{sql} was undone");
    }
    assert_eq!(tested.len(), 22, "every invariant is tested");
}
