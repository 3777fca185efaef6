//! Models and accounts that are unwell: where jobs go instead, and what all processes remember.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    Attempt, AttemptState, Breaker, Catalogue, Engine, Fault, FaultClass, Job, JobEventBody, MemoryProvider,
    Model, ModelError, ModelStatus, Opening, Openness, OrderError, OrderRequest, Policy, PromptLimits,
    ProviderCall, ProviderCapabilities, Reply, ResourceChange, ResourceId, ResourceOutcome, ResourceRecord,
    ResourceSet, ResourceSettle, Stage, Store, StoreAround, StoreCall, StoreError,
};

use crate::world::*;

const ASK: &str = "memory/ask";
const NEXT: &str = "memory/next";
const OTHER: &str = "memory/other";

fn model(id: &str, vendor: &str, successor: Option<&str>, max_chars: usize) -> Model {
    Model {
        id: id.to_owned(),
        provider: MemoryProvider::NAME.to_owned(),
        title: id.to_owned(),
        vendor: vendor.to_owned(),
        status: ModelStatus::Active,
        since: None,
        successor: successor.map(str::to_owned),
        prompt: PromptLimits { min_chars: 3, max_chars },
        seconds: 8,
        price_milli_usd: Some(100),
    }
}

fn catalogue() -> Catalogue {
    let models = vec![
        model(ASK, "acme", Some(NEXT), 1_000),
        model(NEXT, "acme", None, 300),
        model(OTHER, "other", None, 1_000),
    ];
    Catalogue::new(models, Some(ASK.to_owned())).with_fallback(vec![OTHER.to_owned()])
}

/// A provider that others use too, with these models.
async fn market(catalogue: Catalogue) -> World {
    let world = World::new().await;
    let capabilities = ProviderCapabilities {
        poll: Some(Duration::from_millis(1)),
        shared: true,
        ..ProviderCapabilities::default()
    };
    let provider = MemoryProvider::new(Bytes::from_static(VIDEO)).with_capabilities(capabilities);
    World { provider: Arc::new(provider.with_catalogue(catalogue)), ..world }
}

fn alone() -> Catalogue {
    Catalogue::new(vec![model(ASK, "acme", None, 1_000)], Some(ASK.to_owned()))
}

fn paused() -> Fault {
    Fault::new(FaultClass::ModelUnavailable, "this interface is temporarily paused")
}

fn another(count: u32) -> OrderRequest {
    OrderRequest { idempotency_key: None, ..request(count) }
}

async fn attempts(world: &World, job: &Job) -> Vec<Attempt> {
    world.history(job).await.attempts
}

async fn known(world: &World, model: &str) -> ResourceRecord {
    let records = world.store.resources_list(MemoryProvider::NAME).await.unwrap();
    let id = ResourceId::model(MemoryProvider::NAME, model);
    records.into_iter().find(|record| record.id == id).unwrap_or(ResourceRecord::new(id))
}

async fn openness(world: &World, model: &str) -> Openness {
    known(world, model).await.openness(world.store.now().await.unwrap())
}

#[tokio::test]
async fn a_paused_model_gives_way_to_its_successor_and_every_process_remembers() {
    let world = market(catalogue()).await;
    world.provider.refuse(ASK, Some(paused()));
    let job = world.live(1).await.remove(0);
    assert_eq!((job.stage, job.model.as_str(), job.retries, job.stumbles), (Stage::Done, NEXT, 0, 0));
    let tried = attempts(&world, &job).await;
    assert_eq!(tried[0].reason.as_deref(), Some("default"));
    let reason = "successor of memory/ask: this interface is temporarily paused";
    assert_eq!((tried[1].model.as_str(), tried[1].reason.as_deref()), (NEXT, Some(reason)));
    let prompt = &job.prompt.as_ref().unwrap().text;
    assert!(prompt.chars().count() <= 300, "fitted to the new model: {prompt}");
    let history = world.history(&job).await;
    let moved = |body: &JobEventBody| matches!(body, JobEventBody::Rerouted { to, .. } if to == NEXT);
    assert!(history.events.iter().any(|event| moved(&event.body)));

    // Another process, which has been refused nothing, asks the successor at once.
    let engine = world.engine();
    let order = engine.order(another(3)).await.unwrap();
    for job in world.finish(&engine, &order).await {
        let tried = attempts(&world, &job).await;
        assert_eq!((tried.len(), tried[0].model.as_str(), job.stage), (1, NEXT, Stage::Done));
    }
    assert_eq!(world.submissions(), 5);
    assert_eq!(world.balance().await, (-4, 0));
}

#[tokio::test]
async fn none_is_left_and_the_job_ends_with_the_reason() {
    let world = market(catalogue()).await;
    for model in [ASK, NEXT, OTHER] {
        world.provider.refuse(model, Some(paused()));
    }
    let early = world.engine();
    early.order(request(1)).await.unwrap();
    let job = world.live(1).await.remove(0);
    assert_eq!((job.stage, job.error.clone()), (Stage::Failed, Some(paused())));
    let models: Vec<_> = attempts(&world, &job).await.into_iter().map(|attempt| attempt.model).collect();
    assert_eq!(models, [ASK, NEXT, OTHER]);
    // The next one is not taken; one that was, by a process that looked too early, costs no request.
    let engine = world.engine();
    let refused = engine.order(another(1)).await.unwrap_err();
    assert!(matches!(refused, OrderError::Model(ModelError::Closed { .. })), "{refused}");
    let order = engine.handle(early.order(another(1)).await.unwrap().id());
    let job = world.finish(&engine, &order).await.remove(0);
    assert_eq!((job.stage, job.attempts, world.submissions()), (Stage::Failed, 0, 3));
    assert_eq!(world.balance().await, (0, 0));
}

#[tokio::test]
async fn faults_in_a_row_close_a_model_and_its_jobs_go_elsewhere() {
    let mut world = market(catalogue()).await;
    world.policy.breaker = Breaker { after: 3, ..Policy::default().breaker };
    world.policy.max_attempts = 5;
    world.provider.refuse(ASK, Some(fault(FaultClass::Temporary)));
    let job = world.live(1).await.remove(0);
    let models: Vec<_> = attempts(&world, &job).await.into_iter().map(|attempt| attempt.model).collect();
    assert_eq!(models, [ASK, ASK, ASK, NEXT]);
    assert_eq!((job.stage, job.retries), (Stage::Done, 3));
    assert!(matches!(openness(&world, ASK).await, Openness::Closed { until: Some(_) }));
}

/// The first probation fails, the second one passes; nobody else goes there in between.
#[tokio::test]
async fn a_model_that_has_rested_is_tried_by_one_job() {
    let mut world = market(alone()).await;
    world.policy.breaker =
        Breaker { after: 2, rest: Duration::from_millis(20), longest: Duration::from_millis(40) };
    world.policy.max_attempts = 9;
    for _ in 0..3 {
        world.provider.script(Reply::Reject(fault(FaultClass::Temporary)));
    }
    let job = world.live(1).await.remove(0);
    let tried = attempts(&world, &job).await;
    let probations: Vec<_> = tried
        .iter()
        .map(|attempt| attempt.reason.as_ref().unwrap().starts_with("tried again after its rest"))
        .collect();
    assert_eq!(probations, [false, false, true, true]);
    assert_eq!((job.stage, openness(&world, ASK).await), (Stage::Done, Openness::Open));
    let waits = world.history(&job).await.events;
    assert!(waits.iter().any(|event| matches!(event.body, JobEventBody::Waiting { .. })));
}

/// A model that has rested after its faults.
async fn on_probation(world: &World) {
    let breaker = Breaker { after: 1, rest: Duration::ZERO, longest: Duration::ZERO };
    let outcome = ResourceOutcome::Failed { fault: fault(FaultClass::Temporary), breaker: Some(breaker) };
    let id = ResourceId::model(MemoryProvider::NAME, ASK);
    world.store.resource_settle(&ResourceSettle { id, outcome }).await.unwrap();
}

/// Else the second job would wait for a quarter of an hour.
#[tokio::test]
async fn a_violation_says_nothing_of_the_model_and_the_next_job_tries_it() {
    let world = market(alone()).await;
    on_probation(&world).await;
    world.provider.script(Reply::Reject(fault(FaultClass::UserViolation)));
    let jobs = world.live(2).await;
    let mut stages: Vec<_> = jobs.iter().map(|job| job.stage).collect();
    stages.sort_by_key(|stage| stage.as_str());
    assert_eq!(stages, [Stage::Done, Stage::Failed]);
    assert_eq!(openness(&world, ASK).await, Openness::Open);
}

#[tokio::test]
async fn while_one_job_tries_a_model_the_others_wait() {
    let world = market(alone()).await;
    on_probation(&world).await;
    // The first task takes its time.
    for _ in 0..20 {
        world.provider.script(Reply::Read(neurocards_core::TaskState::Running { progress: None }));
    }
    let jobs = world.live(4).await;
    assert!(jobs.iter().all(|job| job.stage == Stage::Done && job.attempts == 1));
    let calls = world.provider.calls();
    let second = calls
        .iter()
        .enumerate()
        .filter(|(_, call)| matches!(call, ProviderCall::Submit(_)))
        .nth(1)
        .map(|(at, _)| at)
        .unwrap();
    let reads = calls[..second].iter().filter(|call| matches!(call, ProviderCall::Read(_))).count();
    assert!(reads > 20, "the second submission came after the first render: {reads}");
}

#[tokio::test]
async fn an_account_at_fault_hands_over_to_another_one_at_once() {
    for class in [FaultClass::Billing, FaultClass::Auth] {
        let world = market(alone()).await;
        let key = |key: &str, reason: Option<&str>| Reply::Key {
            key: key.to_owned(),
            reason: reason.map(str::to_owned),
        };
        world.provider.script(key("aaaaaaaa", None));
        world.provider.script(Reply::Reject(fault(class)));
        world.provider.script(Reply::Opening(Opening::Now));
        world.provider.script(key("bbbbbbbb", Some("account B: account A has no credits")));
        let job = world.live(1).await.remove(0);
        assert_eq!((job.stage, job.retries), (Stage::Done, 0));
        let tried = attempts(&world, &job).await;
        let keys: Vec<_> = tried.iter().map(|attempt| attempt.key.as_deref()).collect();
        assert_eq!(keys, [Some("aaaaaaaa"), Some("bbbbbbbb")]);
        let reason = "another account: said the provider; account B: account A has no credits";
        assert_eq!(tried[1].reason.as_deref(), Some(reason));
        assert_eq!(openness(&world, ASK).await, Openness::Open, "it was not the model's fault");
    }
}

#[tokio::test]
async fn without_another_account_a_job_waits_in_time_or_ends() {
    let world = market(alone()).await;
    let why = Fault::new(FaultClass::Billing, "all accounts are without credits");
    world.provider.script(Reply::Reject(fault(FaultClass::Billing)));
    world
        .provider
        .script(Reply::Opening(Opening::After { wait: Duration::from_millis(5), why: why.clone() }));
    world.provider.script(Reply::Opening(Opening::Now));
    let job = world.live(1).await.remove(0);
    assert_eq!((job.stage, job.attempts, job.retries), (Stage::Done, 2, 0));
    let waited = |body: &JobEventBody| matches!(body, JobEventBody::Waiting { fault, .. } if *fault == why);
    assert!(world.history(&job).await.events.iter().any(|event| waited(&event.body)));

    for opening in [Opening::Never, Opening::After { wait: Duration::from_secs(7_200), why: why.clone() }] {
        let world = market(alone()).await;
        world.provider.script(Reply::Reject(fault(FaultClass::Billing)));
        world.provider.script(Reply::Opening(opening));
        let job = world.live(1).await.remove(0);
        assert_eq!((job.stage, job.error.unwrap().class), (Stage::Failed, FaultClass::Billing));
        assert_eq!((world.submissions(), world.balance().await), (1, (0, 0)));
    }
}

#[tokio::test]
async fn a_limit_that_we_keep_ourselves_counts_as_nothing() {
    let world = market(alone()).await;
    let why = Fault::new(FaultClass::RateLimit, "our own limit of submissions");
    for _ in 0..8 {
        world.provider.script(Reply::NotNow { wait: Duration::from_millis(2), why: why.clone() });
    }
    let job = world.live(1).await.remove(0);
    assert_eq!((job.stage, job.attempts, job.retries, job.stumbles), (Stage::Done, 1, 0, 0));
    let events = world.history(&job).await.events;
    let waits = events.iter().filter(|event| matches!(event.body, JobEventBody::Waiting { .. })).count();
    assert_eq!(waits, 1, "the history says it once");
}

#[tokio::test]
async fn a_model_that_an_operator_closed_is_left_alone() {
    let world = market(catalogue()).await;
    let close = ResourceSet {
        id: ResourceId::model(MemoryProvider::NAME, ASK),
        change: ResourceChange::Close(None),
        actor: "cli:ops".to_owned(),
        reason: None,
    };
    world.store.resource_set(&close).await.unwrap();
    let job = world.live(1).await.remove(0);
    assert_eq!((job.stage, job.model.as_str(), job.attempts), (Stage::Done, NEXT, 1));
}

/// Writes down the names of the calls.
#[derive(Debug)]
struct Recorded {
    inner: Arc<dyn Store>,
    calls: Mutex<Vec<&'static str>>,
}

impl StoreAround for Recorded {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        self.calls.lock().unwrap().push(call.method);
        call.run().await
    }
}

/// Health costs an order nothing: whatever a provider shares, the writes before the paid call are the same, and a
/// success is not told to anybody.
#[tokio::test]
async fn the_way_to_the_paid_call_has_no_more_writes_than_before() {
    for shared in [false, true] {
        let world = if shared { market(alone()).await } else { World::new().await };
        let store = Arc::new(Recorded { inner: world.store.clone(), calls: Mutex::default() });
        let engine = Engine::builder(store.clone(), world.media.clone())
            .provider(world.provider.clone())
            .policy(world.policy.clone())
            .build();
        let order = engine.order(request(1)).await.unwrap();
        store.calls.lock().unwrap().clear();
        let stop = tokio_util::sync::CancellationToken::new();
        let running = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(neurocards_core::RunOptions::default(), stop).await }
        });
        let record = order.wait().await.unwrap().unwrap();
        stop.cancel();
        running.await.unwrap().unwrap();
        assert_eq!(record.jobs[0].stage, Stage::Done);
        let calls = store.calls.lock().unwrap().clone();
        let steps = calls.iter().filter(|call| **call == "job_apply").count();
        assert_eq!(steps, 5, "prompt with intent, sent, accepted, rendered, done: {calls:?}");
        let about_health: Vec<_> =
            calls.iter().filter(|call| call.starts_with("resource") || **call == "pace").collect();
        assert_eq!(about_health.is_empty(), !shared, "{calls:?}");
        assert!(about_health.iter().all(|call| **call == "resources_list"), "{calls:?}");
    }
}

/// A submission whose fate is unknown counts against the model, and is never sent to another one.
#[tokio::test]
async fn what_is_in_doubt_goes_nowhere_else() {
    let mut world = market(catalogue()).await;
    world.policy.breaker = Breaker { after: 1, ..Policy::default().breaker };
    world.provider.script(Reply::AcceptAndTimeOut(fault(FaultClass::Temporary)));
    let job = world.live(1).await.remove(0);
    let tried = attempts(&world, &job).await;
    assert_eq!((tried.len(), tried[0].state, job.stage), (1, AttemptState::Abandoned, Stage::Failed));
    assert!(matches!(openness(&world, ASK).await, Openness::Closed { .. }));
}

/// Runs the engine until a condition holds, and stops it.
async fn run_until(world: &World, engine: &Engine, mut holds: impl AsyncFnMut() -> bool) {
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(neurocards_core::RunOptions::default(), stop).await }
    });
    let wait = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it comes about");
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(world.store.audit().await.unwrap(), []);
}

/// Else nobody could try the model for a quarter of an hour, although nothing was asked of it.
#[tokio::test]
async fn a_probation_that_sent_nothing_is_given_back_at_once() {
    let world = market(alone()).await;
    on_probation(&world).await;
    let why = Fault::new(FaultClass::RateLimit, "our own limit of submissions");
    world.provider.script(Reply::NotNow { wait: Duration::from_secs(600), why: why.clone() });
    let engine = world.engine();
    let order = engine.order(request(1)).await.unwrap();
    let job = order.record().await.unwrap().unwrap().jobs.remove(0);
    let waits = |body: &JobEventBody| matches!(body, JobEventBody::Waiting { .. });
    run_until(&world, &engine, async || {
        world.history(&job).await.events.iter().any(|event| waits(&event.body))
    })
    .await;
    assert!(matches!(openness(&world, ASK).await, Openness::Probing { .. }), "the job has it");
    // Cancelled in another process, which has never seen the model.
    let cancelled = world.engine().cancel(job.id).await.unwrap();
    assert_eq!(cancelled, neurocards_core::Cancellation::Cancelled);
    assert_eq!(openness(&world, ASK).await, Openness::Probation);

    // The same when the job ends by itself before anything was sent.
    world.provider.script(Reply::NotNow { wait: Duration::from_secs(86_400), why });
    let order = engine.order(another(1)).await.unwrap();
    let job = world.finish(&engine, &order).await.remove(0);
    assert_eq!((job.stage, world.submissions()), (Stage::Failed, 0));
    assert_eq!(openness(&world, ASK).await, Openness::Probation);
}

async fn close(world: &World, model: &str, time: Option<Duration>) {
    let close = ResourceSet {
        id: ResourceId::model(MemoryProvider::NAME, model),
        change: ResourceChange::Close(time),
        actor: "cli:ops".to_owned(),
        reason: None,
    };
    world.store.resource_set(&close).await.unwrap();
}

#[tokio::test]
async fn an_order_that_leads_nowhere_holds_nothing() {
    let world = market(catalogue()).await;
    let engine = world.engine();
    let before = engine.order(request(1)).await.unwrap().id();
    close(&world, ASK, None).await;
    close(&world, NEXT, None).await;
    // Another one takes over.
    assert!(engine.order(another(1)).await.is_ok());
    close(&world, OTHER, None).await;
    let held = world.balance().await;
    let fresh = world.engine();
    let refused = fresh.order(another(1)).await.unwrap_err().to_string();
    let expect = "the model memory/ask does not serve now (memory/ask was closed by an operator), and no other one may take over";
    assert_eq!(refused, expect);
    assert_eq!(world.balance().await, held, "nothing was held");
    // What was ordered before comes back.
    assert_eq!(engine.order(request(1)).await.unwrap().id(), before);
    // What opens in time is waited for.
    close(&world, OTHER, Some(Duration::from_secs(60))).await;
    assert!(fresh.order(another(1)).await.is_ok(), "whatever was known of it before");
}

#[tokio::test]
async fn a_model_that_left_the_catalogue_keeps_no_credit() {
    let mut world = market(catalogue()).await;
    world.policy.job_deadline = Duration::from_millis(100);
    let order =
        world.engine().order(OrderRequest { model: Some(ASK.to_owned()), ..request(1) }).await.unwrap();
    assert_eq!(world.balance().await, (-1, 1));
    let left = Catalogue::new(vec![model(OTHER, "other", None, 1_000)], Some(OTHER.to_owned()));
    let provider = MemoryProvider::new(Bytes::from_static(VIDEO)).with_catalogue(left);
    let world = World { provider: Arc::new(provider), ..world };
    let engine = world.engine();
    let job = world.finish(&engine, &engine.handle(order.id())).await.remove(0);
    assert_eq!((job.stage, world.balance().await), (Stage::Failed, (0, 0)));
    assert_eq!(world.submissions(), 0);
}
