//! What follows the server's own clock, which no test moves.

use std::time::Duration;

use neurocards_core::{
    Breaker, FaultClass, Openness, Pace, Paced, ResourceId, ResourceOutcome, ResourceSettle, Store,
};
use neurocards_store::PostgresStore;
use neurocards_testkit::sample;

const HOUR: Duration = Duration::from_secs(3_600);

/// The windows are hours, so that no machine is too slow for them.
#[tokio::test]
async fn slots_are_the_servers_moments() {
    let database = crate::database().await;
    let store = PostgresStore::open(&database.url).await.unwrap();
    let pace = |patience| Pace { bucket: "memory A".to_owned(), limit: 5, window: HOUR, patience };
    for _ in 0..5 {
        let Paced::Slot(wait) = store.pace(&pace(HOUR)).await.unwrap() else { panic!("there is room") };
        assert_eq!(wait, Duration::ZERO, "the slot is now");
    }
    for _ in 0..2 {
        let Paced::TooLong(wait) = store.pace(&pace(HOUR / 2)).await.unwrap() else { panic!("it is full") };
        assert!(wait <= HOUR && wait > HOUR / 2, "{wait:?}");
    }
    let Paced::Slot(wait) = store.pace(&pace(HOUR)).await.unwrap() else { panic!("it is patient") };
    assert!(wait <= HOUR && wait > HOUR / 2, "{wait:?}");
    store.close().await;
}

#[tokio::test]
async fn a_rest_is_measured_by_the_server() {
    let database = crate::database().await;
    let store = PostgresStore::open(&database.url).await.unwrap();
    let id = ResourceId::account("memory", "A");
    let breaker = Some(Breaker { after: 1, rest: HOUR, longest: HOUR });
    let outcome = ResourceOutcome::Failed { fault: sample::fault(FaultClass::Billing), breaker };
    let closed = store.resource_settle(&ResourceSettle { id: id.clone(), outcome }).await.unwrap();
    let now = store.now().await.unwrap();
    assert!(matches!(closed.openness(now), Openness::Closed { until: Some(until) } if until <= now + HOUR));
    assert_eq!(closed.openness(now + HOUR), Openness::Probation);
    assert!(!store.resource_probe(&id, HOUR).await.unwrap());
    store.balance_note(&id, 70_000).await.unwrap();
    let settle = ResourceSettle { id, outcome: ResourceOutcome::Recovered };
    let opened = store.resource_settle(&settle).await.unwrap();
    assert_eq!((opened.closing, opened.balance.unwrap().milli), (None, 70_000));
    store.close().await;
}
