//! The engine under load: orders to delivered notices on a real PostgreSQL that flushes every commit, with fakes that
//! answer at once.
//!
//! `cargo bench --bench load` runs all parts, `cargo bench --bench load -- lifecycles latency` some. Everything is on
//! one machine, so rates stand beside pgbench running the same statements in the same run.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark ends where its store errs")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its arguments")]

mod fakes;
mod pgbench;
mod usage;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use neurocards::store::PostgresStore;
use neurocards::{
    AccountOpen, BriefTexts, Claim, ClaimScope, Credits, Engine, Media, OrderRequest, Photo, PhotoLimits,
    Policy, Room, RunOptions, Store, TemplateId,
};
use neurocards_testkit::postgres::{Durability, Server};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio_util::sync::CancellationToken;

use fakes::{Channel, Prompts, Provider};
use usage::{Usage, rss_megabytes};

const ACCOUNTS: usize = 100;

/// A store on a database of its own, and what an engine on it needs.
struct Bed {
    store: Arc<PostgresStore>,
    provider: Arc<Provider>,
    channel: Arc<Channel>,
    engine: Engine,
    photo: Photo,
    database: String,
}

impl Bed {
    async fn new(server: &Server, name: &str) -> Self {
        server.create(name, None).await;
        let mut db = server.options(name).connect().await.unwrap();
        db.execute("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()").await.unwrap();
        let _ = db.close().await;
        let store = Arc::new(PostgresStore::open(&server.url_of(name)).await.unwrap());
        let (provider, channel) = (Arc::new(Provider::new()), Arc::new(Channel::default()));
        let media = Media::in_memory();
        let engine = Engine::builder(store.clone(), media)
            .provider(provider.clone())
            .prompts(Arc::new(Prompts))
            .notifier(channel.clone())
            .policy(Policy { price: Credits(1), ..Policy::default() })
            .build();
        for n in 0..ACCOUNTS {
            let open = AccountOpen {
                account: format!("telegram:{n}").parse().unwrap(),
                credit_limit: Credits(100_000_000),
                bonus: None,
            };
            store.account_open(&open).await.unwrap();
        }
        let photo = include_bytes!("../../examples/photos/coffee-cup.jpg");
        let photo = Photo::intake(photo, &PhotoLimits::default()).unwrap();
        Self { store, provider, channel, engine, photo, database: name.to_owned() }
    }

    fn request(&self, n: usize) -> OrderRequest {
        OrderRequest {
            account: format!("telegram:{}", n % ACCOUNTS).parse().unwrap(),
            photo: self.photo.clone(),
            texts: BriefTexts {
                description: "Coffee cup, 350 ml, matte".to_owned(),
                ..BriefTexts::default()
            },
            template: TemplateId::Ugc,
            count: 1,
            model: None,
            idempotency_key: None,
            max_credits: None,
        }
    }

    /// Places orders one by one from each of so many clients; answers how many a second.
    async fn place(&self, orders: usize, clients: usize) -> f64 {
        let begun = Instant::now();
        let clients = (0..clients).map(|client| async move {
            for n in (client..orders).step_by(clients) {
                self.engine.order(self.request(n)).await.unwrap();
            }
        });
        futures::future::join_all(clients).await;
        orders as f64 / begun.elapsed().as_secs_f64()
    }

    fn run(&self) -> (CancellationToken, tokio::task::JoinHandle<()>) {
        let (engine, stop) = (self.engine.clone(), CancellationToken::new());
        let options =
            RunOptions { room: Room { submit: 256, read: 256, store: 256 }, ..RunOptions::default() };
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { engine.run(options, stop).await.unwrap() }
        });
        (stop, running)
    }

    async fn until_delivered(&self, jobs: u64) {
        while self.channel.delivered.load(Ordering::Relaxed) < jobs {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Orders placed by one client, and by many.
async fn orders(server: &Server) {
    let bed = Bed::new(server, "orders").await;
    bed.place(500, 1).await;
    let one = bed.place(3_000, 1).await;
    let many = bed.place(20_000, 32).await;
    println!("orders: {one:.0}/s by one client, {many:.0}/s by 32 clients");
    print_statements(server, &bed.database).await;
}

/// A backlog from the first claim to the last delivered notice, beside pgbench.
async fn lifecycles(server: &Server) {
    const JOBS: usize = 10_000;
    let bed = Bed::new(server, "lifecycles").await;
    bed.place(JOBS, 32).await;
    let mut db = server.options(&bed.database).connect().await.unwrap();
    db.execute("SELECT pg_stat_statements_reset()").await.unwrap();
    let _ = db.close().await;
    let (usage, before) = (Usage::now(), counters(server, &bed.database).await);
    let begun = Instant::now();
    let (stop, running) = bed.run();
    bed.until_delivered(JOBS as u64).await;
    let rate = JOBS as f64 / begun.elapsed().as_secs_f64();
    let (ours, servers) = usage.cores();
    stop.cancel();
    running.await.unwrap();
    let after = counters(server, &bed.database).await;
    let per_job = |n: i64| n as f64 / JOBS as f64;
    println!(
        "lifecycles: {rate:.0}/s of {JOBS} that were queued; cores: {ours:.2} ours, {servers:.2} PostgreSQL"
    );
    println!(
        "  for each job: {:.2} transactions, {:.2} statements, {:.0} bytes of WAL; {:.0} MB in our process",
        per_job(after.transactions - before.transactions),
        per_job(after.statements - before.statements),
        per_job(after.wal - before.wal),
        rss_megabytes()
    );
    print_statements(server, &bed.database).await;
    assert_eq!(bed.store.audit().await.unwrap(), []);
    println!("  the audit finds nothing");
    // The whole way, orders included, as pgbench goes it too.
    let begun = Instant::now();
    let (stop, running) = bed.run();
    bed.place(JOBS, 32).await;
    bed.until_delivered(2 * JOBS as u64).await;
    let whole = JOBS as f64 / begun.elapsed().as_secs_f64();
    stop.cancel();
    running.await.unwrap();
    let pgbench = pgbench::lifecycles(server, &bed.database);
    println!(
        "  placed and carried through at the same time: {whole:.0}/s; pgbench, the same statements: {pgbench:.0}/s; \
         ratio {:.2}",
        whole / pgbench
    );
}

struct Counters {
    transactions: i64,
    statements: i64,
    wal: i64,
}

/// Where the server's time went.
async fn print_statements(server: &Server, database: &str) {
    let mut db = server.options(database).connect().await.unwrap();
    let top = sqlx::query_as::<_, (i64, f64, i64, String)>(
        "SELECT calls, total_exec_time, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 70)
         FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 8",
    );
    for (calls, millis, rows, query) in top.fetch_all(&mut db).await.unwrap() {
        println!("    {calls:>7} calls {millis:>9.0} ms {rows:>8} rows  {query}");
    }
    let _ = db.close().await;
}

async fn counters(server: &Server, database: &str) -> Counters {
    let mut db = server.options(database).connect().await.unwrap();
    // Sessions report their counts with a delay.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let (transactions, statements, wal) = sqlx::query_as::<_, (i64, i64, i64)>(
        "SELECT xact_commit, (SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements), pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint FROM pg_stat_database
         WHERE datname = current_database()",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    let _ = db.close().await;
    Counters { transactions, statements, wal }
}

/// From the call of `order` to the arrival of the paid call, with nothing else to do.
async fn latency(server: &Server) {
    let bed = Bed::new(server, "latency").await;
    let (stop, running) = bed.run();
    let mut waits = Vec::new();
    for n in 0..600_usize {
        let begun = Instant::now();
        let seen = bed.provider.submissions.load(Ordering::Relaxed);
        bed.engine.order(bed.request(n)).await.unwrap();
        while bed.provider.submissions.load(Ordering::Relaxed) == seen {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let arrived = bed.provider.last.lock().unwrap().unwrap();
        waits.push(arrived - begun);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    running.await.unwrap();
    let waits = &mut waits[100..];
    waits.sort();
    let at = |share: f64| waits[(waits.len() as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("order to paid call: p50 {:.1} ms, p99 {:.1} ms", at(0.5), at(0.99));
}

/// Processor time at a steady fifty jobs a second.
async fn steady(server: &Server) {
    let bed = Bed::new(server, "steady").await;
    let (stop, running) = bed.run();
    let usage = Usage::now();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for n in 0..1_000 {
        tick.tick().await;
        bed.engine.order(bed.request(n)).await.unwrap();
    }
    bed.until_delivered(1_000).await;
    let (ours, servers) = usage.cores();
    stop.cancel();
    running.await.unwrap();
    println!("50 jobs/s: {:.2} cores ({ours:.2} ours, {servers:.2} PostgreSQL)", ours + servers);
}

/// A hundred thousand jobs that wait for their renders.
async fn waiting(server: &Server) {
    const JOBS: usize = 100_000;
    let bed = Bed::new(server, "waiting").await;
    bed.provider.endless.store(true, Ordering::Relaxed);
    let before = rss_megabytes();
    let (stop, running) = bed.run();
    bed.place(JOBS, 32).await;
    while bed.provider.submissions.load(Ordering::Relaxed) < JOBS as u64 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let usage = Usage::now();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (ours, servers) = usage.cores();
    println!(
        "{JOBS} waiting jobs: {:.0} MB in our process ({before:.0} before), {} connections, {ours:.3} + {servers:.3} cores",
        rss_megabytes(),
        connections(server, &bed.database).await
    );
    stop.cancel();
    running.await.unwrap();
}

async fn connections(server: &Server, database: &str) -> i64 {
    let mut db = server.options(database).connect().await.unwrap();
    let count = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let count = count.fetch_one(&mut db).await.unwrap();
    let _ = db.close().await;
    count
}

/// The time of a claim on a small table, and beside a million finished jobs.
async fn claims(server: &Server) {
    let bed = Bed::new(server, "claims").await;
    let small = claim_time(&bed).await;
    let mut db = server.options(&bed.database).connect().await.unwrap();
    db.execute("SET search_path = neurocards").await.unwrap();
    db.execute(include_str!("finished.sql")).await.unwrap();
    db.execute("VACUUM ANALYZE").await.unwrap();
    let _ = db.close().await;
    let large = claim_time(&bed).await;
    println!(
        "claim of 100: {:.2} ms, beside a million finished jobs {:.2} ms; ratio {:.2}",
        small * 1e3,
        large * 1e3,
        large / small
    );
}

/// Median seconds of claims of a hundred due jobs each.
async fn claim_time(bed: &Bed) -> f64 {
    bed.place(5_000, 32).await;
    let mut times = Vec::new();
    for _ in 0..40 {
        let claim = Claim {
            worker: "bench".to_owned(),
            providers: vec!["memory".to_owned()],
            scope: ClaimScope::All,
            room: Room::each(100),
            lease: Duration::from_secs(3_600),
        };
        let begun = Instant::now();
        assert_eq!(bed.store.jobs_claim(&claim).await.unwrap().jobs.len(), 100);
        times.push(begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Server::start(Durability::Full).await;
        let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
        if is_wanted("latency") {
            latency(&server).await;
        }
        if is_wanted("orders") {
            orders(&server).await;
        }
        if is_wanted("lifecycles") {
            lifecycles(&server).await;
        }
        if is_wanted("steady") {
            steady(&server).await;
        }
        if is_wanted("claims") {
            claims(&server).await;
        }
        if is_wanted("waiting") {
            waiting(&server).await;
        }
    });
}
