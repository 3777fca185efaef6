//! Placing orders.

use neurocards_core::{
    AccountOpen, Credits, JobEventBody, NoticeBody, NoticeState, Order, OrderNew, OrderRecord, Placement,
    Stage, StoreError, Subject,
};

use super::World;
use crate::sample;

async fn nothing_but_the_bonus(world: &World, account: &neurocards_core::AccountKey, credits: i64) {
    assert_eq!(world.balances(account).await, (credits, 0));
    let filter =
        neurocards_core::JobFilter { account: Some(account.clone()), limit: 9, ..Default::default() };
    assert_eq!(world.store.jobs_list(&filter).await.unwrap(), []);
}

/// Rows, holds, notice and history come together.
pub async fn a8_placing_writes_everything(world: &World) {
    let account = world.account("telegram:1", 5).await;
    world.pass(3);
    let new = OrderNew { price: Credits(2), ..sample::order_new(&world.ids, &account, 2) };
    let OrderRecord { order, jobs } = world.place_this(&new).await;
    let now = world.now().await;
    assert_eq!(order, Order { created_at: now, ..new.order.clone() });
    assert_eq!(jobs, [new.job(new.jobs[0].0, 0, now), new.job(new.jobs[1].0, 1, now)]);
    assert_eq!(world.balances(&account).await, (1, 4));
    let stored = world.store.order_get(order.id).await.unwrap().unwrap();
    assert_eq!(stored, OrderRecord { order: order.clone(), jobs: jobs.clone() });
    let history = world.history(jobs[1].id).await;
    assert_eq!(history.events.len(), 1);
    assert_eq!((history.events[0].stage, history.events[0].epoch), (Stage::Prompt, 0));
    assert_eq!(history.events[0].body, JobEventBody::Placed { held: Credits(2) });
    assert_eq!((history.ledger.len(), history.ledger[0].id), (1, new.jobs[1].1));
    let [started] = history.notices.as_slice() else { panic!("{:?}", history.notices) };
    assert_eq!((started.id, started.subject), (new.started, Subject::Order(order.id)));
    assert_eq!(started.body, NoticeBody::Started { videos: 2, held: Credits(4) });
    assert_eq!((started.state, started.sends, started.lease_epoch), (NoticeState::Pending, 0, 0));
}

/// Not enough for all of the jobs means none of them.
pub async fn a5_too_few_credits_write_nothing(world: &World) {
    let account = world.account("telegram:1", 2).await;
    let order = sample::order_new(&world.ids, &account, 3);
    let placement = world.store.order_place(&order).await.unwrap();
    assert_eq!(placement, Placement::NotEnough { needed: Credits(3), available: Credits(2) });
    assert_eq!(world.store.order_get(order.order.id).await.unwrap(), None);
    nothing_but_the_bonus(world, &account, 2).await;
    // The key was not used up.
    let two = sample::order_new(&world.ids, &account, 2);
    let order = Order { idempotency_key: order.order.idempotency_key, ..two.order.clone() };
    world.place_this(&OrderNew { order, ..two }).await;
    assert_eq!(world.balances(&account).await, (0, 2));
}

/// The account may go down to minus its limit, and not one credit further.
pub async fn the_credit_limit_is_exact(world: &World) {
    let open = AccountOpen { account: sample::account("cli:default"), credit_limit: Credits(3), bonus: None };
    let account = world.store.account_open(&open).await.unwrap().key;
    world.place(&account, 3).await;
    assert_eq!(world.balances(&account).await, (-3, 3));
    let placement = world.store.order_place(&sample::order_new(&world.ids, &account, 1)).await.unwrap();
    assert_eq!(placement, Placement::NotEnough { needed: Credits(1), available: Credits(0) });
}

/// A repeated order is the order from then, with its jobs as they are now.
pub async fn the_same_key_gives_the_same_order(world: &World) {
    let account = world.account("telegram:1", 5).await;
    let first = sample::order_new(&world.ids, &account, 2);
    let record = world.place_this(&first).await;
    world.reach(record.jobs[0].id, super::Milestone::Intent).await;
    let again = sample::order_new(&world.ids, &account, 2);
    let order = Order { idempotency_key: first.order.idempotency_key.clone(), ..again.order.clone() };
    let Placement::Existing(found) = world.store.order_place(&OrderNew { order, ..again }).await.unwrap()
    else {
        panic!("existing")
    };
    assert_eq!(found.order, record.order);
    assert_eq!(found.jobs.iter().map(|job| job.stage).collect::<Vec<_>>(), [Stage::Submit, Stage::Prompt]);
    assert_eq!(world.balances(&account).await, (3, 2));
}

/// The same key for something else is a mistake of the caller, and costs nothing.
pub async fn a2_the_same_key_with_other_contents_is_refused(world: &World) {
    let account = world.account("telegram:1", 5).await;
    let first = sample::order_new(&world.ids, &account, 1);
    let id = world.place_this(&first).await.order.id;
    let other = sample::order_new(&world.ids, &account, 2);
    let order = Order { idempotency_key: first.order.idempotency_key.clone(), ..other.order.clone() };
    let placement = world.store.order_place(&OrderNew { order, ..other }).await.unwrap();
    assert_eq!(placement, Placement::KeyReused { order: id });
    assert_eq!(world.balances(&account).await, (4, 1));
}

/// Keys of different accounts have nothing to do with each other.
pub async fn the_same_key_serves_two_accounts(world: &World) {
    for key in ["telegram:1", "telegram:2"] {
        let account = world.account(key, 1).await;
        let new = sample::order_new(&world.ids, &account, 1);
        let order = Order { idempotency_key: "the key".to_owned(), ..new.order.clone() };
        world.place_this(&OrderNew { order, ..new }).await;
        assert_eq!(world.balances(&account).await, (0, 1));
    }
}

/// An unknown account, a price of nothing, a missing job: nothing is written.
pub async fn orders_follow_the_rules(world: &World) {
    let nobody = sample::account("telegram:404");
    let error = world.store.order_place(&sample::order_new(&world.ids, &nobody, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoAccount { account } if account == nobody));
    let account = world.account("telegram:1", 5).await;
    let good = sample::order_new(&world.ids, &account, 2);
    for bad in [
        OrderNew { price: Credits(0), ..good.clone() },
        OrderNew { price: Credits(-1), ..good.clone() },
        OrderNew { price: Credits(i64::MAX), ..good.clone() },
        OrderNew { jobs: good.jobs[..1].to_vec(), ..good.clone() },
        OrderNew { jobs: Vec::new(), order: Order { count: 0, ..good.order.clone() }, ..good.clone() },
    ] {
        let error = world.store.order_place(&bad).await.unwrap_err();
        assert!(matches!(error, StoreError::LedgerRule { .. }), "{error:?}");
    }
    nothing_but_the_bonus(world, &account, 5).await;
}

async fn race(world: &World, orders: Vec<OrderNew>) -> Vec<Placement> {
    let racers = orders.into_iter().map(|order| {
        let store = world.store.clone();
        tokio::spawn(async move { store.order_place(&order).await.unwrap() })
    });
    let placements = futures::future::join_all(racers).await;
    placements.into_iter().map(Result::unwrap).collect()
}

/// A credit is spent once, however many want it at the same moment.
pub async fn a3_twenty_racers_for_one_credit(world: &World) {
    let account = world.account("telegram:1", 1).await;
    let orders = (0..20).map(|_| sample::order_new(&world.ids, &account, 1)).collect();
    let placements = race(world, orders).await;
    let new = placements.iter().filter(|placement| matches!(placement, Placement::New(_))).count();
    let refused =
        placements.iter().filter(|placement| matches!(placement, Placement::NotEnough { .. })).count();
    assert_eq!((new, refused), (1, 19));
    assert_eq!(world.balances(&account).await, (0, 1));
}

/// A key makes one order, however many come with it at the same moment.
pub async fn a2_twenty_racers_with_one_key(world: &World) {
    let account = world.account("telegram:1", 50).await;
    let orders = (0..20).map(|_| {
        let new = sample::order_new(&world.ids, &account, 2);
        OrderNew { order: Order { idempotency_key: "one".to_owned(), ..new.order.clone() }, ..new }
    });
    let placements = race(world, orders.collect()).await;
    let id = |placement: &Placement| match placement {
        Placement::New(record) | Placement::Existing(record) => record.order.id,
        other => panic!("{other:?}"),
    };
    assert!(placements.iter().all(|placement| id(placement) == id(&placements[0])));
    assert_eq!(placements.iter().filter(|placement| matches!(placement, Placement::New(_))).count(), 1);
    assert_eq!(world.balances(&account).await, (48, 2));
}
