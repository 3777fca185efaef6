//! The engine on the in-memory implementations: whole lives, and what goes wrong in them.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

mod again;
mod alarms;
mod check;
mod faults;
mod late;
mod outbox;
mod routing;
mod shelf;
mod upkeep;
mod world;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use neurocards_core::{
    AttemptState, BriefTexts, Cancellation, ClaimScope, Credits, Delivery, Engine, EventCursor, FaultClass,
    JobEventBody, Media, NoticeKind, NoticeState, OrderError, OrderEvent, OrderRequest, Pause, PauseScope,
    Prompt, PromptBuilder, PromptError, PromptRequest, PromptUsage, Reply, RunOptions, Stage, Store,
    TaskState, WorkerRecord,
};
use object_store::ObjectStoreExt;
use tokio_util::sync::CancellationToken;

use world::*;

#[tokio::test]
async fn d9_a_photo_that_is_gone_ends_the_job_at_once() {
    let world = World::new().await;
    let order = world.engine().order(request(1)).await.unwrap();
    let engine = Engine::builder(world.store.clone(), Media::in_memory()).provider(world.provider.clone());
    let engine = engine.notifier(world.notifier.clone()).policy(world.policy.clone()).build();
    let jobs = world.finish(&engine, &engine.handle(order.id())).await;
    let fault = jobs[0].error.as_ref().unwrap();
    assert_eq!((fault.class, fault.code.as_deref()), (FaultClass::InvalidInput, Some("storage")));
    assert_eq!((world.balance().await, world.submissions(), jobs[0].stumbles), ((0, 0), 0, 0));
}

#[tokio::test]
async fn one_order_is_charged_rendered_and_told_once() {
    let world = World::new().await;
    let jobs = world.live(3).await;
    assert!(jobs.iter().all(|job| job.stage == Stage::Done));
    assert_eq!(world.balance().await, (-3, 0));
    assert_eq!((world.submissions(), world.provider.tasks()), (3, 3));
    let mut told: Vec<_> = world.notifier.delivered().iter().map(|notice| notice.body.kind()).collect();
    told.sort_by_key(|kind| kind.as_str());
    let superseded = 4 - told.len();
    let result = NoticeKind::Result;
    // "Started" is not sent any more when a result overtakes it.
    assert!(told == [result, result, result, NoticeKind::Started] || superseded == 1, "{told:?}");
    let prompts: Vec<_> = jobs.iter().map(|job| job.prompt.clone().unwrap().text).collect();
    assert!(prompts[0] != prompts[1] && prompts[1] != prompts[2] && prompts[0] != prompts[2]);
    let artifact = world.history(&jobs[0]).await.record.artifact.unwrap();
    assert_eq!((artifact.width, artifact.height, artifact.sound), (90, 160, true));
    assert_eq!(world.media.video(&artifact.sha256).await.unwrap(), VIDEO);
}

#[tokio::test]
async fn the_same_key_gives_the_same_order() {
    let world = World::new().await;
    let engine = world.engine();
    let first = engine.order(request(2)).await.unwrap();
    let second = world.engine().order(request(2)).await.unwrap();
    assert_eq!(first.id(), second.id());
    assert_eq!(world.balance().await, (-2, 2));
    let other = engine.order(request(1)).await.unwrap_err();
    assert!(matches!(other, OrderError::KeyReused { order } if order == first.id()));
    let stranger = OrderRequest { account: "cli:other".parse().unwrap(), ..request(1) };
    assert!(matches!(engine.order(stranger).await, Err(OrderError::Store(_))));
    assert_eq!(world.balance().await, (-2, 2));
}

#[tokio::test]
async fn orders_that_cannot_be_are_refused_before_anything_is_held() {
    let world = World::new().await;
    let engine = world.engine();
    let text = |description: String| BriefTexts { description, ..BriefTexts::default() };
    let requests = [
        OrderRequest { count: 0, ..request(1) },
        OrderRequest { count: 21, ..request(1) },
        OrderRequest { texts: text(String::new()), ..request(1) },
        OrderRequest { texts: text("x".repeat(100_000)), ..request(1) },
        OrderRequest { model: Some("sora-2".to_owned()), ..request(1) },
        OrderRequest { max_credits: Some(Credits(1)), ..request(2) },
        OrderRequest { idempotency_key: Some(String::new()), ..request(1) },
        OrderRequest { idempotency_key: Some(" ".to_owned()), ..request(1) },
    ];
    for request in requests {
        let error = engine.order(request).await.unwrap_err();
        assert_eq!(error.retry(), neurocards_core::Retry::Never, "{error}");
    }
    for _ in 0..2 {
        engine.order(OrderRequest { idempotency_key: None, ..request(20) }).await.unwrap();
    }
    let last = engine.order(OrderRequest { idempotency_key: None, ..request(20) }).await.unwrap_err();
    assert!(matches!(last, OrderError::NotEnough { needed: Credits(20), available: Credits(10) }));
    assert_eq!(world.balance().await, (-40, 40));
}

#[tokio::test]
async fn d2_a_lost_answer_never_makes_a_second_task() {
    let world = World::new().await;
    world.provider.script(Reply::AcceptAndTimeOut(fault(FaultClass::Temporary)));
    let jobs = world.live(1).await;
    assert_eq!(jobs[0].stage, Stage::Failed);
    assert_eq!((world.submissions(), world.provider.tasks()), (1, 1));
    assert_eq!(world.balance().await, (0, 0));
    let history = world.history(&jobs[0]).await;
    assert_eq!(history.attempts[0].state, AttemptState::Abandoned);
    assert!(matches!(
        history.events.last().unwrap().body,
        JobEventBody::Failed { provider_may_charge: true, .. }
    ));
}

#[tokio::test]
async fn d2_a_provider_that_can_tell_is_asked_instead() {
    for reply in [
        Reply::AcceptAndTimeOut(fault(FaultClass::Temporary)),
        Reply::VanishAndTimeOut(fault(FaultClass::Temporary)),
    ] {
        let world = World::telling().await;
        world.provider.script(reply);
        let jobs = world.live(1).await;
        assert_eq!(jobs[0].stage, Stage::Done);
        assert_eq!(world.provider.tasks(), 1);
        assert_eq!(world.balance().await, (-1, 0));
    }
}

#[tokio::test]
async fn d3_passing_faults_are_retried_and_others_end_the_job() {
    for class in FaultClass::ALL {
        let passing = matches!(class, FaultClass::Temporary | FaultClass::RateLimit);
        for reply in [Reply::Reject(fault(class)), Reply::Read(TaskState::Failed(fault(class)))] {
            let world = World::new().await;
            world.provider.script(reply.clone());
            let jobs = world.live(1).await;
            let expect = if passing { Stage::Done } else { Stage::Failed };
            assert_eq!(jobs[0].stage, expect, "{class} {reply:?}");
            assert_eq!(world.balance().await, (if passing { -1 } else { 0 }, 0), "{class}");
            assert_eq!(world.submissions(), if passing { 2 } else { 1 }, "{class}");
        }
    }
}

#[tokio::test]
async fn retries_are_bounded() {
    let world = World::new().await;
    for _ in 0..10 {
        world.provider.script(Reply::Reject(fault(FaultClass::Temporary)));
    }
    let jobs = world.live(1).await;
    assert_eq!((jobs[0].stage, world.submissions()), (Stage::Failed, 3));
}

#[tokio::test]
async fn e4_failed_uploads_reads_and_fetches_are_done_again() {
    let world = World::new().await;
    let html = Bytes::from_static(b"<html>502</html>");
    for reply in [
        Reply::Upload(fault(FaultClass::Temporary)),
        Reply::ReadError(fault(FaultClass::Unknown)),
        Reply::Read(TaskState::Running { progress: None }),
        Reply::Fetch(fault(FaultClass::Temporary)),
        Reply::FetchBytes(html),
    ] {
        world.provider.script(reply);
    }
    let jobs = world.live(1).await;
    assert_eq!(jobs[0].stage, Stage::Done);
    assert_eq!((world.submissions(), world.provider.tasks()), (1, 1));
}

#[derive(Debug)]
struct FailingPrompts(FaultClass);

#[async_trait::async_trait]
impl PromptBuilder for FailingPrompts {
    async fn build(&self, _: &PromptRequest<'_>) -> Result<Prompt, PromptError> {
        Err(PromptError { fault: fault(self.0), usage: Some(USAGE) })
    }
}

const USAGE: PromptUsage = PromptUsage {
    requests: 3,
    input_tokens: 2_000,
    cached_tokens: 0,
    output_tokens: 4_000,
    cost_micro_usd: Some(2_200),
};

#[tokio::test]
async fn c2_a_prompt_builder_that_fails_never_ends_a_job_unless_the_brief_breaks_rules() {
    for class in FaultClass::ALL {
        let world = World { prompts: Some(Arc::new(FailingPrompts(class))), ..World::new().await };
        let jobs = world.live(1).await;
        if class == FaultClass::UserViolation {
            assert_eq!((jobs[0].stage, world.submissions()), (Stage::Failed, 0));
        } else {
            assert_eq!(jobs[0].stage, Stage::Done);
            let prompt = jobs[0].prompt.as_ref().unwrap();
            assert_eq!(
                (prompt.source.as_str(), prompt.usage),
                ("offline", Some(USAGE)),
                "its tries cost too"
            );
        }
    }
}

#[tokio::test]
async fn a_job_can_be_taken_back_until_it_is_sent() {
    let world = World::new().await;
    let engine = world.engine();
    let order = engine.order(request(2)).await.unwrap();
    let jobs = order.record().await.unwrap().unwrap().jobs;
    assert_eq!(engine.cancel(jobs[0].id).await.unwrap(), Cancellation::Cancelled);
    assert_eq!(engine.cancel(jobs[0].id).await.unwrap(), Cancellation::Final(Stage::Cancelled));
    assert_eq!(world.balance().await, (-1, 1));
    let jobs = world.finish(&engine, &order).await;
    assert_eq!((jobs[0].stage, jobs[1].stage), (Stage::Cancelled, Stage::Done));
    assert_eq!(engine.cancel(jobs[1].id).await.unwrap(), Cancellation::Final(Stage::Done));
    assert_eq!(world.balance().await, (-1, 0));
    assert_eq!(world.submissions(), 1);
}

#[tokio::test]
async fn a_photo_that_was_damaged_is_not_rendered_and_costs_nothing() {
    let world = World::new().await;
    let engine = world.engine();
    let order = engine.order(request(1)).await.unwrap();
    let key = Media::photo_key(&PHOTO.photo_ref().sha256);
    world.media.objects().put(&key.into(), "rubbish".into()).await.unwrap();
    let jobs = world.finish(&engine, &order).await;
    let error = jobs[0].error.as_ref().unwrap();
    assert_eq!((jobs[0].stage, error.class), (Stage::Failed, FaultClass::InvalidInput), "{error}");
    assert!(error.message.contains("is damaged") && error.code.as_deref() == Some("storage"), "{error}");
    assert_eq!((world.submissions(), world.balance().await), (0, (0, 0)));
}

#[tokio::test]
async fn the_videos_of_done_jobs_are_audited() {
    let world = World::new().await;
    let jobs = world.live(2).await;
    let engine = world.engine();
    for hashes in [false, true] {
        let audit = engine.audit_media(hashes).await.unwrap();
        assert_eq!((audit.videos, audit.violations), (2, vec![]));
    }
    let artifact = world.history(&jobs[0]).await.record.artifact.unwrap();
    let key = Media::video_key(&artifact.sha256);
    let found = async |hashes| {
        let audit = engine.audit_media(hashes).await.unwrap();
        let mut keys: Vec<_> = audit.violations.into_iter().map(|broken| broken.key).collect();
        keys.sort();
        keys
    };
    let mut both: Vec<_> = jobs.iter().map(|job| job.id.to_string()).collect();
    both.sort();
    let put =
        async |bytes: Vec<u8>| world.media.objects().put(&key.clone().into(), bytes.into()).await.unwrap();
    put(vec![0; artifact.bytes as usize]).await;
    assert_eq!((found(false).await, found(true).await), (vec![], both.clone()));
    put(vec![0; 10]).await;
    assert_eq!(found(false).await, both);
    world.media.objects().delete(&key.clone().into()).await.unwrap();
    assert_eq!(found(false).await, both);
}

#[tokio::test]
async fn g3_a_delivery_in_doubt_is_never_repeated_and_a_busy_channel_is() {
    let world = World::new().await;
    world.notifier.script(Delivery::Unknown(fault(FaultClass::Temporary)));
    world.notifier.script(Delivery::Later(Duration::from_millis(5)));
    let engine = world.engine();
    let order = engine.order(request(1)).await.unwrap();
    let jobs = world.finish(&engine, &order).await;
    let notices = world.history(&jobs[0]).await.notices;
    let sends: Vec<_> = notices.iter().map(|notice| (notice.sends, notice.state)).collect();
    assert_eq!(sends.iter().filter(|(_, state)| *state == NoticeState::Unknown).count(), 1, "{sends:?}");
    assert!(sends.iter().all(|(count, state)| *state != NoticeState::Unknown || *count == 1), "{sends:?}");
}

#[tokio::test]
async fn an_order_can_be_watched_from_anywhere_and_each_line_comes_once() {
    let world = World::new().await;
    let engine = world.engine();
    let order = engine.order(request(2)).await.unwrap();
    let watcher = tokio::spawn(world.engine().handle(order.id()).events().collect::<Vec<_>>());
    world.finish(&engine, &order).await;
    let seen = tokio::time::timeout(Duration::from_secs(10), watcher).await.unwrap().unwrap();
    let mut lines = [Vec::new(), Vec::new()];
    for event in seen {
        if let OrderEvent::Job { index, event, .. } = event.unwrap() {
            let line = serde_json::to_value(&event.body).unwrap()["event"].as_str().unwrap().to_owned();
            lines[index as usize].push(line);
        }
    }
    for line in lines {
        assert_eq!(line, ["placed", "prompted", "sent", "accepted", "rendered", "done"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_share_a_queue_without_sharing_a_job() {
    let world = World::new().await;
    let orders = futures::future::join_all((0..2).map(|n| {
        let engine = world.engine();
        let request = OrderRequest { idempotency_key: Some(format!("order {n}")), ..request(20) };
        async move { engine.order(request).await.unwrap() }
    }))
    .await;
    let stop = CancellationToken::new();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (engine, stop) = (world.engine(), stop.clone());
            tokio::spawn(async move { engine.run(RunOptions::default(), stop).await })
        })
        .collect();
    for order in &orders {
        tokio::time::timeout(Duration::from_secs(20), order.wait()).await.expect("it ends").unwrap();
    }
    stop.cancel();
    for worker in workers {
        worker.await.unwrap().unwrap();
    }
    assert_eq!((world.submissions(), world.provider.tasks()), (40, 40));
    assert_eq!(world.balance().await, (-40, 0));
}

/// A worker is cut off after every possible number of turns of its runtime: the next one finishes the job, and
/// nothing is paid for or told twice.
#[tokio::test]
async fn b2_a_worker_can_die_anywhere() {
    for polls in 1..60 {
        let mut world = World::telling().await;
        world.policy.lease = Duration::from_millis(30);
        world.policy.heartbeat = Duration::from_millis(5);
        let engine = world.engine();
        let order = engine.order(request(1)).await.unwrap();
        let dying =
            tokio::spawn(async move { engine.run(RunOptions::default(), CancellationToken::new()).await });
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        dying.abort();
        let _ = dying.await;
        let jobs = world.finish(&world.engine(), &order).await;
        assert_eq!(jobs[0].stage, Stage::Done, "after {polls}");
        assert_eq!(world.provider.tasks(), 1, "after {polls}");
        assert_eq!(world.balance().await, (-1, 0), "after {polls}");
        let results = world.notifier.delivered();
        let results = results.iter().filter(|notice| notice.body.kind() == NoticeKind::Result).count();
        assert!(results <= 1, "after {polls}");
    }
}

#[tokio::test]
async fn b9_a_worker_that_is_told_to_stop_gives_its_leases_back() {
    let mut world = World::new().await;
    world.policy.lease = Duration::from_secs(3_600);
    let engine = world.engine();
    let order = engine.order(request(1)).await.unwrap();
    let stop = CancellationToken::new();
    let options = RunOptions { scope: ClaimScope::Order(order.id()), ..RunOptions::default() };
    stop.cancel();
    engine.run(options, stop).await.unwrap();
    // With leases of an hour, this ends only if nothing is held any more.
    let jobs = world.finish(&world.engine(), &order).await;
    assert_eq!((jobs[0].stage, jobs[0].crashes), (Stage::Done, 0));
}

#[tokio::test]
async fn a_stored_cursor_goes_on_in_another_process() {
    let world = World::telling().await;
    let order = world.engine().order(request(2)).await.unwrap().id();
    let handle = world.engine().handle(order);
    let first = Box::pin(handle.events()).next().await.unwrap().unwrap();
    let OrderEvent::Job { cursor, event, .. } = first else { panic!("{first:?}") };
    assert!(matches!(event.body, JobEventBody::Placed { .. }));
    let stored = serde_json::to_string(&cursor).unwrap();
    let lines_of_jobs: Vec<u64> = serde_json::from_str(&stored).unwrap();
    assert_eq!(lines_of_jobs.iter().filter(|lines| **lines > 0).count(), 1, "{stored}");
    let engine = world.engine();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    let cursor: EventCursor = serde_json::from_str(&stored).unwrap();
    let rest: Vec<_> = world.engine().handle(order).events_after(cursor).collect().await;
    let lines = rest.iter().filter(|event| matches!(event, Ok(OrderEvent::Job { .. }))).count();
    // Six lines of each job, but the one that was read before.
    assert_eq!(lines, 11, "{rest:?}");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_worker_shows_itself_and_says_goodbye() {
    let world = World::new().await;
    let engine = Engine::builder(world.store.clone(), world.media.clone())
        .provider(world.provider.clone())
        .policy(world.policy.clone())
        .worker("w1")
        .host("render-1")
        .build();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    let workers = async || world.store.queue_status().await.unwrap().workers;
    let until = async |done: &dyn Fn(&[WorkerRecord]) -> bool| {
        loop {
            let seen = workers().await;
            if done(&seen) {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    let first = until(&|seen| !seen.is_empty()).await;
    let beat = &first[0].beat;
    assert_eq!((beat.name.as_str(), beat.host.as_str(), beat.in_flight), ("w1", "render-1", 0));
    assert_eq!(beat.version, env!("CARGO_PKG_VERSION"));
    let second = until(&|seen| seen[0].seen_at > first[0].seen_at).await;
    assert_eq!(second[0].beat.started_at, beat.started_at);
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(workers().await, []);
}

#[tokio::test]
async fn a_paused_queue_waits_and_goes_on() {
    let world = World::telling().await;
    let pause = Pause { scope: PauseScope::Everything, actor: "cli:ops".to_owned(), reason: None };
    world.store.queue_pause(&pause).await.unwrap();
    let engine = world.engine();
    let order = engine.order(request(1)).await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    let waited = tokio::time::timeout(Duration::from_millis(300), order.wait()).await;
    assert!(waited.is_err() && world.provider.tasks() == 0);
    assert!(world.store.queue_resume(&pause.scope).await.unwrap());
    let record = order.wait().await.unwrap().unwrap();
    assert_eq!(record.jobs[0].stage, Stage::Done);
    stop.cancel();
    running.await.unwrap().unwrap();
}
