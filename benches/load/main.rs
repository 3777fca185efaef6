//! The engine under load: orders to delivered notices on a real PostgreSQL and on SQLite, which flush every commit, with
//! fakes that answer at once.
//!
//! `cargo bench -p neurocards --bench load` runs all parts, `… --bench load -- lifecycles latency` some. Everything is on
//! one machine, so rates stand beside pgbench, or plain rows, in the same run. `docs/performance.md` has the goals.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark ends where its store errs")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its arguments")]

mod bed;
mod claims;
mod counters;
mod fakes;
mod latency;
mod lifecycles;
mod orders;
mod pgbench;
mod sqlite;
mod steady;
mod usage;
mod waiting;

use neurocards_testkit::postgres::{Durability, Server};

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        if is_wanted("sqlite") {
            sqlite::sqlite().await;
        }
        let server = Server::start(Durability::Full).await;
        if is_wanted("latency") {
            latency::latency(&server).await;
        }
        if is_wanted("orders") {
            orders::orders(&server).await;
        }
        if is_wanted("lifecycles") {
            lifecycles::lifecycles(&server).await;
        }
        if is_wanted("steady") {
            steady::steady(&server).await;
        }
        if is_wanted("claims") {
            claims::claims(&server).await;
        }
        if is_wanted("waiting") {
            waiting::waiting(&server).await;
        }
    });
}
