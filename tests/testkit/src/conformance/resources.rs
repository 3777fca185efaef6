//! Resources, their balances, and pacing.

use std::time::Duration;

use neurocards_core::{
    BalancePoint, Breaker, FaultClass, Openness, Pace, Paced, ResourceChange, ResourceId, ResourceOutcome,
    ResourceRecord, ResourceSet, ResourceSettle, Timestamp,
};

use super::World;
use crate::sample;

const MINUTE: Duration = Duration::from_secs(60);
const BREAKER: Breaker = Breaker { after: 3, rest: MINUTE, longest: Duration::from_secs(150) };

fn model() -> ResourceId {
    ResourceId::model(sample::PROVIDER, sample::MODEL)
}

fn failed(breaker: Option<Breaker>) -> ResourceOutcome {
    ResourceOutcome::Failed { fault: sample::fault(FaultClass::Temporary), breaker }
}

/// Settles, and checks that the store keeps the rule of core.
async fn settle(world: &World, outcome: ResourceOutcome) -> ResourceRecord {
    let before = stored(world, &model()).await;
    let expect = before.settled(&outcome, world.now().await).unwrap_or(before);
    let settle = ResourceSettle { id: model(), outcome };
    let answer = world.store.resource_settle(&settle).await.unwrap();
    assert_eq!(answer, expect);
    assert_eq!(stored(world, &model()).await, expect);
    expect
}

async fn stored(world: &World, id: &ResourceId) -> ResourceRecord {
    let records = world.store.resources_list(&id.provider).await.unwrap();
    let found = records.into_iter().find(|record| record.id == *id);
    found.unwrap_or_else(|| ResourceRecord::new(id.clone()))
}

async fn openness(world: &World) -> Openness {
    stored(world, &model()).await.openness(world.now().await)
}

async fn set(world: &World, change: ResourceChange) -> ResourceRecord {
    let reason = Some("looks wrong".to_owned());
    let set = ResourceSet { id: model(), change, actor: "cli:ops".to_owned(), reason };
    let expect = set.applied(stored(world, &model()).await, world.now().await);
    assert_eq!(world.store.resource_set(&set).await.unwrap(), expect);
    assert_eq!(stored(world, &model()).await, expect);
    expect
}

async fn probe(world: &World) -> bool {
    world.store.resource_probe(&model(), MINUTE).await.unwrap()
}

async fn close_by_faults(world: &World) {
    for _ in 0..3 {
        settle(world, failed(Some(BREAKER))).await;
    }
    assert!(matches!(openness(world).await, Openness::Closed { until: Some(_) }));
}

/// What nothing is known of has no row, and a success without trouble makes none.
pub async fn what_is_unknown_is_open(world: &World) {
    assert_eq!(world.store.resources_list(sample::PROVIDER).await.unwrap(), []);
    for outcome in [ResourceOutcome::Worked, ResourceOutcome::Recovered] {
        assert_eq!(settle(world, outcome).await, ResourceRecord::new(model()));
    }
    assert!(!probe(world).await);
    assert_eq!(world.store.resources_list(sample::PROVIDER).await.unwrap(), []);
}

/// The count, the rest, its doublings and its end, the probation, the success.
pub async fn faults_in_a_row_close_and_a_success_opens(world: &World) {
    assert_eq!(settle(world, failed(Some(BREAKER))).await.failures, 1);
    world.pass(1);
    assert_eq!(settle(world, ResourceOutcome::Worked).await.failures, 0);
    close_by_faults(world).await;
    for rest in [60, 120, 150, 150] {
        world.pass(rest - 1);
        assert!(matches!(openness(world).await, Openness::Closed { .. }), "{rest}");
        world.pass(1);
        assert_eq!(openness(world).await, Openness::Probation, "{rest}");
        settle(world, failed(Some(BREAKER))).await;
    }
    world.pass(150);
    settle(world, failed(None)).await;
    assert_eq!(openness(world).await, Openness::Probation, "without a breaker it is only counted");
    let opened = settle(world, ResourceOutcome::Worked).await;
    assert_eq!((opened.failures, opened.closing), (0, None));
    assert!(opened.fault.is_some() && opened.recovered_at.is_some());
    settle(world, failed(None)).await;
    assert_eq!(openness(world).await, Openness::Open);
}

/// Atomically: of fifty faults at the same moment fifty are counted.
pub async fn faults_at_the_same_moment_all_count(world: &World) {
    let faults = (0..50).map(|_| {
        let (store, outcome) = (world.store.clone(), failed(None));
        tokio::spawn(async move {
            store.resource_settle(&ResourceSettle { id: model(), outcome }).await.unwrap().failures
        })
    });
    let mut counts = Vec::new();
    for fault in faults.collect::<Vec<_>>() {
        counts.push(fault.await.unwrap());
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<_>>());
    assert_eq!(stored(world, &model()).await.failures, 50);
}

/// After the rest one may try; when nobody hears of it, the next one.
pub async fn one_at_a_time_tries_again(world: &World) {
    close_by_faults(world).await;
    assert!(!probe(world).await, "it rests");
    world.pass(60);
    let racers: Vec<_> = (0..20)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.resource_probe(&model(), MINUTE).await.unwrap() })
        })
        .collect();
    let mut granted = 0;
    for racer in racers {
        granted += usize::from(racer.await.unwrap());
    }
    assert_eq!(granted, 1);
    let until = world.now().await + MINUTE;
    assert_eq!(openness(world).await, Openness::Probing { until });
    world.pass(59);
    assert!(!probe(world).await);
    world.pass(1);
    assert!(probe(world).await, "the first one was not heard of");
    settle(world, failed(Some(BREAKER))).await;
    assert_eq!(stored(world, &model()).await.probing_until, None);
    assert!(!probe(world).await, "it rests again");
    world.pass(120);
    assert!(probe(world).await);
    settle(world, ResourceOutcome::Worked).await;
    assert_eq!(openness(world).await, Openness::Open);
    assert!(!probe(world).await, "it is open");
}

/// What says nothing of its health leaves everything as it is, but for the probation: the next one may try at once.
pub async fn a_probation_that_said_nothing_is_given_back(world: &World) {
    assert_eq!(settle(world, ResourceOutcome::Inconclusive).await, ResourceRecord::new(model()));
    close_by_faults(world).await;
    settle(world, ResourceOutcome::Inconclusive).await;
    world.pass(60);
    assert!(probe(world).await);
    let back = settle(world, ResourceOutcome::Inconclusive).await;
    assert_eq!((back.failures, back.openness(world.now().await)), (3, Openness::Probation));
    assert!(probe(world).await);
    set(world, ResourceChange::Close(None)).await;
    settle(world, ResourceOutcome::Inconclusive).await;
}

/// Neither a success nor a proof; only the operator.
pub async fn what_an_operator_closed_no_success_opens(world: &World) {
    let closed = set(world, ResourceChange::Close(None)).await;
    assert_eq!(closed.closing.as_ref().unwrap().actor.as_deref(), Some("cli:ops"));
    for outcome in [ResourceOutcome::Worked, failed(Some(BREAKER)), ResourceOutcome::Recovered] {
        settle(world, outcome).await;
    }
    close_it_anyway(world).await;
    world.pass(1_000_000);
    assert_eq!(openness(world).await, Openness::Closed { until: None });
    assert!(!probe(world).await);
    let opened = set(world, ResourceChange::Open).await;
    assert_eq!((opened.closing, opened.failures), (None, 0));
    // It also ends what faults have closed.
    close_by_faults(world).await;
    set(world, ResourceChange::Open).await;
    assert_eq!(openness(world).await, Openness::Open);
}

/// Faults of what an operator closed are counted, and change nothing else.
async fn close_it_anyway(world: &World) {
    for _ in 0..4 {
        settle(world, failed(Some(BREAKER))).await;
    }
    assert_eq!(stored(world, &model()).await.failures, 4);
}

/// It has not failed; when it does, its faults close it.
pub async fn an_end_of_an_operators_closing_needs_no_probation(world: &World) {
    set(world, ResourceChange::Close(Some(MINUTE))).await;
    world.pass(59);
    assert!(matches!(openness(world).await, Openness::Closed { until: Some(_) }));
    world.pass(1);
    assert_eq!(openness(world).await, Openness::Open);
    assert!(!probe(world).await);
    close_by_faults(world).await;
    assert_eq!(stored(world, &model()).await.closing.unwrap().actor, None);
}

/// Requests that were sent before the closing come back after it.
pub async fn what_was_under_way_neither_counts_nor_opens(world: &World) {
    close_by_faults(world).await;
    world.pass(30);
    settle(world, ResourceOutcome::Worked).await;
    let late = settle(world, failed(Some(BREAKER))).await;
    assert_eq!(late.failures, 3);
    assert_eq!(late.openness(world.now().await + MINUTE), Openness::Probation, "it is only made longer");
    let short = Breaker { rest: Duration::from_secs(1), ..BREAKER };
    let until = late.closing.unwrap().until;
    assert_eq!(settle(world, failed(Some(short))).await.closing.unwrap().until, until);
    assert_eq!(settle(world, failed(None)).await.failures, 3, "nothing is written");
}

/// A topped-up account does not wait for the end of its rest.
pub async fn proof_opens_at_once(world: &World) {
    close_by_faults(world).await;
    settle(world, ResourceOutcome::Recovered).await;
    assert_eq!(openness(world).await, Openness::Open);
}

/// Lists are by provider, and sorted.
pub async fn a_provider_has_its_own(world: &World) {
    let ids = [
        ResourceId::account("memory", "B"),
        ResourceId::key("memory", "5e884898"),
        ResourceId::key("other", "5e884898"),
        ResourceId::account("memory", "A"),
        model(),
    ];
    for id in &ids {
        let settle = ResourceSettle { id: id.clone(), outcome: failed(None) };
        world.store.resource_settle(&settle).await.unwrap();
    }
    let listed = world.store.resources_list("memory").await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|record| record.id).collect();
    assert_eq!(listed, [ids[3].clone(), ids[0].clone(), ids[1].clone(), ids[4].clone()]);
    assert_eq!(world.store.resources_list("other").await.unwrap().len(), 1);
    assert_eq!(world.store.resources_list("nobody").await.unwrap(), []);
}

/// The last one of each hour, for two weeks; the record has the last one of all.
pub async fn balances_are_kept_by_the_hour(world: &World) {
    let account = ResourceId::account("memory", "A");
    let mut expect: Vec<BalancePoint> = Vec::new();
    for (pass, milli) in [(0, 9_000), (600, 8_000), (3_600, 7_000), (3_000, 6_500), (3_600, -200)] {
        world.pass(pass);
        let point = BalancePoint { at: world.now().await, milli };
        expect.retain(|old| old.at.timestamp() / 3_600 != point.at.timestamp() / 3_600);
        expect.push(point);
        let record = world.store.balance_note(&account, milli).await.unwrap();
        assert_eq!(record.balance, Some(point));
        assert_eq!(stored(world, &account).await, record);
    }
    assert_eq!(expect.len(), 4);
    assert_eq!(world.store.balance_list(&account).await.unwrap(), expect);
    assert_eq!(world.store.balance_list(&model()).await.unwrap(), []);
    world.clock.advance(BalancePoint::KEPT - Duration::from_secs(3_600));
    let now = world.now().await;
    world.store.balance_note(&account, 1).await.unwrap();
    expect.retain(|old| old.at + BalancePoint::KEPT >= now);
    assert_eq!(expect.len(), 2, "the old ones are forgotten");
    let kept = world.store.balance_list(&account).await.unwrap();
    assert_eq!(kept[..kept.len() - 1], expect);
    assert_eq!(kept.last().unwrap().milli, 1);
}

fn pace(bucket: &str, patience: u64) -> Pace {
    Pace {
        bucket: bucket.to_owned(),
        limit: 20,
        window: Duration::from_secs(10),
        patience: Duration::from_secs(patience),
    }
}

/// No window holds more slots than the limit.
fn check_windows(slots: &mut [Timestamp]) {
    slots.sort_unstable();
    for (first, next) in slots.iter().zip(slots.iter().skip(20)) {
        assert!(*next - *first >= chrono_seconds(10), "21 slots within {}", *next - *first);
    }
}

fn chrono_seconds(seconds: u64) -> <Timestamp as std::ops::Sub>::Output {
    Timestamp::UNIX_EPOCH + Duration::from_secs(seconds) - Timestamp::UNIX_EPOCH
}

/// Two hundred ask at the same moment, and then some at odd moments: every window holds, and no slot is wasted.
pub async fn slots_keep_to_the_limit_whoever_asks(world: &World) {
    let mut slots: Vec<Timestamp> = Vec::new();
    for _ in 0..7 {
        let now = world.now().await;
        let askers: Vec<_> = (0..29)
            .map(|_| {
                let store = world.store.clone();
                tokio::spawn(async move { store.pace(&pace("kie A", 1_000)).await.unwrap() })
            })
            .collect();
        for asker in askers {
            let Paced::Slot(wait) = asker.await.unwrap() else { panic!("nobody is that impatient") };
            slots.push(now + wait);
        }
        world.clock.advance(Duration::from_millis(3_700));
    }
    assert_eq!(slots.len(), 203);
    check_windows(&mut slots);
    // 203 slots fill ten windows, and begin an eleventh. Who asks first need not be served first.
    assert_eq!(slots[202] - slots[0], chrono_seconds(100));
}

/// Who does not want to wait so long takes nothing from the others.
pub async fn a_slot_too_far_ahead_is_not_taken(world: &World) {
    for _ in 0..20 {
        assert_eq!(world.store.pace(&pace("kie A", 0)).await.unwrap(), Paced::Slot(Duration::ZERO));
        world.clock.advance(Duration::from_millis(100));
    }
    let far = Paced::TooLong(Duration::from_secs(8));
    for _ in 0..3 {
        assert_eq!(world.store.pace(&pace("kie A", 7)).await.unwrap(), far);
    }
    let near = Paced::Slot(Duration::from_secs(8));
    assert_eq!(world.store.pace(&pace("kie A", 8)).await.unwrap(), near);
    world.pass(8);
    let next = Paced::TooLong(Duration::from_millis(100));
    assert_eq!(world.store.pace(&pace("kie A", 0)).await.unwrap(), next);
}

/// Other buckets are other limits.
pub async fn buckets_are_their_own(world: &World) {
    for bucket in ["kie A", "kie B"] {
        for _ in 0..20 {
            assert_eq!(world.store.pace(&pace(bucket, 0)).await.unwrap(), Paced::Slot(Duration::ZERO));
        }
        assert!(matches!(world.store.pace(&pace(bucket, 0)).await.unwrap(), Paced::TooLong(_)));
    }
}
