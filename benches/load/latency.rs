//! From the call of `order` to the arrival of the paid call, with nothing else to do.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use neurocards_testkit::postgres::Server;
use sqlx::{Connection, Executor, PgConnection};

use crate::bed::Bed;
use crate::counters::{Counters, forget_statements, open, print_statements};
use crate::pgbench::PLAIN;

/// Durable writes that a paid call needs: the order, the claim, the prompt with its intent, `sent`.
const COMMITS: f64 = 4.0;

pub(crate) async fn latency(server: &Server) {
    const ORDERS: usize = 500;
    let bed = Bed::postgres(server, "latency").await;
    let mut db = open(server, &bed.database).await;
    db.execute(PLAIN).await.unwrap();
    let running = bed.run();
    for n in 0..100 {
        order(&bed, n, &mut db).await;
    }
    forget_statements(server, &bed.database).await;
    let before = Counters::now(server, &bed.database).await;
    let (mut waits, mut commits) = (Vec::new(), Vec::new());
    for n in 0..ORDERS {
        let (wait, commit) = order(&bed, n, &mut db).await;
        waits.push(wait);
        commits.push(commit);
    }
    let (wait, commit) = (Shares::of(waits), Shares::of(commits));
    println!(
        "order to paid call: p50 {:.1} ms, p99 {:.1} ms; a plain row and its commit beside it: p50 {:.1} ms, p99 {:.1} \
         ms; ratio of p50 to {COMMITS} of these {:.2}",
        wait.p50,
        wait.p99,
        commit.p50,
        commit.p99,
        wait.p50 / (COMMITS * commit.p50)
    );
    before.print_for_each(server, &bed.database, ORDERS).await;
    running.stop().await;
    print_statements(server, &bed.database).await;
    let _ = db.close().await;
}

/// Places an order and waits for its paid call; then, when everything is quiet again, writes a plain row.
async fn order(bed: &Bed, n: usize, db: &mut PgConnection) -> (Duration, Duration) {
    let seen = bed.provider.submissions.load(Ordering::Relaxed);
    let delivered = bed.channel.delivered.load(Ordering::Relaxed);
    let begun = Instant::now();
    bed.engine.order(bed.request(n)).await.unwrap();
    while bed.provider.submissions.load(Ordering::Relaxed) == seen {
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let wait = bed.provider.last.lock().unwrap().unwrap() - begun;
    bed.until_delivered(delivered + 1).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    let begun = Instant::now();
    sqlx::query("INSERT INTO public.plain (body) VALUES ('a row')").execute(db).await.unwrap();
    (wait, begun.elapsed())
}

/// Milliseconds.
struct Shares {
    p50: f64,
    p99: f64,
}

impl Shares {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e3;
        Self { p50: at(0.5), p99: at(0.99) }
    }
}
