//! SQLite and PostgreSQL pass the suite for payments; their schemas refuse what must never be written; and what dies
//! between the payment and its credits leaves neither.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::{
    AccountOpen, BotId, Clock, Credits, EntryId, ManualClock, PayProvider, PaymentChange, PaymentId,
    PaymentNew, PaymentOutcome, PaymentState, Payments, Price, Store,
};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::payments::Fixture;
use neurocards_testkit::{payment_conformance, postgres};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

/// Raw statements, and the words of the refusal on either database.
const REFUSED: &[(&str, &str)] = &[
    ("UPDATE payments SET credits = 9", "what a payment is for does not change"),
    ("UPDATE payments SET amount = 1 WHERE state = 'paid'", "what a payment is for does not change"),
    ("UPDATE payments SET account = 'telegram:2'", "what a payment is for does not change"),
    ("UPDATE payments SET provider_id = 'c9' WHERE state = 'paid'", "what a payment is for does not change"),
    ("UPDATE payments SET state = 'pending' WHERE state = 'paid'", "there is no such way"),
    ("UPDATE payments SET state = 'refunded' WHERE state = 'paid'", "there is no such way"),
    (
        "UPDATE payments SET state = 'paid', paid_at = created_at WHERE state = 'pending'",
        "what_was_paid_has_an_id",
    ),
    ("UPDATE payments SET provider_id = 'c1' WHERE state = 'pending'", "unique constraint"),
    ("UPDATE payments SET state = 'refunding' WHERE state = 'paid'", "a_refund_is_somebodys"),
    ("UPDATE payments SET taken_back = 1", "only_refunds_take_back"),
    ("DELETE FROM payments", "payments are kept"),
];

fn new(at: &ManualClock, seed: u8) -> PaymentNew {
    PaymentNew {
        id: PaymentId::new(at.now(), [seed; 10]),
        account: "telegram:1".parse().unwrap(),
        bot: BotId(7),
        provider: PayProvider::Stars,
        credits: Credits(5),
        price: Price { amount: 250, currency: PayProvider::Stars.currency() },
    }
}

fn money(at: &ManualClock, charge: &str, seed: u8) -> PaymentChange {
    PaymentChange::Paid { provider_id: charge.to_owned(), entry: EntryId::new(at.now(), [seed; 10]) }
}

/// One that is paid, and one that is open; answers with the open one.
async fn furnish<T: Store + Payments>(store: &T, clock: &ManualClock) -> PaymentId {
    for account in ["telegram:1", "telegram:2"] {
        let account = account.parse().unwrap();
        store.account_open(&AccountOpen { account, credit_limit: Credits::ZERO, bonus: None }).await.unwrap();
    }
    let paid = store.payment_open(&new(clock, 1)).await.unwrap();
    store.payment_apply(paid.id, &money(clock, "c1", 1)).await.unwrap();
    store.payment_open(&new(clock, 2)).await.unwrap().id
}

/// The ledger broke between the two writes: neither is there, and saying it again does both.
async fn credited_once<T: Store + Payments>(store: &T, clock: &ManualClock, open: PaymentId) {
    let payment = store.payment_get(open).await.unwrap().unwrap();
    assert_eq!((payment.state, payment.provider_id), (PaymentState::Pending, None));
    assert_eq!(store.audit().await.unwrap(), []);
    for (seed, expect) in [(3, true), (4, false)] {
        let outcome = store.payment_apply(open, &money(clock, "c2", seed)).await.unwrap();
        assert_eq!(matches!(outcome, PaymentOutcome::Applied(_)), expect, "{outcome:?}");
    }
    let account = store.account_get(&"telegram:1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(account.available, Credits(10));
    assert_eq!(store.audit().await.unwrap(), []);
}

mod sqlite {
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    async fn fresh() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(SqliteStore::open(folder.path().join("store.db"), clock.clone()).await.unwrap());
        Fixture { store: store.clone(), payments: store, clock, keep: Box::new(folder) }
    }

    payment_conformance!(fresh);

    #[tokio::test]
    async fn the_schema_refuses_and_a_break_between_leaves_neither() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let clock = Arc::new(ManualClock::new());
        let store = SqliteStore::open(&file, clock.clone()).await.unwrap();
        let open = furnish(&store, &clock).await;
        let mut db = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        let copy = "INSERT OR REPLACE INTO payments SELECT * FROM payments";
        for (sql, why) in REFUSED.iter().copied().chain([(copy, "the payment is there already")]) {
            let error = sqlx::query(sql).execute(&mut db).await.expect_err(sql).to_string();
            assert!(error.to_lowercase().contains(&why.to_lowercase()), "{sql}\n{error}");
        }
        db.execute("CREATE TRIGGER breaks BEFORE INSERT ON ledger BEGIN SELECT RAISE (ABORT, 'broken'); END")
            .await
            .unwrap();
        assert!(store.payment_apply(open, &money(&clock, "c2", 2)).await.is_err());
        db.execute("DROP TRIGGER breaks").await.unwrap();
        db.close().await.unwrap();
        credited_once(&store, &clock, open).await;
    }
}

mod on_a_server {
    use sqlx::postgres::PgConnectOptions;

    use super::*;

    async fn database() -> postgres::Database {
        postgres::database(async |url| {
            PostgresStore::open(url).await.unwrap().close().await;
        })
        .await
    }

    async fn fresh() -> Fixture {
        let database = database().await;
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap());
        Fixture { store: store.clone(), payments: store, clock, keep: database.keep }
    }

    payment_conformance!(fresh);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_schema_refuses_and_a_break_between_leaves_neither() {
        let database = database().await;
        let clock = Arc::new(ManualClock::new());
        let store = Arc::new(PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap());
        let open = furnish(store.as_ref(), &clock).await;
        let mut db = database.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        db.execute("SET search_path = neurocards").await.unwrap();
        for (sql, why) in REFUSED {
            let mut tx = db.begin().await.unwrap();
            let error = sqlx::query(AssertSqlSafe(*sql)).execute(&mut *tx).await.expect_err(sql).to_string();
            tx.rollback().await.unwrap();
            assert!(error.to_lowercase().contains(&why.to_lowercase()), "{sql}\n{error}");
        }
        // The ledger is locked: the payment is written, its credits wait, and the process's connection is killed there.
        // Another connection looks for it: within one transaction the server's activity is read once and kept.
        let mut watch = database.url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        let mut lock = db.begin().await.unwrap();
        lock.execute("LOCK TABLE ledger IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
        let applying = {
            let (store, change) = (store.clone(), money(&clock, "c2", 2));
            tokio::spawn(async move { store.payment_apply(open, &change).await })
        };
        let killed = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO ledger%'";
        while sqlx::query_scalar::<_, i64>(killed).fetch_one(&mut watch).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(applying.await.unwrap().is_err());
        lock.rollback().await.unwrap();
        credited_once(store.as_ref(), &clock, open).await;
    }
}
