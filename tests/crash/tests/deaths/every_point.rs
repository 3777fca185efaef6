//! Every point, one after the other.

use crate::{Backend, LATER, Outside, Remains, check, survive_at_last};

async fn survive_all(backend: Backend, lookup: bool) {
    let outside = Outside::new(backend, lookup).await;
    assert!(outside.run(0, None).await.success());
    check(&outside, Remains::default()).await;
    let points = outside.lines("points");
    for part in [
        "order_place 1",
        "prompt 1",
        "upload 1",
        "submit 1",
        "read 2",
        "fetch 1",
        "put_video 1",
        "job_apply 6",
        "notify 1",
    ] {
        assert!(points.iter().any(|point| point.ends_with(part)), "{part} is not among {points:?}");
    }
    // Without lookup only the steps around the paid call end in another way.
    let differs = |point: &&String| ["claim", "submit", "job_apply"].iter().any(|part| point.contains(part));
    for point in points.iter().filter(|point| lookup || differs(point)) {
        survive_at_last(backend, lookup, &[point]).await;
    }
}

/// The process that goes on from a submission in doubt dies too, wherever it deals with that.
async fn survive_twice(lookup: bool) {
    // Written as sent and not sent; and sent, with the answer lost.
    for first in ["after job_apply 2", "after submit 1"] {
        let outside = Outside::new(Backend::Sqlite, lookup).await;
        assert!(!outside.run(0, Some(first)).await.success());
        std::fs::remove_file(outside.file("points")).unwrap();
        assert!(outside.run(LATER, None).await.success());
        let points = outside.lines("points");
        let dealing = ["lookup", "submit", "job_apply 1", "job_apply 2", "job_apply 3"];
        let seconds = points.iter().filter(|point| dealing.iter().any(|part| point.contains(part)));
        assert!(!lookup || points.iter().any(|point| point == "after lookup 1"), "{points:?}");
        for second in seconds {
            survive_at_last(Backend::Sqlite, lookup, &[first, second]).await;
        }
    }
}

#[tokio::test]
async fn twice_with_lookup() {
    survive_twice(true).await;
}

#[tokio::test]
async fn twice_without_lookup() {
    survive_twice(false).await;
}

#[tokio::test]
async fn on_sqlite_with_lookup() {
    survive_all(Backend::Sqlite, true).await;
}

#[tokio::test]
async fn on_sqlite_without_lookup() {
    survive_all(Backend::Sqlite, false).await;
}

#[tokio::test]
async fn on_postgres_with_lookup() {
    survive_all(Backend::Postgres, true).await;
}

#[tokio::test]
async fn on_postgres_without_lookup() {
    survive_all(Backend::Postgres, false).await;
}
