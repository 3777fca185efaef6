//! Rows of the table of faults that are about the engine alone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountOpen, AttemptState, Credits, Engine, Entropy, FaultClass, JobEventBody, ManualClock, Media,
    MemoryProvider, MemoryStore, NoticeBody, ProviderCall, Reply, RunOptions, Stage, Store, StoreAround,
    StoreCall, StoreError, TaskState,
};
use tokio_util::sync::CancellationToken;

use crate::world::{VIDEO, World, account, fault, request};

/// The first answers to claims come so late that their leases are over.
#[derive(Debug)]
struct SlowClaims {
    inner: MemoryStore,
    clock: Arc<ManualClock>,
    provider: Arc<MemoryProvider>,
    lease: Duration,
    claims: AtomicU32,
    /// What the provider had been asked when the first claim in time came.
    asked_before: Mutex<Option<Vec<ProviderCall>>>,
}

const SLOW: u32 = 2;

impl StoreAround for SlowClaims {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        let (claims, changed) = (call.method == "jobs_claim", call.changed);
        let answer = call.run().await?;
        if claims && changed(&answer) {
            match self.claims.fetch_add(1, Ordering::SeqCst) {
                0..SLOW => self.clock.advance(self.lease),
                SLOW => *self.asked_before.lock().unwrap() = Some(self.provider.calls()),
                _ => {}
            }
        }
        Ok(answer)
    }
}

#[tokio::test]
async fn b3_a_worker_whose_lease_ran_out_calls_nothing() {
    let policy = World::new().await.policy;
    let clock = Arc::new(ManualClock::new());
    let provider = Arc::new(MemoryProvider::new(Bytes::from_static(VIDEO)));
    let store = Arc::new(SlowClaims {
        inner: MemoryStore::new(clock.clone()),
        clock: clock.clone(),
        provider: provider.clone(),
        lease: policy.lease,
        claims: AtomicU32::new(0),
        asked_before: Mutex::default(),
    });
    let open = AccountOpen { account: account(), credit_limit: Credits(5), bonus: None };
    store.account_open(&open).await.unwrap();
    let engine = Engine::builder(store.clone(), Media::in_memory())
        .provider(provider.clone())
        .policy(policy)
        .time_and_chance(clock.clone(), Entropy::from_os())
        .build();
    let order = engine.order(request(1)).await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    let time = async {
        loop {
            clock.advance(Duration::from_millis(1));
            tokio::task::yield_now().await;
        }
    };
    let record = tokio::select! {
        record = order.wait() => record.unwrap().unwrap(),
        () = time => unreachable!("time does not end"),
    };
    stop.cancel();
    running.await.unwrap().unwrap();
    let asked_before = store.asked_before.lock().unwrap().clone();
    assert_eq!(asked_before, Some(vec![]), "nobody is asked under a lease that is over");
    assert_eq!(record.jobs[0].stage, Stage::Done);
    assert!(record.jobs[0].lease_epoch > i64::from(SLOW));
    assert_eq!((provider.tasks(), store.audit().await.unwrap()), (1, vec![]));
}

/// Nobody can call back, and nobody can look: the doubt ends soon, the credit is back, and it is said that the provider
/// may charge.
#[tokio::test]
async fn d11_without_callbacks_a_lost_reply_is_given_up_and_said() {
    let world = World::new().await;
    world.provider.script(Reply::AcceptAndTimeOut(fault(FaultClass::Temporary)));
    let jobs = world.live(1).await;
    let history = world.history(&jobs[0]).await;
    assert_eq!((jobs[0].stage, world.balance().await), (Stage::Failed, (0, 0)));
    assert_eq!(history.attempts[0].state, AttemptState::Abandoned);
    let last = &history.events.last().unwrap().body;
    assert!(
        matches!(last, JobEventBody::Failed { provider_may_charge: true, released: Credits(1), .. }),
        "{last:?}"
    );
    let told = world.notifier.delivered();
    let failed = told.iter().filter(|notice| matches!(notice.body, NoticeBody::Failed { .. })).count();
    assert_eq!((failed, world.submissions()), (1, 1));
}

/// Callbacks only make it faster.
#[tokio::test]
async fn e3_a_video_is_found_without_any_callback() {
    let world = World::new().await;
    for _ in 0..3 {
        world.provider.script(Reply::Read(TaskState::Running { progress: None }));
    }
    let jobs = world.live(1).await;
    let reads = world.provider.calls().iter().filter(|call| matches!(call, ProviderCall::Read(_))).count();
    assert_eq!((jobs[0].stage, reads, world.provider.tasks()), (Stage::Done, 4, 1));
    assert_eq!(world.balance().await, (-1, 0));
}

/// A download that sends something and then nothing more is given up, and begun again.
#[tokio::test]
async fn f3_a_download_that_hangs_is_cut() {
    let mut world = World::new().await;
    world.policy.store_grace = Duration::from_millis(100);
    world.provider.script(Reply::FetchHangs);
    let jobs = world.live(1).await;
    let history = world.history(&jobs[0]).await;
    assert_eq!((jobs[0].stage, world.provider.tasks()), (Stage::Done, 1));
    let stumbles = history.events.iter().filter(|event| matches!(event.body, JobEventBody::Stumbled { .. }));
    assert_eq!(stumbles.count(), 1);
    assert_eq!(world.balance().await, (-1, 0));
}
