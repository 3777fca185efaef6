//! Who keeps house, which videos are old, and what is needed of photos and videos.

use std::time::Duration;

use neurocards_core::{
    Artifact, Duty, DutyClaim, DutyLead, DutyOutcome, DutySettle, Event, JobId, MediaKind, MediaQuestion,
    OrderNew,
};

use super::{Milestone, World};
use crate::sample;

const HOUR: Duration = Duration::from_secs(3_600);
const TERM: Duration = Duration::from_secs(60);

async fn claim(world: &World, leader: &str) -> Option<DutyLead> {
    let claim = DutyClaim { duty: Duty::Upkeep, leader: leader.to_owned(), every: HOUR, term: TERM };
    world.store.duty_claim(&claim).await.unwrap()
}

async fn settle(world: &World, lead: &DutyLead, outcome: DutyOutcome) -> bool {
    let settle = DutySettle { duty: lead.duty, epoch: lead.epoch, outcome };
    world.store.duty_settle(&settle).await.unwrap()
}

/// One leads until its term is over by the store's clock, and says nothing more once it was replaced.
pub async fn one_leads_for_a_term(world: &World) {
    let first = claim(world, "a").await.unwrap();
    assert_eq!((first.epoch, first.claimed_at), (1, world.now().await));
    world.clock.advance(TERM - Duration::from_secs(1));
    assert_eq!((claim(world, "b").await, claim(world, "a").await), (None, None));
    assert!(settle(world, &first, DutyOutcome::Longer(TERM)).await);
    world.clock.advance(TERM - Duration::from_secs(1));
    assert_eq!(claim(world, "b").await, None);
    world.pass(1);
    // Its term is over, and nobody has come yet.
    assert!(settle(world, &first, DutyOutcome::Longer(TERM)).await);
    world.clock.advance(TERM);
    let second = claim(world, "b").await.unwrap();
    assert_eq!((second.epoch, second.claimed_at), (2, world.now().await));
    for outcome in [DutyOutcome::Longer(TERM), DutyOutcome::Done, DutyOutcome::Undone] {
        assert!(!settle(world, &first, outcome).await, "{outcome:?}");
    }
    assert_eq!(claim(world, "a").await, None);
    assert!(settle(world, &second, DutyOutcome::Longer(TERM)).await);
}

/// What is done is due again later; what is not is due at once, for anybody.
pub async fn a_duty_is_due_again(world: &World) {
    let lead = claim(world, "a").await.unwrap();
    assert!(settle(world, &lead, DutyOutcome::Undone).await);
    let lead = claim(world, "b").await.unwrap();
    world.pass(10);
    assert!(settle(world, &lead, DutyOutcome::Done).await);
    world.clock.advance(HOUR - Duration::from_secs(1));
    assert_eq!(claim(world, "a").await, None);
    world.pass(1);
    let lead = claim(world, "a").await.unwrap();
    assert_eq!(lead.epoch, 3);
    // It was done once, and that counts until it is done again.
    assert!(settle(world, &lead, DutyOutcome::Undone).await);
    assert_eq!(claim(world, "b").await.unwrap().epoch, 4);
}

/// However many want to lead at the same moment.
pub async fn twenty_racers_for_one_lead(world: &World) {
    for epoch in 1..=2 {
        let racers = (0..20).map(|number| {
            let store = world.store.clone();
            let leader = number.to_string();
            let claim = DutyClaim { duty: Duty::Upkeep, leader, every: HOUR, term: TERM };
            tokio::spawn(async move { store.duty_claim(&claim).await.unwrap() })
        });
        let leads: Vec<_> = futures::future::join_all(racers).await;
        let leads: Vec<_> = leads.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(leads.iter().map(|lead| lead.epoch).collect::<Vec<_>>(), [epoch]);
        world.clock.advance(TERM);
    }
}

/// A job whose video has this hash.
async fn done(world: &World, id: JobId, hash: &str) {
    let state = world.reach(id, Milestone::Rendered).await;
    let artifact = Artifact { sha256: hash.repeat(32), ..sample::artifact() };
    world.advance(state, Event::Stored(artifact)).await;
}

async fn needed(world: &World, kind: MediaKind, hashes: &[&str], keep: Option<Duration>) -> Vec<String> {
    let hashes = hashes.iter().map(|hash| hash.repeat(32)).collect();
    let needed = world.store.media_needed(&MediaQuestion { kind, hashes, keep }).await.unwrap();
    needed.into_iter().map(|hash| hash[..2].to_owned()).collect()
}

/// The oldest first, as many as asked for, each once; the facts stay.
pub async fn old_videos_are_retired(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let jobs = world.place(&account, 4).await.jobs;
    for (job, hash) in jobs[..3].iter().zip(["b1", "b2", "b3"]) {
        done(world, job.id, hash).await;
        world.clock.advance(HOUR);
    }
    let retire = async |keep, limit| world.store.videos_retire(keep, limit).await.unwrap();
    let kept = async || needed(world, MediaKind::Video, &["b3", "b2", "b1", "b4"], None).await;
    assert_eq!((retire(4 * HOUR, 10).await, kept().await), (0, vec!["b3".into(), "b2".into(), "b1".into()]));
    // The last one is an hour old to the second.
    assert_eq!((retire(2 * HOUR, 1).await, kept().await), (1, vec!["b3".into(), "b2".into()]));
    let removed_at = Some(world.now().await);
    assert_eq!((retire(2 * HOUR, 10).await, retire(2 * HOUR, 10).await), (1, 0));
    world.pass(1);
    for (job, hash, expect) in [(0, "b1", removed_at), (1, "b2", removed_at), (2, "b3", None)] {
        let record = world.store.job_get(jobs[job].id).await.unwrap().unwrap();
        assert_eq!((record.artifact.unwrap().sha256, record.removed_at), (hash.repeat(32), expect));
        assert_eq!(world.history(jobs[job].id).await.record.removed_at, expect);
    }
    assert_eq!(world.history(jobs[3].id).await.record.removed_at, None);
    assert_eq!((retire(HOUR, 10).await, kept().await), (1, vec![]));
}

/// A video is needed as long as one of the jobs that share it has it.
pub async fn a_shared_video_is_needed_by_each(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let jobs = world.place(&account, 2).await.jobs;
    let kept = async || needed(world, MediaKind::Video, &["b1"], None).await.len();
    assert_eq!(kept().await, 0);
    done(world, jobs[0].id, "b1").await;
    world.clock.advance(HOUR);
    done(world, jobs[1].id, "b1").await;
    assert_eq!(world.store.videos_retire(HOUR, 10).await.unwrap(), 1);
    assert_eq!(kept().await, 1);
    world.clock.advance(HOUR);
    assert_eq!(world.store.videos_retire(HOUR, 10).await.unwrap(), 1);
    assert_eq!(kept().await, 0);
    // Stored again: it is promised again.
    let again = world.place(&account, 1).await.jobs[0].id;
    done(world, again, "b1").await;
    assert_eq!(kept().await, 1);
}

async fn order_of(world: &World, hash: &str) -> JobId {
    let account = world.account("telegram:1", 9).await;
    let mut new: OrderNew = sample::order_new(&world.ids, &account, 1);
    new.order.brief.photo.sha256 = hash.repeat(32);
    world.place_this(&new).await.jobs[0].id
}

/// Retention deletes a needed photo: impossible. One is needed while an order is young, and by an unfinished job for
/// however long.
pub async fn h9_a_photo_is_needed_by_its_orders(world: &World) {
    let old = order_of(world, "c1").await;
    world.clock.advance(HOUR);
    let (young, unfinished) = (order_of(world, "c2").await, order_of(world, "c3").await);
    let all = ["c4", "c3", "c2", "c1"];
    let kept = async |keep| needed(world, MediaKind::Photo, &all, keep).await;
    assert_eq!(kept(Some(Duration::ZERO)).await, ["c3", "c2", "c1"]);
    done(world, old, "b1").await;
    done(world, young, "b2").await;
    assert_eq!(kept(Some(Duration::ZERO)).await, ["c3"]);
    assert_eq!(kept(Some(HOUR)).await, ["c3", "c2"]);
    assert_eq!(kept(None).await, ["c3", "c2", "c1"]);
    // Another order of the same photo.
    let again = order_of(world, "c1").await;
    assert_eq!(kept(Some(HOUR)).await, ["c3", "c2", "c1"]);
    world.clock.advance(HOUR);
    assert_eq!(kept(Some(HOUR)).await, ["c3", "c1"]);
    for (job, hash) in [(again, "b3"), (unfinished, "b4")] {
        done(world, job, hash).await;
    }
    assert_eq!(kept(Some(HOUR)).await, Vec::<String>::new());
    assert_eq!(kept(Some(Duration::MAX)).await, ["c3", "c2", "c1"]);
    assert_eq!(needed(world, MediaKind::Photo, &[], None).await, Vec::<String>::new());
}
