//! Notices of several people on their way at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    AccountKey, AccountOpen, Credits, Delivery, Engine, Notice, NoticeState, Notifier, OrderRequest,
    RunOptions, Store,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::world::{World, request};

/// One account's messages take until the test lets them through.
#[derive(Debug)]
struct OneIsSlow {
    slow: AccountKey,
    gate: Semaphore,
}

#[async_trait]
impl Notifier for OneIsSlow {
    fn channels(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    async fn deliver(&self, notice: &Notice) -> Delivery {
        if notice.account == self.slow {
            self.gate.acquire().await.unwrap().forget();
        }
        Delivery::Sent { receipt: None }
    }
}

/// An upload to one person takes many leases: others hear of theirs meanwhile, and the notices behind it are not doubted
/// by another process.
#[tokio::test]
async fn a_slow_delivery_keeps_nobody_else_waiting() {
    let world = World::new().await;
    let notifier = Arc::new(OneIsSlow { slow: "cli:slow".parse().unwrap(), gate: Semaphore::new(0) });
    let engine = || {
        Engine::builder(world.store.clone(), world.media.clone())
            .provider(world.provider.clone())
            .notifier(notifier.clone())
            .policy(world.policy.clone())
            .build()
    };
    let first = engine();
    let place = async |account: &str, count: u32| {
        let account: AccountKey = account.parse().unwrap();
        let open = AccountOpen { account: account.clone(), credit_limit: Credits(9), bonus: None };
        world.store.account_open(&open).await.unwrap();
        first.order(OrderRequest { account, ..request(count) }).await.unwrap()
    };
    let stop = CancellationToken::new();
    let run = |engine: Engine| {
        let stop = stop.clone();
        tokio::spawn(async move { engine.run(RunOptions::default(), stop).await })
    };
    let running = [run(first.clone()), run(engine())];
    let states = async |order: &neurocards_core::OrderHandle| {
        let jobs = order.record().await.unwrap().unwrap().jobs;
        let mut states = Vec::new();
        for job in &jobs {
            states.extend(world.history(job).await.notices.into_iter().map(|notice| notice.state));
        }
        states
    };
    let until = async |order: &neurocards_core::OrderHandle, what: &str, all: fn(&NoticeState) -> bool| {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !states(order).await.iter().all(all) {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect(what);
    };
    let slow = place("cli:slow", 3).await;
    slow.wait().await.unwrap();
    until(&slow, "its notices are taken", |state| {
        matches!(state, NoticeState::Sending | NoticeState::Superseded)
    })
    .await;
    let since = world.store.now().await.unwrap();
    let quick = place("cli:quick", 2).await;
    quick.wait().await.unwrap();
    until(&quick, "others are told", |state| matches!(state, NoticeState::Sent | NoticeState::Superseded))
        .await;
    let leases = tokio::time::timeout(Duration::from_secs(20), async {
        while world.store.now().await.unwrap() < since + world.policy.lease * 3 {
            tokio::task::yield_now().await;
        }
    });
    leases.await.expect("three leases pass");
    assert!(
        states(&slow).await.iter().all(|state| *state != NoticeState::Unknown),
        "{:?}",
        states(&slow).await
    );
    notifier.gate.add_permits(9);
    until(&slow, "it is told at last", |state| matches!(state, NoticeState::Sent | NoticeState::Superseded))
        .await;
    stop.cancel();
    for running in running {
        running.await.unwrap().unwrap();
    }
    assert_eq!(world.store.audit().await.unwrap(), []);
}
