//! What the server counts.

use std::time::Duration;

use neurocards_testkit::postgres::Server;
use sqlx::{ConnectOptions, Connection, PgConnection};

/// What a database has done so far.
pub(crate) struct Counters {
    transactions: i64,
    statements: i64,
    wal: i64,
    full_pages: i64,
}

impl Counters {
    pub(crate) async fn now(server: &Server, database: &str) -> Self {
        let mut db = open(server, database).await;
        // Sessions report their counts with a delay.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let (transactions, statements, wal, full_pages) = sqlx::query_as(
            "SELECT xact_commit, (SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements),
                 pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, (SELECT wal_fpi FROM pg_stat_wal)
             FROM pg_stat_database WHERE datname = current_database()",
        )
        .fetch_one(&mut db)
        .await
        .unwrap();
        let _ = db.close().await;
        Self { transactions, statements, wal, full_pages }
    }

    /// What one of so many jobs cost since then.
    pub(crate) async fn print_for_each(&self, server: &Server, database: &str, jobs: usize) {
        let now = Self::now(server, database).await;
        let each = |then: i64, now: i64| (now - then) as f64 / jobs as f64;
        println!(
            "  for each job: {:.2} transactions, {:.2} statements, {:.0} bytes of WAL ({:.2} whole pages)",
            each(self.transactions, now.transactions),
            each(self.statements, now.statements),
            each(self.wal, now.wal),
            each(self.full_pages, now.full_pages),
        );
    }
}

/// Forgets which statements there were.
pub(crate) async fn forget_statements(server: &Server, database: &str) {
    let mut db = open(server, database).await;
    sqlx::query("SELECT pg_stat_statements_reset()").execute(&mut db).await.unwrap();
    let _ = db.close().await;
}

/// Where the server's time went since then.
pub(crate) async fn print_statements(server: &Server, database: &str) {
    let mut db = open(server, database).await;
    let top = sqlx::query_as::<_, (i64, f64, i64, i64, String)>(
        "SELECT calls, total_exec_time, rows, wal_bytes::bigint,
             left(regexp_replace(regexp_replace(query, '^(--[^\n]*\n)+', ''), '\\s+', ' ', 'g'), 60)
         FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 8",
    );
    for (calls, millis, rows, wal, query) in top.fetch_all(&mut db).await.unwrap() {
        let wal = wal / 1_024;
        println!("    {calls:>7} calls {millis:>9.0} ms {rows:>8} rows {wal:>8} kB of WAL  {query}");
    }
    let _ = db.close().await;
}

/// How many sessions others have on a database.
pub(crate) async fn connections(server: &Server, database: &str) -> i64 {
    let mut db = open(server, database).await;
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let count = count.fetch_one(&mut db).await.unwrap();
    let _ = db.close().await;
    count
}

pub(crate) async fn open(server: &Server, database: &str) -> PgConnection {
    server.options(database).connect().await.unwrap()
}
