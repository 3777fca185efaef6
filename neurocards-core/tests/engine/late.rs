//! Callbacks, and videos that come after the end.

use std::time::Duration;

use neurocards_core::{
    AttemptState, ClaimScope, Fault, FaultClass, JobHistory, NoticeKind, Policy, Reply, RunOptions, Stage,
    Store, TaskState, Told,
};
use tokio_util::sync::CancellationToken;

use crate::world::{World, request};

/// Runs until the history of the one job of the order is as wanted.
async fn run_until(
    world: &World,
    order: neurocards_core::OrderId,
    wanted: impl Fn(&JobHistory) -> bool,
) -> JobHistory {
    let (engine, stop) = (world.engine(), CancellationToken::new());
    let options = RunOptions { scope: ClaimScope::All, ..RunOptions::default() };
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(options, stop).await }
    });
    let job = engine.handle(order).record().await.unwrap().unwrap().jobs.remove(0);
    let history = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let history = world.history(&job).await;
            if wanted(&history) {
                return history;
            }
            tokio::task::yield_now().await;
        }
    });
    let history = history.await.expect("it comes");
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(world.store.audit().await.unwrap(), []);
    history
}

#[tokio::test]
async fn e5_a_video_that_comes_after_the_deadline_is_given_away() {
    let mut world = World::new().await;
    world.policy = Policy {
        job_deadline: Duration::from_millis(150),
        late_poll: Duration::from_millis(5),
        ..world.policy
    };
    for _ in 0..200 {
        world.provider.script(Reply::Read(TaskState::Running { progress: None }));
    }
    let order = world.engine().order(request(1)).await.unwrap();
    let gifted =
        |history: &JobHistory| history.attempts.first().is_some_and(|a| a.state == AttemptState::Gifted);
    let history = run_until(&world, order.id(), gifted).await;
    assert_eq!((history.record.job.stage, world.balance().await), (Stage::Failed, (0, 0)));
    assert!(history.record.artifact.is_some());
    let kinds: Vec<_> = history.notices.iter().map(|notice| notice.body.kind()).collect();
    assert_eq!(kinds, [NoticeKind::Started, NoticeKind::Failed, NoticeKind::Gift]);
    assert_eq!((world.submissions(), world.provider.tasks()), (1, 1));
}

#[tokio::test]
async fn d2_a_callback_saves_a_job_whose_reply_was_lost() {
    let mut world = World::new().await;
    world.policy.unknown_grace = Duration::from_secs(600);
    world.provider.script(Reply::AcceptAndTimeOut(Fault::new(FaultClass::Temporary, "no answer")));
    let engine = world.engine();
    let order = engine.order(request(1)).await.unwrap();
    let in_doubt =
        |history: &JobHistory| history.attempts.first().is_some_and(|a| a.state == AttemptState::Unknown);
    let history = run_until(&world, order.id(), in_doubt).await;
    let attempt = history.attempts[0].id;
    assert_eq!(engine.told(attempt, &format!("task-{attempt}")).await.unwrap(), Told::Woken);
    let done = |history: &JobHistory| history.record.job.stage == Stage::Done;
    run_until(&world, order.id(), done).await;
    assert_eq!(world.balance().await, (-1, 0));
    assert_eq!((world.submissions(), world.provider.tasks()), (1, 1));
}
