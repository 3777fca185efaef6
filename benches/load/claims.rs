//! The time of a claim: on a small table, beside a million finished jobs, and beside the queue of a paused model.

use std::time::{Duration, Instant};

use neurocards::{Claim, ClaimScope, Room};
use neurocards_testkit::postgres::Server;
use sqlx::{Connection, Executor};

use crate::bed::Bed;
use crate::counters::open;

pub(crate) async fn claims(server: &Server) {
    let (empty, full, paused) = (
        Bed::postgres(server, "claims_empty").await,
        Bed::postgres(server, "claims_full").await,
        Bed::postgres(server, "claims_paused").await,
    );
    let mut db = open(server, &full.database).await;
    db.execute("SET search_path = neurocards").await.unwrap();
    db.execute(include_str!("finished.sql")).await.unwrap();
    let _ = db.close().await;
    for bed in [&empty, &full, &paused] {
        bed.place(CLAIMS * BATCH as usize, 32).await;
        let mut db = open(server, &bed.database).await;
        if bed.database == paused.database {
            db.execute("SET search_path = neurocards").await.unwrap();
            db.execute(include_str!("paused.sql")).await.unwrap();
        }
        db.execute("VACUUM ANALYZE").await.unwrap();
        db.execute("CHECKPOINT").await.unwrap();
        let _ = db.close().await;
    }
    // One after the other in turns, so that what else the machine does falls on all of them.
    let (mut small, mut large, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..CLAIMS {
        small.push(claim(&empty).await);
        large.push(claim(&full).await);
        beside.push(claim(&paused).await);
    }
    let small = median(small);
    println!("claim of {BATCH}: {:.2} ms", small * 1e3);
    for (what, time) in [("a million finished jobs", large), ("100,000 jobs of a paused model", beside)] {
        let time = median(time);
        println!("  beside {what}: {:.2} ms; ratio {:.2}", time * 1e3, time / small);
    }
}

const BATCH: u32 = 100;
const CLAIMS: usize = 100;

/// Seconds of one claim.
async fn claim(bed: &Bed) -> f64 {
    let claim = Claim {
        worker: "bench".to_owned(),
        providers: vec!["memory".to_owned()],
        scope: ClaimScope::All,
        room: Room::each(BATCH),
        lease: Duration::from_secs(3_600),
    };
    let begun = Instant::now();
    assert_eq!(bed.store.jobs_claim(&claim).await.unwrap().jobs.len(), BATCH as usize);
    begun.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
