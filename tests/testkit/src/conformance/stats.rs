//! What a stretch of time brought.

use neurocards_core::{
    Cost, Credits, Ended, EntryKind, Event, FaultClass, Moved, Quantiles, Span, Stage, Stats, TemplateId,
    Timestamp,
};

use super::{Milestone, World};
use crate::sample;

async fn stats(world: &World, since: Timestamp, until: Timestamp) -> Stats {
    world.store.stats(&Span { since, until }).await.unwrap()
}

/// Counts, times and money of what happened in the span, and nothing of what happened before or after it.
pub async fn a_span_tells_what_happened_in_it(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let early = world.place(&account, 1).await.jobs[0].id;
    world.reach(early, Milestone::Done).await;
    world.pass(60);

    let since = world.now().await;
    let jobs = world.place(&account, 4).await.jobs;
    world.pass(2);
    world.reach(jobs[0].id, Milestone::Done).await;
    let state = world.reach(jobs[1].id, Milestone::Sent).await;
    world.advance(state, Event::Rejected(sample::fault(FaultClass::UserViolation))).await;
    world.reach(jobs[2].id, Milestone::Accepted).await;
    world.pass(5);
    let until = world.now().await;
    world.reach(jobs[3].id, Milestone::Done).await;

    let told = stats(world, since, until).await;
    let ended = |stage, class| Ended {
        model: sample::MODEL.to_owned(),
        template: TemplateId::Ugc,
        stage,
        class,
        jobs: 1,
    };
    let moved = |kind, credits| Moved { kind, entries: credits, credits: Credits(credits as i64) };
    let whole = told.whole;
    assert_eq!((whole.count, whole.p50_ms), (1, whole.p99_ms));
    assert!(whole.p50_ms >= 2_000, "{whole:?}");
    let expect = Stats {
        span: Span { since, until },
        ordered: 4,
        ended: vec![ended(Stage::Done, None), ended(Stage::Failed, Some(FaultClass::UserViolation))],
        start: Quantiles { count: 3, ..told.start },
        whole,
        ledger: vec![moved(EntryKind::Capture, 1), moved(EntryKind::Hold, 4), moved(EntryKind::Release, 1)],
        // What was accepted may be charged.
        costs: vec![Cost { provider: sample::PROVIDER.to_owned(), attempts: 1, milli: 70, unknown: 1 }],
        payments: Vec::new(),
    };
    assert_eq!(told, expect);
    assert!(told.start.p50_ms >= 2_000, "{:?}", told.start);

    let nothing = stats(world, until, until).await;
    assert_eq!((nothing.ordered, nothing.ended, nothing.ledger), (0, vec![], vec![]));
    world.pass(3_600);
    let all = stats(world, Timestamp::UNIX_EPOCH, world.now().await).await;
    assert_eq!((all.ordered, all.jobs(Stage::Done)), (5, 3));
    assert_eq!((all.moved(EntryKind::Capture), all.costs[0].milli), (Credits(3), 210));
}
