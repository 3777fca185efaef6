//! Two sessions and what both share outside.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    Breaker, FaultClass, Openness, Pace, Paced, ResourceChange, ResourceId, ResourceOutcome, ResourceRecord,
    ResourceSet, ResourceSettle, Store, Timestamp,
};
use neurocards_testkit::sample;

use crate::{Arena, race};

const MINUTE: Duration = Duration::from_secs(60);

fn model(round: u32) -> ResourceId {
    ResourceId::model(sample::PROVIDER, format!("model-{round}"))
}

fn failed(after: u32) -> ResourceOutcome {
    let breaker = Some(Breaker { after, rest: MINUTE, longest: MINUTE });
    ResourceOutcome::Failed { fault: sample::fault(FaultClass::Temporary), breaker }
}

async fn settle(store: Arc<dyn Store>, id: ResourceId, outcome: ResourceOutcome) -> ResourceRecord {
    store.resource_settle(&ResourceSettle { id, outcome }).await.unwrap()
}

async fn stored(arena: &Arena, id: &ResourceId) -> ResourceRecord {
    let records = arena.world.store.resources_list(sample::PROVIDER).await.unwrap();
    records.into_iter().find(|record| record.id == *id).unwrap()
}

/// Both are counted, also where they make the row, and the second one closes the model.
pub(crate) async fn fault_and_fault(arena: &Arena) {
    for round in 0..arena.rounds {
        let ((a, b), id) = (arena.stores(), model(round));
        let (one, other) =
            race(round, settle(a, id.clone(), failed(2)), settle(b, id.clone(), failed(2))).await;
        let mut counts = [one.failures, other.failures];
        counts.sort_unstable();
        assert_eq!(counts, [1, 2], "round {round}");
        let now = arena.world.now().await;
        let closed = Openness::Closed { until: Some(now + MINUTE) };
        assert_eq!(stored(arena, &id).await.openness(now), closed, "round {round}");
    }
}

/// One comes after the other, whichever: the record is what the rule of core makes of one of the two orders.
pub(crate) async fn fault_and_success(arena: &Arena) {
    for round in 0..arena.rounds {
        let ((a, b), id) = (arena.stores(), model(round));
        let before = settle(a.clone(), id.clone(), failed(2)).await;
        let (fault, success) = (failed(2), ResourceOutcome::Worked);
        race(round, settle(a, id.clone(), fault.clone()), settle(b, id.clone(), success.clone())).await;
        let now = arena.world.now().await;
        let after = |first: &ResourceOutcome, second: &ResourceOutcome| {
            let between = before.settled(first, now).unwrap_or(before.clone());
            between.settled(second, now).unwrap_or(between)
        };
        let found = stored(arena, &id).await;
        let orders = [after(&fault, &success), after(&success, &fault)];
        assert!(orders.contains(&found), "round {round}: {found:?}");
        arena.world.pass(1);
    }
}

/// One of them tries.
pub(crate) async fn probe_and_probe(arena: &Arena) {
    for round in 0..arena.rounds {
        settle(arena.other.clone(), model(round), failed(1)).await;
    }
    arena.world.clock.advance(MINUTE);
    for round in 0..arena.rounds {
        let (a, b) = arena.stores();
        let probe =
            |store: Arc<dyn Store>| async move { store.resource_probe(&model(round), MINUTE).await.unwrap() };
        let (one, other) = race(round, probe(a), probe(b)).await;
        assert!(one != other, "round {round}");
    }
}

/// Whoever is first, the operator's word stands.
pub(crate) async fn operator_and_success(arena: &Arena) {
    for round in 0..arena.rounds {
        settle(arena.other.clone(), model(round), failed(1)).await;
    }
    arena.world.clock.advance(MINUTE);
    for round in 0..arena.rounds {
        let ((a, b), id) = (arena.stores(), model(round));
        let (change, actor) = (ResourceChange::Close(None), "cli:ops".to_owned());
        let set = ResourceSet { id: id.clone(), change, actor, reason: None };
        let closing = async move { a.resource_set(&set).await.unwrap() };
        race(round, closing, settle(b, id.clone(), ResourceOutcome::Worked)).await;
        let closing = stored(arena, &id).await.closing.expect("it is closed");
        assert_eq!(closing.actor.as_deref(), Some("cli:ops"), "round {round}");
    }
}

/// Two hundred ask at once, through two sessions, while earlier slots are still ahead: no window of ten seconds holds
/// more than twenty, and none that could be given is kept back.
pub(crate) async fn slot_and_slot(arena: &Arena) {
    let pace = Pace {
        bucket: "memory account A".to_owned(),
        limit: 20,
        window: Duration::from_secs(10),
        patience: Duration::from_secs(3_600),
    };
    let mut slots: Vec<Timestamp> = Vec::new();
    for asked in [7, 200, 3, 31] {
        let now = arena.world.now().await;
        let askers: Vec<_> = (0..asked)
            .map(|n| {
                let (one, other) = arena.stores();
                let (store, pace) = (if n % 2 == 0 { one } else { other }, pace.clone());
                tokio::spawn(async move { store.pace(&pace).await.unwrap() })
            })
            .collect();
        for asker in askers {
            let Paced::Slot(wait) = asker.await.unwrap() else { panic!("nobody is that impatient") };
            slots.push(now + wait);
        }
        arena.world.clock.advance(Duration::from_millis(4_321));
    }
    slots.sort_unstable();
    for (first, next) in slots.iter().zip(&slots[20..]) {
        assert!(*next >= *first + pace.window, "21 slots between {first} and {next}");
    }
    // 241 slots: twelve full windows, and one more.
    assert_eq!(slots[240], slots[0] + pace.window * 12);
}
