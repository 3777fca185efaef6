//! Rows of the table of faults, each at the points that it is about.

use neurocards_core::{AccountKey, Credits, EntryKind, NoticeState, Stage};

use crate::{Backend, LATER, Outside, survive_at_last};

const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

/// A process dies at each of these points, on both databases.
async fn dies_at(lookup: bool, points: &[&str]) {
    for backend in BACKENDS {
        for point in points {
            survive_at_last(backend, lookup, &[point]).await;
        }
    }
}

/// The photo is kept before anything is held: what is left is a file that nobody pays for.
#[tokio::test]
async fn a7_dead_between_the_photo_and_the_order() {
    for backend in BACKENDS {
        let outside = Outside::new(backend, true).await;
        assert!(outside.die(0, "before order_place 1").await);
        let store = outside.store().await;
        assert!(outside.job(store.as_ref()).await.is_none());
        let account: AccountKey = "shop:test".parse().unwrap();
        let account = store.account_get(&account).await.unwrap().unwrap();
        assert_eq!((account.available, account.held), (Credits::ZERO, Credits::ZERO));
        assert!(outside.file("media/photos").exists(), "the photo is there");
        assert_eq!(store.audit().await.unwrap(), []);
    }
    dies_at(true, &["before order_place 1"]).await;
}

/// A process that is killed with a job in its hands: another one goes on from the last step.
#[tokio::test]
async fn b2_dead_with_the_job_in_its_hands() {
    dies_at(true, &["after jobs_claim 1", "after job_apply 1", "after jobs_claim 2", "after job_apply 4"])
        .await;
}

/// A job that kills whoever takes it is given up, and its credit returns.
#[tokio::test]
async fn b5_three_processes_die_of_the_job() {
    for backend in BACKENDS {
        let outside = Outside::new(backend, true).await;
        for death in 0..3 {
            assert!(outside.die(death * LATER, "before prompt 1").await);
        }
        assert!(outside.run(3 * LATER, None).await.success());
        let store = outside.store().await;
        let job = outside.job(store.as_ref()).await.unwrap();
        assert_eq!(job.record.job.stage, Stage::Failed);
        assert!(job.record.job.error.unwrap().message.contains("3 workers in a row stopped"));
        let entries: Vec<_> = job.ledger.iter().map(|entry| entry.kind).collect();
        assert_eq!(entries, [EntryKind::Hold, EntryKind::Release]);
        assert_eq!((outside.calls("prompt"), outside.calls("submit")), (0, 0));
        assert_eq!(outside.lines("told").iter().filter(|kind| *kind == "failed").count(), 1);
        assert_eq!(store.audit().await.unwrap(), []);
    }
}

/// The prompt was written and not saved: it is written again, once for each death.
#[tokio::test]
async fn c1_dead_between_the_prompt_and_its_saving() {
    dies_at(false, &["after prompt 1", "before job_apply 1"]).await;
}

/// Nothing was sent yet: the same attempt goes on, even where nobody can look a submission up.
#[tokio::test]
async fn d1_dead_before_anything_was_sent() {
    dies_at(false, &["after job_apply 1", "before upload 1", "after upload 1", "before job_apply 2"]).await;
}

/// It may have been sent: it is never sent again, and what nobody can look up is given up at the end of the grace.
#[tokio::test]
async fn d2_dead_around_the_paid_call() {
    let points = ["after job_apply 2", "before submit 1", "after submit 1", "before job_apply 3"];
    for lookup in [false, true] {
        dies_at(lookup, &points).await;
    }
}

/// The video is half fetched, or stored and not yet written down: it is fetched again, and is one object.
#[tokio::test]
async fn f1_dead_in_the_download() {
    dies_at(true, &["before fetch 1", "after fetch 1", "before put_video 1", "before job_apply 6"]).await;
}

/// Video, capture and notice are one write: a death on either side of it finds all of them or none.
#[tokio::test]
async fn f5_dead_around_the_capture() {
    for backend in BACKENDS {
        for (point, there) in [("before job_apply 6", false), ("after job_apply 6", true)] {
            let outside = Outside::new(backend, true).await;
            assert!(outside.die(0, point).await);
            let store = outside.store().await;
            let job = outside.job(store.as_ref()).await.unwrap();
            assert_eq!(job.record.job.stage == Stage::Done, there, "{point}");
            assert_eq!(job.record.artifact.is_some(), there, "{point}");
            assert_eq!(job.ledger.iter().any(|entry| entry.kind == EntryKind::Capture), there, "{point}");
            let result = job.notices.iter().any(|notice| notice.body.kind().as_str() == "result");
            assert_eq!(result, there, "{point}");
            assert_eq!(store.audit().await.unwrap(), [], "{point}");
        }
    }
    dies_at(true, &["before job_apply 6", "after job_apply 6"]).await;
}

/// Nobody knows whether people saw it: it is not sent again.
#[tokio::test]
async fn g3_dead_between_sending_and_writing_it_down() {
    for backend in BACKENDS {
        let outside = Outside::new(backend, true).await;
        assert!(outside.die(0, "after notify 1").await);
        let told = outside.lines("told");
        assert!(outside.run(LATER, None).await.success());
        let store = outside.store().await;
        let job = outside.job(store.as_ref()).await.unwrap();
        let doubtful = job.notices.iter().find(|notice| notice.body.kind().as_str() == told[0]).unwrap();
        assert_eq!((doubtful.state, doubtful.sends), (NoticeState::Unknown, 1));
        assert_eq!(outside.lines("told").iter().filter(|kind| **kind == told[0]).count(), 1);
        assert_eq!(store.audit().await.unwrap(), []);
    }
}
