//! A hold ends once.

use neurocards_core::{
    Event, FaultClass, JobEventBody, JobState, NoticeBody, Settlement, Stage, StoreError, Transition, Wake,
};

use super::{Milestone, World, bare};
use crate::sample;

/// A step to an end of one's own making.
fn end(world: &World, state: &JobState, to: Stage, settlement: Settlement) -> Transition {
    let released = state.job.price;
    let (class, body) = (FaultClass::Unknown, JobEventBody::Cancelled { released });
    Transition {
        settlement: Some((world.ids.entry(), settlement)),
        artifact: (settlement == Settlement::Capture).then(sample::artifact),
        notice: Some((world.ids.notice(), NoticeBody::Failed { class, objection: None, released })),
        event: Some(body),
        ..bare(state, to, Wake::Never)
    }
}

/// Delivery excludes the refund.
pub async fn a_capture_is_never_followed_by_a_release(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Rendered).await;
    let done = world.advance(state.clone(), Event::Stored(sample::artifact())).await;
    for before in [&state, &done] {
        for to in [Stage::Failed, Stage::Cancelled, Stage::Done] {
            world.lost(&end(world, before, to, Settlement::Release)).await;
        }
    }
    assert_eq!(world.balances(&done.job.account).await, (4, 0));
}

/// The refund excludes delivery.
pub async fn h1_a_release_is_never_followed_by_a_capture(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Rendered).await;
    let write = end(world, &state, Stage::Failed, Settlement::Release);
    let failed = world.apply(state.clone(), &write).await;
    let late = world.decide(&state, Event::Stored(sample::artifact())).await.0.unwrap();
    world.lost(&late).await;
    world.lost(&end(world, &failed, Stage::Done, Settlement::Capture)).await;
    assert_eq!(world.balances(&failed.job.account).await, (5, 0));
    assert_eq!(world.history(id).await.record.artifact, None);
}

/// Even a faulty lifecycle cannot end a hold twice: the second end is refused, and nothing of its step is written.
pub async fn h1_an_early_end_of_the_hold_is_the_only_one(world: &World) {
    world.plants();
    for (early, late) in [
        (Settlement::Release, Settlement::Capture),
        (Settlement::Capture, Settlement::Release),
        (Settlement::Capture, Settlement::Capture),
    ] {
        let account = world.account("telegram:8", 5).await;
        let id = world.place(&account, 1).await.jobs[0].id;
        let state = world.reach(id, Milestone::Rendered).await;
        let early = Transition {
            settlement: Some((world.ids.entry(), early)),
            ..bare(&state, Stage::Store, Wake::Keep)
        };
        let state = world.apply(state, &early).await;
        let before = world.snapshot(id).await;
        let error = world.store.job_apply(&end(world, &state, Stage::Done, late)).await.unwrap_err();
        assert!(matches!(error, StoreError::LedgerRule { .. }), "{error:?}");
        assert_eq!(world.snapshot(id).await, before);
    }
}

/// Jobs of one order end each for itself.
pub async fn a6_every_job_holds_its_own(world: &World) {
    let account = world.account("telegram:7", 9).await;
    let jobs = world.place(&account, 3).await.jobs;
    world.reach(jobs[0].id, Milestone::Done).await;
    let state = world.reach(jobs[1].id, Milestone::Sent).await;
    world.advance(state, Event::Rejected(sample::fault(FaultClass::UserViolation))).await;
    assert_eq!(world.balances(&account).await, (7, 1));
    world.reach(jobs[2].id, Milestone::Done).await;
    assert_eq!(world.balances(&account).await, (7, 0));
}
