//! Whole paid lives, from the order to the delivered notice.

use std::time::Instant;

use neurocards_testkit::postgres::Server;

use crate::bed::Bed;
use crate::counters::{Counters, forget_statements, print_statements};
use crate::pgbench;
use crate::usage::{Usage, rss_megabytes};

pub(crate) async fn lifecycles(server: &Server) {
    const JOBS: usize = 10_000;
    let bed = Bed::postgres(server, "lifecycles").await;
    bed.place(JOBS, 32).await;
    forget_statements(server, &bed.database).await;
    let before = Counters::now(server, &bed.database).await;
    let (usage, begun) = (Usage::now(), Instant::now());
    let running = bed.run();
    bed.until_delivered(JOBS as u64).await;
    let rate = JOBS as f64 / begun.elapsed().as_secs_f64();
    let (ours, servers) = usage.cores();
    println!(
        "lifecycles: {rate:.0}/s of {JOBS} that were queued; {ours:.2} cores here, {servers:.2} in PostgreSQL, {:.0} MB here",
        rss_megabytes()
    );
    usage.print_for_each(JOBS);
    before.print_for_each(server, &bed.database, JOBS).await;
    running.stop().await;
    print_statements(server, &bed.database).await;
    // The whole way, orders included, as pgbench goes it too.
    let (usage, begun) = (Usage::now(), Instant::now());
    let running = bed.run();
    bed.place(JOBS, 32).await;
    bed.until_delivered(2 * JOBS as u64).await;
    let whole = JOBS as f64 / begun.elapsed().as_secs_f64();
    usage.print_for_each(JOBS);
    running.stop().await;
    bed.audit().await;
    let pgbench = pgbench::lifecycles(server, &bed.database);
    println!(
        "lifecycles, placed and carried through at the same time: {whole:.0}/s; pgbench, the same statements: \
         {pgbench:.0}/s; ratio {:.2}",
        whole / pgbench
    );
}
