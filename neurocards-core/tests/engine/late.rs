//! Callbacks, and videos that come after the end.

use std::time::Duration;

use neurocards_core::{
    AgainError, AttemptState, ClaimScope, Fault, FaultClass, Job, JobHistory, NoticeKind, Policy, Reply,
    RunOptions, Stage, TaskState, Told,
};
use tokio_util::sync::CancellationToken;

use crate::world::{World, request};

/// Runs until the history of the one job of the order is as wanted.
async fn run_until(
    world: &World,
    order: neurocards_core::OrderId,
    wanted: impl Fn(&JobHistory) -> bool,
) -> JobHistory {
    let jobs = world.engine().handle(order).record().await.unwrap().unwrap().jobs;
    run_all_until(world, &jobs, |histories| wanted(&histories[0])).await.remove(0)
}

/// Runs until the histories of these jobs are as wanted.
async fn run_all_until(
    world: &World,
    jobs: &[Job],
    wanted: impl Fn(&[JobHistory]) -> bool,
) -> Vec<JobHistory> {
    let (engine, stop) = (world.engine(), CancellationToken::new());
    let options = RunOptions { scope: ClaimScope::All, ..RunOptions::default() };
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(options, stop).await }
    });
    let histories = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let mut histories = Vec::new();
            for job in jobs {
                histories.push(world.history(job).await);
            }
            if wanted(&histories) {
                return histories;
            }
            tokio::task::yield_now().await;
        }
    });
    let histories = histories.await.expect("it comes");
    stop.cancel();
    running.await.unwrap().unwrap();
    histories
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
    let again = world.engine().order_again(history.record.job.id, None, None).await;
    assert!(matches!(again, Err(AgainError::Gifted { .. })), "{again:?}");
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

/// A callback with a good token that names somebody else's task costs nobody their video: what it names is read before
/// it is adopted, and it keeps the right one out of neither job.
#[tokio::test]
async fn e2_a_callback_that_names_the_wrong_task_ends_no_job() {
    let mut world = World::new().await;
    world.policy.unknown_grace = Duration::from_secs(600);
    for _ in 0..2 {
        world.provider.script(Reply::AcceptAndTimeOut(Fault::new(FaultClass::Temporary, "no answer")));
    }
    let engine = world.engine();
    let order = engine.order(request(2)).await.unwrap();
    let jobs = engine.handle(order.id()).record().await.unwrap().unwrap().jobs;
    let in_doubt = |record: &[JobHistory]| {
        let unknown =
            |job: &JobHistory| job.attempts.first().map(|one| one.state) == Some(AttemptState::Unknown);
        record.iter().all(unknown)
    };
    let histories = run_all_until(&world, &jobs, in_doubt).await;
    let [first, second] = [0, 1].map(|at| histories[at].attempts[0].id);
    let task_of = |attempt| format!("task-{attempt}");
    // The first one's address is called with the second one's task, and with a task that nobody knows.
    for wrong in [task_of(second), "task-of-nobody".to_owned()] {
        assert_eq!(engine.told(first, &wrong).await.unwrap(), Told::Woken);
        let looked = |histories: &[JobHistory]| {
            let fault = histories[0].record.job.error.as_ref();
            let message = if wrong == "task-of-nobody" { "no such task" } else { "another attempt" };
            fault.is_some_and(|fault| fault.message.contains(message))
        };
        let histories = run_all_until(&world, &jobs, looked).await;
        assert_eq!(histories[0].attempts[0].task_id, None, "{wrong} has no place");
    }
    assert_eq!(engine.told(second, &task_of(second)).await.unwrap(), Told::Woken);
    // The right one cannot be read at once: it is asked for again.
    world.provider.script(Reply::ReadError(Fault::new(FaultClass::Temporary, "the provider is away")));
    assert_eq!(engine.told(first, &task_of(first)).await.unwrap(), Told::Woken);
    let done = |record: &[JobHistory]| record.iter().all(|job| job.record.job.stage == Stage::Done);
    run_all_until(&world, &jobs, done).await;
    assert_eq!(world.balance().await, (-2, 0));
    assert_eq!((world.submissions(), world.provider.tasks()), (2, 2));
}
