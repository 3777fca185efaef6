//! Whose writes count.

use std::time::Duration;

use neurocards_core::{
    AttemptState, AttemptWrite, Event, JobEventBody, JobState, Stage, StoreError, Transition, Wake,
};

use super::{Milestone, World, bare};
use crate::sample;

/// A step of every part: job, attempt, artifact, ledger, notice, event.
async fn last_step(world: &World, state: &JobState) -> Transition {
    world.decide(state, Event::Stored(sample::artifact())).await.0.unwrap()
}

/// With an epoch that is no longer the job's, nothing is written anywhere.
pub async fn b3_a_zombie_writes_nothing(world: &World) {
    let id = world.job().await.id;
    let old = world.reach(id, Milestone::Rendered).await;
    let write = last_step(world, &old).await;
    let new = world.reclaim("other", id).await;
    assert_eq!(new.job.lease_epoch, old.job.lease_epoch + 1);
    world.lost(&write).await;
    world.lost(&Transition { epoch: write.epoch + 2, ..write.clone() }).await;
    // An attempt's change is fenced like the rest.
    let update = AttemptWrite::Update {
        id: old.attempt.as_ref().unwrap().id,
        from: AttemptState::Succeeded,
        to: AttemptState::Failed,
        key: None,
        reason: None,
        task_id: None,
        video: None,
        fault: None,
        cost_milli: None,
    };
    world.lost(&Transition { attempt: Some(update), ..bare(&old, Stage::Store, Wake::Keep) }).await;
    let write = last_step(world, &new).await;
    world.apply(new, &write).await;
}

/// The stage must be the one that the step was decided in.
pub async fn a_step_needs_its_stage(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Rendered).await;
    let write = last_step(world, &state).await;
    for from in [Stage::Prompt, Stage::Submit, Stage::Wait, Stage::Done] {
        world.lost(&Transition { from, ..write.clone() }).await;
    }
    world.apply(state, &write).await;
}

/// Without a lease there is no writer.
pub async fn a_step_needs_a_lease(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Rendered).await;
    let write = last_step(world, &state).await;
    world.store.jobs_give_back(&[(id, state.job.lease_epoch)]).await.unwrap();
    world.lost(&write).await;
    let unclaimed = world.place(&state.job.account, 1).await.jobs.remove(0);
    let state = JobState { job: unclaimed, attempt: None };
    world.lost(&bare(&state, Stage::Prompt, Wake::After(Duration::ZERO))).await;
}

/// The attempt must be the latest one, in the state that the step was decided on.
pub async fn an_attempt_must_be_as_expected(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Intent).await;
    let write = world.decide(&state, sample::uploaded()).await.0.unwrap();
    let Some(AttemptWrite::Update { id: attempt, .. }) = write.attempt else { panic!("{write:?}") };
    let with = |id, from| {
        let to = AttemptState::Sent;
        let (key, reason, task_id, video, fault, cost_milli) = (None, None, None, None, None, None);
        let update = AttemptWrite::Update { id, from, to, key, reason, task_id, video, fault, cost_milli };
        Transition { attempt: Some(update), ..write.clone() }
    };
    for from in AttemptState::ALL.into_iter().filter(|from| *from != AttemptState::Intent) {
        world.lost(&with(attempt, from)).await;
    }
    world.lost(&with(world.ids.attempt(), AttemptState::Intent)).await;
    let state = world.apply(state, &write).await;
    assert_eq!(state.attempt.unwrap().sent_at, Some(world.now().await));
    // The same step again: its attempt has moved on.
    world.lost(&write).await;
}

/// While one is live, or may be charged for, there is no second attempt.
pub async fn d7_one_live_attempt(world: &World) {
    let account = world.account("telegram:7", 9).await;
    for goal in
        [Milestone::Intent, Milestone::Sent, Milestone::Accepted, Milestone::InDoubt, Milestone::Rendered]
    {
        let job = world.place(&account, 1).await.jobs[0].id;
        let state = world.reach(job, goal).await;
        let second = AttemptWrite::Insert {
            id: world.ids.attempt(),
            seq: 2,
            model: sample::MODEL.to_owned(),
            reason: "again".to_owned(),
        };
        let write = bare(&state, state.job.stage, Wake::Keep);
        world.lost(&Transition { attempt: Some(second), ..write }).await;
    }
}

/// A task of the provider is found in one attempt, or in none.
pub async fn a_task_belongs_to_one_attempt(world: &World) {
    let account = world.account("telegram:7", 9).await;
    let jobs = world.place(&account, 2).await.jobs;
    world.reach(jobs[0].id, Milestone::Accepted).await;
    let state = world.reach(jobs[1].id, Milestone::Sent).await;
    let taken = Event::Accepted { task_id: format!("task-{}", jobs[0].id) };
    let write = world.decide(&state, taken).await.0.unwrap();
    let before = world.snapshot(state.job.id).await;
    let error = world.store.job_apply(&write).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { table: "attempts", .. }), "{error:?}");
    assert_eq!(world.snapshot(state.job.id).await, before);
    world.advance(state, Event::Accepted { task_id: "task-of-its-own".to_owned() }).await;
}

/// A step of a job that is not there is lost.
pub async fn an_unknown_job_is_lost(world: &World) {
    let id = world.job().await.id;
    let state = world.claim_job("w", id).await.state;
    let write = Transition { job_id: world.ids.job(), ..bare(&state, Stage::Prompt, Wake::Keep) };
    assert!(!world.store.job_apply(&write).await.unwrap());
}

/// Whatever comes after the end, nothing changes.
pub async fn a_final_job_absorbs(world: &World) {
    let id = world.job().await.id;
    let held = world.reach(id, Milestone::Rendered).await;
    let write = last_step(world, &held).await;
    let state = world.apply(held.clone(), &write).await;
    world.lost(&write).await;
    world.lost(&bare(&held, Stage::Store, Wake::Keep)).await;
    let event = Some(JobEventBody::Rendered);
    world.lost(&Transition { event, ..bare(&state, Stage::Done, Wake::Never) }).await;
    let leases = [(id, state.job.lease_epoch)];
    assert_eq!(world.store.jobs_extend(&leases, world.policy.lease).await.unwrap(), []);
    let before = world.snapshot(id).await;
    world.store.jobs_give_back(&leases).await.unwrap();
    world.pass(100_000);
    let claimed = world.claim(&world.claim_of("w")).await;
    assert!(claimed.jobs.is_empty() && claimed.next_due.is_none());
    assert_eq!(world.snapshot(id).await, before);
}
