//! Alarms: what an engine says of its own jobs, and what it finds when it looks around.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountOpen, AlarmKind, AlarmRecord, Credits, Engine, Entropy, FaultClass, ManualClock, Media,
    MemoryProvider, MemoryStore, Reply, RunOptions, Store,
};
use tokio_util::sync::CancellationToken;

use crate::world::{VIDEO, World, account, fault, request};

/// The open alarms, once there are so many.
async fn open(store: &dyn Store, count: usize) -> Vec<AlarmRecord> {
    let found = async {
        loop {
            let open = store.alarms_open().await.unwrap();
            if open.len() == count {
                return open;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("the alarms come")
}

#[tokio::test]
async fn jobs_that_end_by_what_is_no_persons_fault_are_alarms() {
    let world = World::telling().await;
    world.provider.script(Reply::Reject(fault(FaultClass::Unknown).with_code("599")));
    world.provider.script(Reply::Reject(fault(FaultClass::Unknown).with_code("599")));
    world.provider.script(Reply::Reject(fault(FaultClass::UserViolation)));
    let engine = world.engine();
    let mut heard = engine.alarms();
    let order = engine.order(request(3)).await.unwrap();
    world.finish(&engine, &order).await;
    let open = open(world.store.as_ref(), 1).await;
    let alarm = heard.try_recv().unwrap();
    assert_eq!((alarm.kind, alarm.subject.as_str()), (AlarmKind::UnknownFault, "599"));
    assert_eq!((&open[0].alarm, open[0].times), (&alarm, 2));
    assert_eq!(heard.try_recv().unwrap(), alarm);
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn somebody_notices_that_no_worker_lives_and_that_one_does_again() {
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let account = AccountOpen { account: account(), credit_limit: Credits(5), bonus: None };
    store.account_open(&account).await.unwrap();
    let engine = || {
        Engine::builder(store.clone(), Media::in_memory())
            .provider(Arc::new(MemoryProvider::new(Bytes::from_static(VIDEO))))
            .time_and_chance(clock.clone(), Entropy::from_os())
            .build()
    };
    engine().order(request(1)).await.unwrap();
    let stop = CancellationToken::new();
    // A process that runs no jobs: a bot.
    let watching = tokio::spawn({
        let (engine, stop) = (engine(), stop.clone());
        async move { engine.watch(stop).await }
    });
    let ticking = tokio::spawn({
        let clock = clock.clone();
        async move {
            loop {
                clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        }
    });
    let alarms = open(store.as_ref(), 1).await;
    assert_eq!((alarms[0].alarm.kind, alarms[0].alarm.subject.as_str()), (AlarmKind::WorkersGone, "workers"));
    let working = tokio::spawn({
        let (engine, stop) = (engine(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    assert_eq!(open(store.as_ref(), 0).await, []);
    stop.cancel();
    watching.await.unwrap();
    working.await.unwrap().unwrap();
    ticking.abort();
}
