//! What operators are to be told.

use std::time::Duration;

use neurocards_core::{
    ALARM_REMEMBERED, Alarm, AlarmClaim, AlarmDetail, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle,
};

use super::World;

const LEASE: Duration = Duration::from_secs(60);
const WINDOW: Duration = Duration::from_secs(1_800);

fn alarm(subject: &str, first: &str) -> Alarm {
    let detail = AlarmDetail::Found { count: 1, first: first.to_owned() };
    Alarm::new(AlarmKind::UnknownFault, subject, detail)
}

async fn note(world: &World, alarm: &Alarm, times: u64) {
    let note = AlarmNote { alarm: alarm.clone(), times };
    world.store.alarms_note(&[note]).await.unwrap();
}

async fn claim(world: &World) -> Vec<AlarmRecord> {
    world.store.alarms_claim(&AlarmClaim { limit: 10, lease: LEASE }).await.unwrap()
}

async fn settle(
    world: &World,
    record: &AlarmRecord,
    told: Option<u64>,
    is_over: bool,
    next: Option<Duration>,
) -> bool {
    let Alarm { kind, subject, .. } = record.alarm.clone();
    let (since, epoch) = (record.since, record.epoch);
    let settle = AlarmSettle { kind, subject, since, epoch, told, is_over, next };
    world.store.alarm_settle(&settle).await.unwrap()
}

async fn open(world: &World) -> Vec<AlarmRecord> {
    world.store.alarms_open().await.unwrap()
}

/// One of each kind and subject, with the last detail.
pub async fn the_same_alarm_is_counted(world: &World) {
    note(world, &alarm("500", "a \u{0}<b>"), 1).await;
    let began = world.now().await;
    world.pass(10);
    note(world, &alarm("500", "b"), 41).await;
    note(world, &alarm("501", "c"), 1).await;
    note(world, &Alarm::new(AlarmKind::DiskFull, "500", AlarmDetail::None), 1).await;
    let known = open(world).await;
    let words = known.iter().map(|record| (record.alarm.kind.as_str(), &*record.alarm.subject, record.times));
    let expect = [("disk_full", "500", 1), ("unknown_fault", "501", 1), ("unknown_fault", "500", 42)];
    assert_eq!(words.collect::<Vec<_>>(), expect);
    assert_eq!(known[2].alarm, alarm("500", "b"));
    assert_eq!((known[2].since, known[2].last_at, known[2].told_at), (began, world.now().await, None));
    assert!(!known[2].is_over);
}

/// Who takes one has it; who dies with it loses it.
pub async fn one_at_a_time_tells(world: &World) {
    note(world, &alarm("500", "a"), 1).await;
    let first = claim(world).await.remove(0);
    assert_eq!(claim(world).await, []);
    world.clock.advance(LEASE);
    let second = claim(world).await.remove(0);
    assert!(!settle(world, &first, None, false, None).await);
    assert!(settle(world, &second, Some(1), false, Some(WINDOW)).await);
    // More of the same wakes nobody before the time.
    note(world, &alarm("500", "a"), 7).await;
    assert_eq!(claim(world).await, []);
    world.clock.advance(WINDOW);
    let third = claim(world).await.remove(0);
    assert_eq!((third.times, third.told_times), (8, 1));
    assert!(third.told_at.is_some());
}

/// An end is news, also for who has it.
pub async fn an_end_is_news(world: &World) {
    note(world, &alarm("500", "a"), 1).await;
    let first = claim(world).await.remove(0);
    assert!(world.store.alarm_over(AlarmKind::UnknownFault, "500").await.unwrap());
    assert!(!world.store.alarm_over(AlarmKind::UnknownFault, "500").await.unwrap());
    assert!(!world.store.alarm_over(AlarmKind::UnknownFault, "none").await.unwrap());
    assert!(!settle(world, &first, Some(1), false, None).await);
    assert_eq!(open(world).await, []);
    let second = claim(world).await.remove(0);
    // That it was told is known, so that the end can be told.
    assert!(second.is_over);
    assert_eq!(second.told_times, 1);
    assert!(settle(world, &second, Some(1), false, None).await);
    world.clock.advance(LEASE);
    assert_eq!(claim(world).await, []);
}

/// What begins again is counted anew, and when it was told of is not forgotten.
pub async fn it_begins_again(world: &World) {
    note(world, &alarm("500", "a"), 5).await;
    let first = claim(world).await.remove(0);
    assert!(settle(world, &first, Some(5), true, None).await);
    assert_eq!(open(world).await, []);
    let told = world.now().await;
    world.pass(10);
    note(world, &alarm("500", "b"), 2).await;
    let again = claim(world).await.remove(0);
    assert_eq!((again.times, again.told_times, again.told_at), (2, 0, Some(told)));
    assert_eq!(again.since, world.now().await);
}

/// Nothing is kept for ever.
pub async fn old_ones_are_forgotten(world: &World) {
    note(world, &alarm("500", "a"), 1).await;
    world.clock.advance(ALARM_REMEMBERED - Duration::from_secs(1));
    note(world, &alarm("501", "a"), 1).await;
    assert_eq!(open(world).await.len(), 2);
    world.pass(1);
    note(world, &alarm("502", "a"), 1).await;
    assert_eq!(open(world).await.len(), 2);
}

/// Many processes may raise the same.
pub async fn alarms_at_the_same_moment_all_count(world: &World) {
    let raisers = (0..20).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move {
            store.alarms_note(&[AlarmNote { alarm: alarm("500", "a"), times: 3 }]).await.unwrap();
        })
    });
    for raiser in raisers.collect::<Vec<_>>() {
        raiser.await.unwrap();
    }
    assert_eq!(open(world).await[0].times, 60);
}
