//! A hundred thousand jobs that wait for their renders.

use std::sync::atomic::Ordering;
use std::time::Duration;

use neurocards_testkit::postgres::Server;

use crate::bed::Bed;
use crate::counters::{connections, print_statements};
use crate::usage::{Usage, rss_megabytes};

pub(crate) async fn waiting(server: &Server) {
    const JOBS: usize = 100_000;
    let bed = Bed::postgres(server, "waiting").await;
    bed.provider.endless.store(true, Ordering::Relaxed);
    let before = rss_megabytes();
    let running = bed.run();
    bed.place(JOBS, 32).await;
    while bed.provider.submissions.load(Ordering::Relaxed) < JOBS as u64 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = rss_megabytes();
    let usage = Usage::now();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (ours, servers) = usage.cores();
    println!(
        "{JOBS} waiting jobs: {after:.0} MB here ({before:.0} before), {} connections; at rest {ours:.3} cores here, \
         {servers:.3} in PostgreSQL",
        connections(server, &bed.database).await
    );
    print_statements(server, &bed.database).await;
    running.stop().await;
}
