//! Whole lives, driven by the real `step`.

use std::time::Duration;

use neurocards_core::{
    AttemptState, Effect, Event, FaultClass, Job, JobEventBody, JobState, NoticeKind, NoticeState, Pause,
    PauseScope, Prompt, Route, Stage,
};

use super::{Milestone, World};
use crate::sample::{self, fault};

/// The job failed, its credit is back, its buyer is told.
async fn failed(world: &World, job: &Job, class: FaultClass, last_attempt: Option<AttemptState>) {
    let history = world.history(job.id).await;
    assert_eq!(history.record.job.stage, Stage::Failed);
    assert_eq!(history.record.job.error.as_ref().map(|fault| fault.class), Some(class));
    assert_eq!(history.record.job.finished_at, Some(world.now().await));
    assert_eq!(history.attempts.last().map(|attempt| attempt.state), last_attempt);
    assert!(matches!(history.events.last().unwrap().body, JobEventBody::Failed { .. }));
    assert!(history.notices.iter().any(|notice| notice.body.kind() == NoticeKind::Failed));
    assert_eq!(history.record.artifact, None);
    assert_eq!(world.balances(&job.account).await, (5, 0));
}

/// Prompt, submission, render, video: captured.
pub async fn to_done(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::Done).await;
    assert_eq!((state.job.stage, state.job.wake_at), (Stage::Done, None));
    let attempt = state.attempt.unwrap();
    assert_eq!((attempt.state, attempt.cost_milli), (AttemptState::Succeeded, Some(70)));
    assert_eq!(attempt.video.as_deref(), Some("memory://video"));
    let record = world.store.job_get(job.id).await.unwrap().unwrap();
    assert_eq!(record.artifact, Some(sample::artifact()));
    assert_eq!(record.job.prompt, Some(sample::prompt()));
    assert_eq!(world.balances(&job.account).await, (4, 0));
}

/// The brief breaks the rules.
pub async fn failing_at_the_prompt(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::Prompt).await;
    world.advance(state, Event::PromptRefused(fault(FaultClass::UserViolation))).await;
    failed(world, &job, FaultClass::UserViolation, None).await;
}

/// The photo cannot be handed over: a few times, then never.
pub async fn failing_at_the_upload(world: &World) {
    let job = world.job().await;
    let mut state = world.reach(job.id, Milestone::Intent).await;
    for stumbles in 1..world.policy.max_stumbles {
        state = world.advance(state, Event::UploadFailed(fault(FaultClass::Temporary))).await;
        assert_eq!((state.job.stage, state.job.stumbles), (Stage::Submit, stumbles));
        state = world.reclaim("w", job.id).await;
    }
    world.advance(state, Event::UploadFailed(fault(FaultClass::Temporary))).await;
    failed(world, &job, FaultClass::Temporary, Some(AttemptState::Rejected)).await;
}

/// The provider refuses for good.
pub async fn failing_at_the_submission(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::Sent).await;
    world.advance(state, Event::Rejected(fault(FaultClass::UserViolation))).await;
    failed(world, &job, FaultClass::UserViolation, Some(AttemptState::Rejected)).await;
}

/// Nobody ever learns whether the submission arrived.
pub async fn d2_failing_in_doubt(world: &World) {
    let job = world.job().await;
    world.reach(job.id, Milestone::InDoubt).await;
    world.clock.advance(world.policy.unknown_grace);
    let state = world.reclaim("w", job.id).await;
    world.advance(state, Event::Claimed).await;
    failed(world, &job, FaultClass::Unknown, Some(AttemptState::Abandoned)).await;
}

/// The provider says that the render failed.
pub async fn e7_failing_at_the_render(world: &World) {
    let job = world.job().await;
    let mut state = world.reach(job.id, Milestone::Accepted).await;
    state = world.advance(state, Event::ReadFailed(fault(FaultClass::Temporary))).await;
    assert_eq!(state.job.stage, Stage::Wait);
    state = world.reclaim("w", job.id).await;
    world.advance(state, Event::RenderFailed(fault(FaultClass::UserViolation))).await;
    failed(world, &job, FaultClass::UserViolation, Some(AttemptState::Failed)).await;
}

/// The video cannot be fetched: a few times, then never. The provider may charge all the same.
pub async fn f2_failing_at_the_store(world: &World) {
    let job = world.job().await;
    let mut state = world.reach(job.id, Milestone::Rendered).await;
    for _ in 1..world.policy.max_stumbles {
        world.advance(state, Event::FetchFailed(fault(FaultClass::Temporary))).await;
        state = world.reclaim("w", job.id).await;
    }
    world.advance(state, Event::FetchFailed(fault(FaultClass::Temporary))).await;
    failed(world, &job, FaultClass::Temporary, Some(AttemptState::Succeeded)).await;
}

/// There was no video in time.
pub async fn e5_failing_at_the_deadline(world: &World) {
    let job = world.job().await;
    world.reach(job.id, Milestone::Accepted).await;
    world.pass(3_600);
    let state = world.reclaim("w", job.id).await;
    world.advance(state, Event::Running).await;
    failed(world, &job, FaultClass::Temporary, Some(AttemptState::Abandoned)).await;
}

/// A job that stops its workers ends.
pub async fn b5_failing_after_crashes(world: &World) {
    let job = world.job().await;
    let mut state = world.claim_job("w", job.id).await.state;
    while state.job.crashes <= world.policy.crash_limit {
        state = world.reclaim("w", job.id).await;
    }
    world.advance(state, Event::Claimed).await;
    failed(world, &job, FaultClass::Unknown, None).await;
}

async fn second_attempt(world: &World, state: JobState) {
    let id = state.job.id;
    assert_eq!((state.job.stage, state.job.attempts), (Stage::Submit, 1));
    let mut state = world.reclaim("w", id).await;
    assert_eq!(world.decide(&state, Event::Claimed).await, (None, Some(Effect::Route)));
    state = world.advance(state, Event::Routed(sample::go(sample::MODEL))).await;
    let attempt = state.attempt.clone().unwrap();
    assert_eq!((attempt.seq, attempt.state, state.job.attempts), (2, AttemptState::Intent, 2));
    state = world.advance(state, sample::uploaded()).await;
    world.advance(state, Event::Accepted { task_id: "second".to_owned() }).await;
    let states: Vec<_> = world.history(id).await.attempts.into_iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Rejected, AttemptState::Accepted]);
}

/// A passing refusal leads to a second attempt.
pub async fn d3_a_refused_submission_is_tried_again(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::Sent).await;
    let state = world.advance(state, Event::Rejected(fault(FaultClass::RateLimit))).await;
    assert_eq!(state.job.retries, 1);
    second_attempt(world, state).await;
}

/// A submission that provably never arrived may be sent again.
pub async fn d1_an_absent_submission_is_sent_again(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::InDoubt).await;
    let state = world.advance(state, Event::Absent).await;
    second_attempt(world, state).await;
}

/// A model that is not available gives way to another one in the same turn; job, attempts, claims and pauses follow.
pub async fn a_job_moves_to_another_model(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::Sent).await;
    assert_eq!(state.attempt.as_ref().unwrap().key.as_deref(), Some("5e884898"));
    let refused = Event::Rejected(fault(FaultClass::ModelUnavailable));
    assert_eq!(world.decide(&state, refused.clone()).await.1, Some(Effect::Route));
    let state = world.advance(state, refused).await;
    assert_eq!(
        (state.job.stage, state.job.retries, state.job.lease_owner.is_some()),
        (Stage::Submit, 0, true)
    );
    let shorter = Prompt { text: "A cup turns.".to_owned(), ..sample::prompt() };
    let (model, reason) = ("memory/other".to_owned(), "instead of memory/video: paused".to_owned());
    let route = Route::Go { model: model.clone(), reason: reason.clone(), text: Some(shorter.text.clone()) };
    let state = world.advance(state, Event::Routed(route)).await;
    assert_eq!((state.job.model.as_str(), state.job.prompt.as_ref()), ("memory/other", Some(&shorter)));
    let claimed = world.reclaim("other", job.id).await;
    let attempt = claimed.attempt.clone().unwrap();
    assert_eq!((claimed.job.model, attempt.model, attempt.key), (model.clone(), model.clone(), None));
    assert_eq!(attempt.reason, Some(reason));
    world.store.jobs_give_back(&[(job.id, claimed.job.lease_epoch)]).await.unwrap();
    let scope = PauseScope::Model(model);
    let pause = Pause { scope: scope.clone(), actor: "cli:ops".to_owned(), reason: None };
    world.store.queue_pause(&pause).await.unwrap();
    assert_eq!(world.claim(&world.claim_of("w")).await.jobs.len(), 0);
    world.store.queue_resume(&scope).await.unwrap();
    assert_eq!(world.claim_job("w", job.id).await.state.attempt.unwrap().seq, 2);
    let tried = world.history(job.id).await.attempts;
    assert_eq!((tried[0].model.as_str(), tried[0].state), (sample::MODEL, AttemptState::Rejected));
}

/// Nothing is open: the job waits as a row, uncounted, and goes on with another account's key.
pub async fn a_job_waits_for_an_account(world: &World) {
    let job = world.job().await;
    let state = world.reach(job.id, Milestone::Sent).await;
    let state = world.advance(state, Event::Rejected(fault(FaultClass::Billing))).await;
    let (wait, why) = (Duration::from_secs(600), fault(FaultClass::Billing));
    let state = world.advance(state, Event::Routed(Route::Wait { wait, why })).await;
    assert_eq!(state.job.wake_at, Some(world.now().await + wait));
    assert_eq!((state.job.retries, state.job.stumbles, state.job.attempts), (0, 0, 1));
    let state = world.reclaim("w", job.id).await;
    let state = world.advance(state, Event::Routed(sample::go(sample::MODEL))).await;
    let (wait, why) = (Duration::from_secs(3), fault(FaultClass::RateLimit));
    world.advance(state, Event::NotNow { wait, why }).await;
    let state = world.reclaim("w", job.id).await;
    assert_eq!(state.attempt.as_ref().unwrap().state, AttemptState::Intent);
    let state = world.advance(state, sample::uploaded()).await;
    world.advance(state, Event::Accepted { task_id: "task".to_owned() }).await;
}

/// A full disk says so once, and waits; people are told once that it takes longer.
pub async fn f4_a_full_disk_waits(world: &World) {
    let job = world.job().await;
    let mut state = world.reach(job.id, Milestone::Rendered).await;
    world.pass(700);
    state = JobState { job: world.reclaim("w", job.id).await.job, ..state };
    for _ in 0..3 {
        state = world.advance(state, Event::StorageFailed(fault(FaultClass::Temporary))).await;
        assert_eq!((state.job.stage, state.job.stumbles, state.job.slow_told), (Stage::Store, 0, true));
        state = world.reclaim("w", job.id).await;
    }
    let history = world.history(job.id).await;
    let said = |event: &&neurocards_core::JobEvent| matches!(event.body, JobEventBody::Stumbled { .. });
    assert_eq!(history.events.iter().filter(said).count(), 1);
    world.advance(state, Event::Stored(sample::artifact())).await;
    let slow = world.history(job.id).await.notices;
    let slow: Vec<_> = slow.iter().filter(|notice| notice.body.kind() == NoticeKind::Slow).collect();
    assert_eq!((slow.len(), slow[0].state), (1, NoticeState::Superseded));
}
