//! Callbacks, and tasks whose jobs ended without them.

use std::time::Duration;

use neurocards_core::{
    AttemptState, Effect, Event, FaultClass, JobEventBody, JobId, LateAttempt, LateClaim, LateOutcome,
    LateSettle, NoticeKind, Stage, Told,
};

use super::{Milestone, World};
use crate::sample;

fn claim_of() -> LateClaim {
    LateClaim { providers: vec![sample::PROVIDER.to_owned()], limit: 10, lease: Duration::from_secs(60) }
}

async fn claim(world: &World) -> Vec<LateAttempt> {
    world.store.late_claim(&claim_of()).await.unwrap()
}

async fn settle(world: &World, late: &LateAttempt, outcome: LateOutcome) -> bool {
    let settle = LateSettle { attempt: late.attempt.id, epoch: late.epoch, outcome };
    world.store.late_settle(&settle).await.unwrap()
}

/// A job that the deadline ended while the provider had its task.
async fn abandoned(world: &World) -> JobId {
    let id = world.job().await.id;
    let mut state = world.reach(id, Milestone::Accepted).await;
    state.job.deadline_at = world.now().await;
    let (write, _) = world.decide(&state, Event::Running).await;
    assert!(world.store.job_apply(&write.unwrap()).await.unwrap());
    let history = world.history(id).await;
    assert_eq!(
        (history.record.job.stage, history.attempts[0].state),
        (Stage::Failed, AttemptState::Abandoned)
    );
    assert_eq!(world.balances(&history.record.job.account).await, (5, 0));
    id
}

fn gift(world: &World) -> LateOutcome {
    LateOutcome::Gift {
        artifact: sample::artifact(),
        video: "memory://late".to_owned(),
        cost_milli: Some(70),
        notice: world.ids.notice(),
    }
}

/// The reply was lost; the callback names the task, and the job goes on with it at once.
pub async fn d2_a_callback_finds_the_job_of_a_lost_reply(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Sent).await;
    let attempt = state.attempt.as_ref().unwrap().id;
    let fault = sample::fault(FaultClass::Unknown);
    world.advance(state, Event::InDoubt(fault)).await;
    assert_eq!(world.store.attempt_told(attempt, "task-1").await.unwrap(), Told::Woken);
    assert_eq!(world.store.attempt_told(attempt, "task-1").await.unwrap(), Told::Woken);
    let state = world.claim_job("w", id).await.state;
    let task_id = "task-1".to_owned();
    assert_eq!(
        world.decide(&state, Event::Claimed).await,
        (None, Some(Effect::Verify { task_id: task_id.clone() }))
    );
    let state = world.advance(state, Event::Found { task_id }).await;
    let attempt = state.attempt.unwrap();
    assert_eq!((attempt.state, attempt.task_id.as_deref()), (AttemptState::Accepted, Some("task-1")));
}

/// A callback while the reply is still awaited changes nothing for the worker that waits for it; what it writes then is
/// looked at once more without a wait.
pub async fn d6_a_callback_does_not_disturb_the_worker(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Sent).await;
    let attempt = state.attempt.as_ref().unwrap().id;
    assert_eq!(world.store.attempt_told(attempt, "task-1").await.unwrap(), Told::Woken);
    let (write, _) = world.decide(&state, Event::Accepted { task_id: "task-1".to_owned() }).await;
    assert!(world.store.job_apply(&write.unwrap()).await.unwrap());
    let history = world.history(id).await;
    assert_eq!(history.attempts[0].task_id.as_deref(), Some("task-1"));
    assert_eq!(history.record.job.lease_epoch, 1);
    assert_eq!(world.claim(&world.claim_of("w")).await.jobs.len(), 1, "there is something to read");
}

/// A callback about a task that is known wakes the job; one about another task, or nobody's attempt, does not.
pub async fn a_callback_wakes_a_waiting_job(world: &World) {
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Sent).await;
    let attempt = state.attempt.as_ref().unwrap().id;
    world.advance(state, Event::Accepted { task_id: "task-1".to_owned() }).await;
    assert!(world.claim(&world.claim_of("w")).await.jobs.is_empty());
    assert_eq!(world.store.attempt_told(attempt, "other").await.unwrap(), Told::Nothing);
    assert_eq!(world.store.attempt_told(world.ids.attempt(), "task-1").await.unwrap(), Told::Nothing);
    assert!(world.claim(&world.claim_of("w")).await.jobs.is_empty());
    assert_eq!(world.store.attempt_told(attempt, "task-1").await.unwrap(), Told::Woken);
    assert_eq!(world.claim(&world.claim_of("w")).await.jobs.len(), 1);
}

/// A wrong callback does not keep the right one out: the newest is asked, and none has a place before it was read.
pub async fn e2_a_newer_hint_takes_the_place_of_an_older_one(world: &World) {
    let account = world.account("telegram:9", 5).await;
    let jobs = world.place(&account, 2).await.jobs;
    let first = world.reach(jobs[0].id, Milestone::Sent).await;
    let second = world.reach(jobs[1].id, Milestone::Sent).await;
    let attempt = first.attempt.as_ref().unwrap().id;
    world.advance(first, Event::InDoubt(sample::fault(FaultClass::Unknown))).await;
    assert_eq!(world.store.attempt_told(attempt, "task-2").await.unwrap(), Told::Woken);
    // The task that was named wrongly is still free for the attempt that it belongs to.
    let second = world.advance(second, Event::Accepted { task_id: "task-2".to_owned() }).await;
    assert_eq!(second.attempt.unwrap().task_id.as_deref(), Some("task-2"));
    assert_eq!(world.store.attempt_told(attempt, "task-1").await.unwrap(), Told::Woken);
    let state = world.claim_job("w", jobs[0].id).await.state;
    let (_, then) = world.decide(&state, Event::Claimed).await;
    assert_eq!(then, Some(Effect::Verify { task_id: "task-1".to_owned() }));
    let failed = Event::ReadFailed(sample::fault(FaultClass::Temporary));
    let state = world.advance(state, failed).await;
    let attempt = state.attempt.unwrap();
    assert_eq!((attempt.state, attempt.hint.as_deref()), (AttemptState::Unknown, Some("task-1")));
    assert_eq!(world.balances(&account).await, (3, 2));
}

/// After the end too: a task that was named has no place before it brings a video.
pub async fn e2_a_late_hint_takes_no_place(world: &World) {
    let account = world.account("telegram:9", 5).await;
    let jobs = world.place(&account, 2).await.jobs;
    world.reach(jobs[0].id, Milestone::InDoubt).await;
    let second = world.reach(jobs[1].id, Milestone::Sent).await;
    world.clock.advance(world.policy.unknown_grace);
    let state = world.reclaim("w", jobs[0].id).await;
    let attempt = state.attempt.as_ref().unwrap().id;
    let (release, _) = world.decide(&state, Event::Claimed).await;
    assert!(world.store.job_apply(&release.unwrap()).await.unwrap());
    assert_eq!(world.store.attempt_told(attempt, "task-2").await.unwrap(), Told::Late);
    let second = world.reclaim("v", second.job.id).await;
    let second = world.advance(second, Event::Found { task_id: "task-2".to_owned() }).await;
    assert_eq!(second.attempt.unwrap().task_id.as_deref(), Some("task-2"));
    assert_eq!(world.store.attempt_told(attempt, "task-1").await.unwrap(), Told::Late);
    let late = claim(world).await.remove(0);
    assert_eq!((late.attempt.task_id.as_deref(), late.attempt.hint.as_deref()), (None, Some("task-1")));
    assert!(settle(world, &late, gift(world)).await);
    assert_eq!(world.history(jobs[0].id).await.attempts[0].task_id.as_deref(), Some("task-1"));
}

/// The task of one attempt cannot become another one's.
pub async fn e2_a_callback_cannot_steal_a_task(world: &World) {
    let account = world.account("telegram:9", 5).await;
    let jobs = world.place(&account, 2).await.jobs;
    let first = world.reach(jobs[0].id, Milestone::Accepted).await;
    let second = world.reach(jobs[1].id, Milestone::Sent).await;
    let task_id = first.attempt.unwrap().task_id.unwrap();
    let attempt = second.attempt.unwrap().id;
    assert_eq!(world.store.attempt_told(attempt, &task_id).await.unwrap(), Told::Nothing);
}

/// The video that came after the end costs nothing, and is told once.
pub async fn e5_a_late_video_is_given_away(world: &World) {
    let id = abandoned(world).await;
    assert_eq!(claim(world).await, []);
    world.clock.advance(world.policy.late_poll);
    let late = claim(world).await.remove(0);
    assert_eq!((late.job.id, late.job.stage), (id, Stage::Failed));
    assert_eq!(late.attempt.task_id, Some(format!("task-{id}")));
    assert_eq!(claim(world).await, [], "one worker at a time");
    assert!(settle(world, &late, gift(world)).await);
    assert!(!settle(world, &late, gift(world)).await);
    let history = world.history(id).await;
    assert_eq!(history.record.job.stage, Stage::Failed);
    assert_eq!(history.record.artifact, Some(sample::artifact()));
    assert_eq!((history.attempts[0].state, history.attempts[0].cost_milli), (AttemptState::Gifted, Some(70)));
    let kinds: Vec<_> = history.notices.iter().map(|notice| notice.body.kind()).collect();
    assert_eq!(kinds, [NoticeKind::Started, NoticeKind::Failed, NoticeKind::Gift]);
    assert!(matches!(history.events.last().unwrap().body, JobEventBody::Gifted { .. }));
    let entries: Vec<_> = history.ledger.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(entries, ["hold", "release"]);
    assert_eq!(world.balances(&history.record.job.account).await, (5, 0));
    world.clock.advance(world.policy.late_window);
    assert_eq!(claim(world).await, []);
}

/// A task that is still under way is looked at again, under a new epoch.
pub async fn a_late_task_is_looked_at_again(world: &World) {
    abandoned(world).await;
    world.clock.advance(world.policy.late_poll);
    let first = claim(world).await.remove(0);
    world.pass(60);
    let second = claim(world).await.remove(0);
    assert!(!settle(world, &first, gift(world)).await, "its lease ran out");
    assert!(settle(world, &second, LateOutcome::Again(Duration::from_secs(90))).await);
    world.pass(89);
    assert_eq!(claim(world).await, []);
    world.pass(1);
    let third = claim(world).await.remove(0);
    assert!(third.epoch > second.epoch);
    let fault = sample::fault(FaultClass::Temporary);
    let over = LateOutcome::Over { state: AttemptState::Failed, fault: Some(fault) };
    assert!(settle(world, &third, over).await);
    assert_eq!(world.history(third.job.id).await.attempts[0].state, AttemptState::Failed);
    world.clock.advance(world.policy.late_window);
    assert_eq!(claim(world).await, []);
}

/// Nobody knew the task when its job ended; a callback names it afterwards.
pub async fn a_callback_after_the_release_brings_a_gift(world: &World) {
    let id = world.job().await.id;
    world.reach(id, Milestone::InDoubt).await;
    world.clock.advance(world.policy.unknown_grace);
    let state = world.reclaim("w", id).await;
    let state = world.advance(state, Event::Claimed).await;
    assert_eq!(state.job.stage, Stage::Failed);
    world.clock.advance(world.policy.late_poll);
    assert_eq!(claim(world).await, [], "there is nothing to ask for");
    let attempt = state.attempt.unwrap().id;
    assert_eq!(world.store.attempt_told(attempt, "task-late").await.unwrap(), Told::Late);
    let late = claim(world).await.remove(0);
    assert_eq!(late.attempt.known_task().unwrap().task_id, "task-late");
    assert!(settle(world, &late, gift(world)).await);
    assert_eq!(world.balances(&late.job.account).await, (5, 0));
    assert_eq!(world.store.attempt_told(attempt, "task-late").await.unwrap(), Told::Nothing);
}

/// Only tasks of the providers that were asked for.
pub async fn late_tasks_are_claimed_by_provider(world: &World) {
    abandoned(world).await;
    world.clock.advance(world.policy.late_poll);
    let strangers = LateClaim { providers: vec!["other".to_owned()], ..claim_of() };
    assert_eq!(world.store.late_claim(&strangers).await.unwrap(), []);
    assert_eq!(claim(world).await.len(), 1);
}

/// The doubt ends at the very moment at which the callback names the task: whichever is written first, the video is
/// looked for.
pub async fn e5_a_callback_at_the_moment_of_the_release_is_heard(world: &World) {
    let account = world.account("telegram:9", 5).await;
    for before in [true, false] {
        let id = world.place(&account, 1).await.jobs[0].id;
        world.reach(id, Milestone::InDoubt).await;
        world.clock.advance(world.policy.unknown_grace);
        let state = world.reclaim("w", id).await;
        let attempt = state.attempt.as_ref().unwrap().id;
        let task_id = format!("task-{id}");
        let (release, _) = world.decide(&state, Event::Claimed).await;
        if before {
            assert_eq!(world.store.attempt_told(attempt, &task_id).await.unwrap(), Told::Woken);
        }
        assert!(world.store.job_apply(&release.unwrap()).await.unwrap());
        if !before {
            assert_eq!(world.store.attempt_told(attempt, &task_id).await.unwrap(), Told::Late);
        }
        assert_eq!(world.history(id).await.record.job.stage, Stage::Failed);
        world.clock.advance(world.policy.late_poll);
        let late = claim(world).await.remove(0);
        assert_eq!(late.attempt.known_task().unwrap().task_id, task_id);
        assert!(settle(world, &late, gift(world)).await);
        let attempts = world.history(id).await.attempts;
        assert_eq!((attempts[0].state, attempts[0].task_id.as_ref()), (AttemptState::Gifted, Some(&task_id)));
    }
    assert_eq!(world.balances(&account).await, (5, 0));
}
