//! Every invariant finds what breaks it: damage is done past the program, with the constraints taken away.

#[path = "../audit/damage.rs"]
mod damage;

use std::collections::BTreeSet;

use neurocards_core::{ManualClock, Store};
use neurocards_testkit::conformance::Milestone;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use self::damage::{Damage, INVARIANTS, SHARED};
use crate::{furnished, raw};

const BOOKS: &[Damage] = &[
    ("UPDATE accounts SET available = available + 1", "a balance equals the sum of its entries"),
    ("UPDATE accounts SET held = held + 1", "the sum over all books is zero"),
    ("UPDATE accounts SET available = -1", "a balance keeps within its limit"),
    ("UPDATE accounts SET held = -1", "a balance keeps within its limit"),
    ("UPDATE accounts SET held = held + 1", "held credits equal the prices of unfinished jobs"),
];

#[tokio::test]
async fn every_damage_is_found() {
    let (database, store) = furnished(&[Milestone::Accepted, Milestone::Done, Milestone::Intent]).await;
    damage::pay(store.as_ref(), &ManualClock::new()).await;
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
                 'attempts_one_live', 'attempts_one_charged', 'ledger_one_end', 'ledger_one_reference', 'payments_one_open')",
        )
        .await
        .unwrap();
    for guard in guards {
        db.execute(AssertSqlSafe(guard.get::<String, _>(0))).await.unwrap();
    }
    assert_eq!(store.audit().await.unwrap(), []);
    let mut tested = BTreeSet::new();
    for (sql, expect) in BOOKS.iter().chain(SHARED) {
        // The audit reads through a connection of its own, so the damage is committed, and then undone by a copy.
        let tables = [
            "accounts",
            "orders",
            "jobs",
            "attempts",
            "artifacts",
            "ledger",
            "notices",
            "events",
            "payments",
        ];
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
    assert_eq!(tested.len(), INVARIANTS, "every invariant is tested");
}
