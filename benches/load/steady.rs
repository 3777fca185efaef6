//! Processor time at a steady fifty jobs a second.

use std::time::Duration;

use neurocards_testkit::postgres::Server;

use crate::bed::Bed;
use crate::counters::{Counters, forget_statements, print_statements};
use crate::usage::Usage;

pub(crate) async fn steady(server: &Server) {
    const JOBS: usize = 1_000;
    let bed = Bed::postgres(server, "steady").await;
    let running = bed.run();
    bed.place(100, 1).await;
    bed.until_delivered(100).await;
    forget_statements(server, &bed.database).await;
    let before = Counters::now(server, &bed.database).await;
    let usage = Usage::now();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    for n in 0..JOBS {
        tick.tick().await;
        bed.engine.order(bed.request(n)).await.unwrap();
    }
    bed.until_delivered(100 + JOBS as u64).await;
    let (ours, servers) = usage.cores();
    println!(
        "50 jobs/s: {:.3} cores ({ours:.3} here, {servers:.3} in PostgreSQL); goal 0.3, ratio {:.2}",
        ours + servers,
        (ours + servers) / 0.3
    );
    usage.print_for_each(JOBS);
    before.print_for_each(server, &bed.database, JOBS).await;
    running.stop().await;
    print_statements(server, &bed.database).await;
}
