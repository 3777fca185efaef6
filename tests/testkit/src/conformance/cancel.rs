//! Taking a job away from its holder.

use neurocards_core::{AttemptState, ClaimedJob, Event, Job, NoticeKind, Seizure, Stage};

use super::{Milestone, World};
use crate::sample;

async fn seized(world: &World, job: &Job) -> ClaimedJob {
    let Seizure::Seized(claimed) = world.seize(job.id).await else { panic!("seized") };
    assert_eq!(claimed.state.job.lease_owner.as_deref(), Some("seizer"));
    assert_eq!(claimed.claimed_at, world.now().await);
    assert_eq!(claimed.order.id, job.order_id);
    *claimed
}

async fn cancels(world: &World, claimed: ClaimedJob) {
    let id = claimed.state.job.id;
    let state = world.advance(claimed.state, Event::CancelRequested).await;
    assert_eq!(state.job.stage, Stage::Cancelled);
    assert!(state.live_attempt().is_none());
    let history = world.history(id).await;
    assert!(history.notices.iter().any(|notice| notice.body.kind() == NoticeKind::Cancelled));
    assert_eq!(world.balances(&state.job.account).await, (5, 0));
}

/// Nobody has touched it.
pub async fn before_anything(world: &World) {
    let job = world.job().await;
    let claimed = seized(world, &job).await;
    assert_eq!((claimed.state.job.lease_epoch, claimed.state.attempt.is_none()), (1, true));
    cancels(world, claimed).await;
}

/// A worker holds it, and has sent nothing.
pub async fn with_an_intent(world: &World) {
    let job = world.job().await;
    let held = world.reach(job.id, Milestone::Intent).await;
    let claimed = seized(world, &job).await;
    assert_eq!(claimed.state.job.lease_epoch, held.job.lease_epoch + 1);
    assert_eq!(claimed.state.attempt, held.attempt);
    cancels(world, claimed).await;
    let attempts = world.history(job.id).await.attempts;
    assert_eq!(attempts.iter().map(|attempt| attempt.state).collect::<Vec<_>>(), [AttemptState::Rejected]);
}

/// A provider has it, or may have it.
pub async fn not_at_the_provider(world: &World) {
    let account = world.account("telegram:7", 9).await;
    for (goal, stage) in [
        (Milestone::Sent, Stage::Submit),
        (Milestone::Accepted, Stage::Wait),
        (Milestone::InDoubt, Stage::Wait),
        (Milestone::Rendered, Stage::Store),
    ] {
        let job = world.place(&account, 1).await.jobs[0].id;
        world.reach(job, goal).await;
        let before = world.snapshot(job).await;
        let seizure = world.seize(job).await;
        assert!(matches!(seizure, Seizure::AtProvider(at) if at == stage), "{goal:?}: {seizure:?}");
        assert_eq!(world.snapshot(job).await, before);
    }
}

/// It is over.
pub async fn not_a_final_job(world: &World) {
    let job = world.job().await;
    world.reach(job.id, Milestone::Done).await;
    assert!(matches!(world.seize(job.id).await, Seizure::Final(Stage::Done)));
}

/// There is none.
pub async fn not_a_missing_job(world: &World) {
    assert!(matches!(world.seize(world.ids.job()).await, Seizure::Missing));
}

/// From the seizure on, the former holder's writes are lost: the paid call never leaves.
pub async fn the_former_holder_is_a_zombie(world: &World) {
    let job = world.job().await;
    let held = world.reach(job.id, Milestone::Intent).await;
    let sent = world.decide(&held, sample::uploaded()).await.0.unwrap();
    let claimed = seized(world, &job).await;
    world.lost(&sent).await;
    let leases = [(job.id, held.job.lease_epoch)];
    assert_eq!(world.store.jobs_extend(&leases, world.policy.lease).await.unwrap(), []);
    cancels(world, claimed).await;
    world.lost(&sent).await;
    assert_eq!(world.history(job.id).await.record.job.prompt, Some(sample::prompt()));
}
