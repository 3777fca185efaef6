//! A look at a brief before money is spent on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use neurocards_core::{
    Brief, BriefCheck, Checked, Fault, FaultClass, NoticeBody, Objection, Photo, ProviderCapabilities, Stage,
    Verdict,
};

use crate::world::{PHOTO, World, request};

/// Always says the same.
#[derive(Debug)]
struct Says {
    verdict: Verdict,
    asked: AtomicU32,
}

#[async_trait::async_trait]
impl BriefCheck for Says {
    async fn check(&self, brief: &Brief, photo: &Photo) -> Checked {
        assert_eq!((brief.description.as_str(), photo.sha256()), ("Coffee cup, 350 ml", PHOTO.sha256()));
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.verdict.clone().into()
    }
}

async fn world(verdict: Verdict) -> (World, Arc<Says>) {
    let says = Arc::new(Says { verdict, asked: AtomicU32::new(0) });
    (World { check: Some(says.clone()), ..World::new().await }, says)
}

#[tokio::test]
async fn what_must_not_be_rendered_costs_nothing_and_the_seller_learns_why() {
    let (world, _) = world(Verdict::Refused(Objection::Person.fault(None))).await;
    let jobs = world.live(2).await;
    assert_eq!((world.submissions(), world.balance().await), (0, (0, 0)));
    for job in &jobs {
        assert_eq!((job.stage, job.attempts), (Stage::Failed, 0));
        let notices = world.history(job).await.notices;
        let told = notices.iter().find_map(|notice| match &notice.body {
            NoticeBody::Failed { class, objection, .. } => Some((*class, *objection)),
            _ => None,
        });
        assert_eq!(told, Some((FaultClass::UserViolation, Some(Objection::Person))));
    }
}

#[tokio::test]
async fn what_nobody_could_check_is_rendered() {
    let away = Fault::new(FaultClass::Temporary, "away");
    for verdict in [Verdict::Clean, Verdict::Unchecked(None), Verdict::Unchecked(Some(away))] {
        let (world, says) = world(verdict).await;
        let jobs = world.live(1).await;
        assert_eq!((jobs[0].stage, says.asked.load(Ordering::Relaxed)), (Stage::Done, 1));
    }
    let strict = Fault::new(FaultClass::Temporary, "away, and nothing passes unchecked");
    let (world, _) = world(Verdict::Refused(strict.clone())).await;
    let jobs = world.live(1).await;
    assert_eq!((jobs[0].stage, &jobs[0].error, world.submissions()), (Stage::Failed, &Some(strict), 0));
}

#[tokio::test]
async fn a_seller_can_be_told_before_they_order() {
    let refused = Verdict::Refused(Objection::Logo.fault(None));
    let (world, says) = world(refused.clone()).await;
    let engine = world.engine();
    assert_eq!(engine.check(&request(1)).await.unwrap(), refused);
    assert_eq!(world.balance().await, (0, 0));
    assert!(engine.check(&request(0)).await.is_err(), "what cannot be ordered is not looked at");
    assert_eq!(says.asked.load(Ordering::Relaxed), 1);
    let without = World::new().await.engine();
    assert_eq!(without.check(&request(1)).await.unwrap(), Verdict::Unchecked(None));
}

#[tokio::test]
async fn what_costs_nothing_is_not_checked() {
    let (world, says) = world(Verdict::Refused(Objection::Person.fault(None))).await;
    let capabilities = ProviderCapabilities { free: true, ..ProviderCapabilities::default() };
    let world = world.with_capabilities(capabilities);
    assert_eq!(world.live(1).await[0].stage, Stage::Done);
    assert_eq!(world.engine().check(&request(1)).await.unwrap(), Verdict::Unchecked(None));
    assert_eq!(says.asked.load(Ordering::Relaxed), 0);
}
