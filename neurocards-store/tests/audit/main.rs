//! Every invariant finds what breaks it: damage is done past the program, with the constraints switched off.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

mod damage;

use std::sync::Arc;

use neurocards_core::{ManualClock, Store};
use neurocards_store::SqliteStore;
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::{Fixture, World};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, Row};

use self::damage::{Damage, INVARIANTS, SHARED};

const BOOKS: &[Damage] = &[
    (
        "UPDATE books SET balance = balance + 1 WHERE key = 'house:mint'",
        "a balance equals the sum of its entries",
    ),
    ("UPDATE books SET balance = balance + 1 WHERE key = 'house:mint'", "the sum over all books is zero"),
    ("UPDATE books SET balance = -1 WHERE key = 'telegram:7/available'", "a balance keeps within its limit"),
    ("UPDATE books SET balance = -1 WHERE key = 'telegram:7/held'", "a balance keeps within its limit"),
    (
        "UPDATE books SET balance = balance + 1 WHERE key = 'telegram:7/held'",
        "held credits equal the prices of unfinished jobs",
    ),
];

#[tokio::test]
async fn every_damage_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(SqliteStore::open(&whole, clock.clone()).await.unwrap());
    let fixture = Fixture { store: store.clone(), clock: clock.clone(), keep: Box::new(()) };
    neurocards_testkit::conformance::run(fixture, async |world: &World| {
        let account = world.account("telegram:7", 9).await;
        for goal in [Milestone::Accepted, Milestone::Done, Milestone::Intent] {
            let job = world.place(&account, 1).await.jobs[0].id;
            world.reach(job, goal).await;
        }
    })
    .await;
    damage::pay(store.as_ref(), &clock).await;
    store.close().await;
    let mut tested = std::collections::BTreeSet::new();
    for (n, (sql, expect)) in BOOKS.iter().chain(SHARED).enumerate() {
        let copy = folder.path().join(format!("damaged-{n}.db"));
        std::fs::copy(&whole, &copy).unwrap();
        damage(&copy, sql).await;
        let violations = SqliteStore::open(&copy, clock.clone()).await.unwrap().audit().await.unwrap();
        assert!(violations.iter().any(|found| found.invariant == *expect), "{sql}\n{violations:?}");
        tested.insert(*expect);
    }
    assert_eq!(tested.len(), INVARIANTS, "every invariant is tested");
}

/// Changes rows with every trigger, unique index and check out of the way.
async fn damage(path: &std::path::Path, sql: &'static str) {
    let mut db = SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await.unwrap();
    let guards = "SELECT type, name FROM sqlite_master
        WHERE type = 'trigger' OR (type = 'index' AND name IN ('attempts_one_live', 'attempts_one_charged',
            'ledger_one_end', 'payments_one_open'))";
    for guard in db.fetch_all(guards).await.unwrap() {
        let drop = format!("DROP {} {}", guard.get::<String, _>(0), guard.get::<String, _>(1));
        db.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
    }
    // UNIQUE and CHECK of the tables themselves go with a copy of the rows into tables without any.
    let tables = db.fetch_all(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
    );
    for table in tables.await.unwrap() {
        let table = table.get::<String, _>(0);
        let copy = format!(
            "CREATE TABLE copied AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE copied RENAME TO {table}"
        );
        db.execute(sqlx::AssertSqlSafe(copy)).await.unwrap();
    }
    let done = sqlx::query(sql).execute(&mut db).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
    db.close().await.unwrap();
}
