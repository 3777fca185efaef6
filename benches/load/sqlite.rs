//! The same on a SQLite file that flushes every commit, beside plain rows in such a file.

use std::sync::Arc;
use std::time::Instant;

use neurocards::SystemClock;
use neurocards::store::SqliteStore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::bed::Bed;
use crate::usage::Usage;

pub(crate) async fn sqlite() {
    const JOBS: usize = 5_000;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("neurocards.db");
    let store = SqliteStore::open(&file, Arc::new(SystemClock::new())).await.unwrap();
    let bed = Bed::new(Arc::new(store), "").await;
    let plain = plain_rows(&folder.path().join("plain.db")).await;
    bed.place(200, 1).await;
    let one = bed.place(1_000, 1).await;
    let many = bed.place(JOBS - 1_200, 32).await;
    println!(
        "SQLite: {plain:.0} plain rows/s; orders: {one:.0}/s by one client (ratio {:.2}), {many:.0}/s by 32 (ratio {:.2})",
        one / plain,
        many / plain
    );
    let (usage, begun) = (Usage::now(), Instant::now());
    let running = bed.run();
    bed.until_delivered(JOBS as u64).await;
    let rate = JOBS as f64 / begun.elapsed().as_secs_f64();
    println!("SQLite: {rate:.0} lives/s of {JOBS} that were queued; ratio to plain rows {:.2}", rate / plain);
    usage.print_for_each(JOBS);
    running.stop().await;
    bed.audit().await;
}

/// Rows a second, one in each transaction, with the settings of the store.
async fn plain_rows(file: &std::path::Path) -> f64 {
    const ROWS: usize = 1_000;
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut db = options.connect().await.unwrap();
    db.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, body TEXT NOT NULL)").await.unwrap();
    let begun = Instant::now();
    for _ in 0..ROWS {
        let insert = sqlx::query("INSERT INTO plain (body) VALUES ('a row of about a hundred bytes')");
        insert.execute(&mut db).await.unwrap();
    }
    let rate = ROWS as f64 / begun.elapsed().as_secs_f64();
    let _ = db.close().await;
    rate
}
