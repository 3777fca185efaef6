//! Who works on which job.

use std::collections::HashSet;
use std::time::Duration;

use neurocards_core::{Claim, ClaimScope, ClaimedJob, JobId, OrderNew, Room};

use super::{Milestone, World};
use crate::sample;

fn ids(jobs: &[ClaimedJob]) -> Vec<JobId> {
    jobs.iter().map(|claimed| claimed.state.job.id).collect()
}

/// Within a lane by the time at which they became due, as many as there is room for.
pub async fn the_longest_due_come_first(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let mut placed = Vec::new();
    for _ in 0..4 {
        placed.push(world.place(&account, 1).await.jobs[0].id);
        world.pass(1);
    }
    for (job, goal) in placed.iter().zip([
        Milestone::Accepted,
        Milestone::Accepted,
        Milestone::Rendered,
        Milestone::Accepted,
    ]) {
        world.reach(*job, goal).await;
    }
    let (lease, room) = (world.policy.lease, Room { submit: 0, read: 2, store: 1 });
    world.clock.advance(lease);
    world.pass(1);
    // The first one goes to the back: it was given back last.
    let held = world.claim_job("w", placed[0]).await;
    world.store.jobs_give_back(&[(placed[0], held.state.job.lease_epoch)]).await.unwrap();
    let claim = Claim { room, ..world.claim_of("w") };
    let mut first = ids(&world.claim(&claim).await.jobs);
    first.sort_unstable();
    assert_eq!(first, [placed[1], placed[2], placed[3]]);
    assert_eq!(ids(&world.claim(&claim).await.jobs), [placed[0]]);
    assert_eq!(ids(&world.claim(&claim).await.jobs), []);
    world.clock.advance(lease);
    assert_eq!(ids(&world.claim(&Claim { room: Room::each(0), ..claim.clone() }).await.jobs), []);
    let fetcher = Claim { room: Room { read: 0, ..room }, ..claim };
    let fetched = world.claim(&fetcher).await;
    assert_eq!((ids(&fetched.jobs), fetched.next_due), (vec![placed[2]], Some(lease)));
}

/// Jobs that have not begun take turns between accounts, in the order of placing; what has begun goes before them.
pub async fn accounts_take_turns(world: &World) {
    let (many, few) = (world.account("telegram:1", 60).await, world.account("telegram:2", 9).await);
    let mut backlog = Vec::new();
    for _ in 0..3 {
        backlog.extend(world.place(&many, 20).await.jobs.into_iter().map(|job| job.id));
        world.pass(1);
    }
    let claim = |jobs| Claim { room: Room::each(jobs), ..world.claim_of("w") };
    assert_eq!(ids(&world.claim(&claim(3)).await.jobs), backlog[..3]);
    // The queue has come to the turn 0, which is still being worked on: the newcomer shares it.
    let new: Vec<_> = world.place(&few, 2).await.jobs.into_iter().map(|job| job.id).collect();
    let next = ids(&world.claim(&claim(3)).await.jobs);
    assert!(next.contains(&new[0]) && next.contains(&new[1]), "{next:?}");
    for job in backlog.iter().take(3).chain(&new) {
        let state = world.store.job_history(*job).await.unwrap().unwrap();
        let state = neurocards_core::JobState { job: state.record.job, attempt: None };
        world.advance(state, sample::built()).await;
    }
    // Three of the backlog's turns are over by now, and its fourth was claimed: a newcomer begins with it.
    let late = world.place(&few, 1).await.jobs[0].id;
    let next = ids(&world.claim(&claim(2)).await.jobs);
    assert!(next.contains(&late), "{next:?}");
    // Leases end: what has begun comes first.
    world.clock.advance(world.policy.lease);
    let next = ids(&world.claim(&claim(5)).await.jobs);
    assert!(next.iter().all(|job| backlog[..3].contains(job) || new.contains(job)), "{next:?}");
}

/// A claim takes only what it asked for.
pub async fn scope_and_provider_are_kept(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let one = world.place(&account, 2).await;
    let new = sample::order_new(&world.ids, &account, 1);
    let other = world.place_this(&OrderNew { provider: "other".to_owned(), ..new }).await;
    let claim =
        |scope, provider: &str| Claim { scope, providers: vec![provider.to_owned()], ..world.claim_of("w") };
    let of_job = claim(ClaimScope::Job(one.jobs[1].id), sample::PROVIDER);
    assert_eq!(ids(&world.claim(&of_job).await.jobs), [one.jobs[1].id]);
    let strangers = claim(ClaimScope::Order(one.order.id), "other");
    let nothing = world.claim(&strangers).await;
    assert_eq!((ids(&nothing.jobs), nothing.next_due), (vec![], None));
    let of_order = claim(ClaimScope::Order(one.order.id), sample::PROVIDER);
    assert_eq!(ids(&world.claim(&of_order).await.jobs), [one.jobs[0].id]);
    assert_eq!(ids(&world.claim(&world.claim_of("w")).await.jobs), []);
    let nobody = Claim { providers: vec![], ..world.claim_of("w") };
    assert_eq!(ids(&world.claim(&nobody).await.jobs), []);
    let both =
        Claim { providers: vec!["other".to_owned(), sample::PROVIDER.to_owned()], ..world.claim_of("w") };
    assert_eq!(ids(&world.claim(&both).await.jobs), [other.jobs[0].id]);
}

/// How long until there is something to do, the claimed jobs' leases included.
pub async fn the_next_due_is_told(world: &World) {
    let nothing = world.claim(&world.claim_of("w")).await;
    assert_eq!(nothing.next_due, None);
    let account = world.account("telegram:1", 9).await;
    world.place(&account, 3).await;
    let one = Claim { room: Room::each(1), ..world.claim_of("w") };
    assert_eq!(world.claim(&one).await.next_due, Some(Duration::ZERO));
    assert_eq!(world.claim(&world.claim_of("w")).await.next_due, Some(world.policy.lease));
    world.pass(10);
    let idle = world.claim(&world.claim_of("w")).await;
    assert_eq!(
        (ids(&idle.jobs), idle.next_due),
        (vec![], Some(world.policy.lease - Duration::from_secs(10)))
    );
}

/// The job under its lease, its order, its latest attempt, the time.
pub async fn a_claim_brings_what_the_lifecycle_needs(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let record = world.place(&account, 2).await;
    let first = record.jobs[0].id;
    let state = world.reach(first, Milestone::Intent).await;
    world.pass(60);
    let claimed = world.claim(&world.claim_of("second")).await.jobs;
    assert_eq!(claimed.len(), 2);
    for claimed in &claimed {
        assert_eq!(claimed.order, record.order);
        assert_eq!(claimed.claimed_at, world.now().await);
        let job = &claimed.state.job;
        assert_eq!(job.lease_owner.as_deref(), Some("second"));
        assert_eq!(job.wake_at, Some(world.now().await + world.policy.lease));
        assert_eq!(world.history(job.id).await.record.job, *job);
    }
    let again = claimed.iter().find(|claimed| claimed.state.job.id == first).unwrap();
    assert_eq!(again.state.attempt, state.attempt);
    assert_eq!(again.state.job.lease_epoch, state.job.lease_epoch + 1);
}

/// A lease that ran out is due; the epoch rises.
pub async fn b2_an_expired_lease_is_claimed_again(world: &World) {
    let job = world.job().await.id;
    assert_eq!(world.claim_job("one", job).await.state.job.lease_epoch, 1);
    world.pass(29);
    assert_eq!(ids(&world.claim(&world.claim_of("two")).await.jobs), []);
    world.pass(1);
    let again = world.claim_job("two", job).await.state.job;
    assert_eq!((again.lease_epoch, again.lease_owner.as_deref()), (2, Some("two")));
}

/// Each claim counts as a crash until the job takes a step.
pub async fn b5_crashes_count_until_a_step(world: &World) {
    let job = world.job().await.id;
    let mut state = world.claim_job("w", job).await.state;
    for crashes in 1..4 {
        assert_eq!(state.job.crashes, crashes);
        state = world.reclaim("w", job).await;
    }
    state = world.advance(state, sample::built()).await;
    assert_eq!(state.job.crashes, 0);
    assert_eq!(world.reclaim("w", job).await.job.crashes, 1);
}

/// Given back means due at once, and no crash.
pub async fn b9_given_back_is_not_counted(world: &World) {
    let job = world.job().await.id;
    world.claim_job("w", job).await;
    world.store.jobs_give_back(&[(job, 1)]).await.unwrap();
    let back = world.history(job).await.record.job;
    assert_eq!((back.crashes, back.lease_owner, back.lease_epoch), (0, None, 1));
    assert_eq!(back.wake_at, Some(world.now().await));
    assert_eq!(world.claim_job("w", job).await.state.job.crashes, 1);
    // With an old epoch nothing happens, and neither with no lease at all.
    let before = world.snapshot(job).await;
    world.store.jobs_give_back(&[(job, 1)]).await.unwrap();
    world.store.jobs_give_back(&[]).await.unwrap();
    assert_eq!(world.snapshot(job).await, before);
    world.store.jobs_give_back(&[(job, 2)]).await.unwrap();
    let twice = world.snapshot(job).await;
    world.pass(1);
    world.store.jobs_give_back(&[(job, 2)]).await.unwrap();
    assert_eq!(world.snapshot(job).await, twice);
}

/// Leases are renewed under the epoch of their claim only.
pub async fn only_own_leases_are_extended(world: &World) {
    let account = world.account("telegram:1", 9).await;
    let jobs: Vec<_> = world.place(&account, 3).await.jobs.iter().map(|job| job.id).collect();
    for job in &jobs {
        world.claim_job("w", *job).await;
    }
    world.store.jobs_give_back(&[(jobs[1], 1)]).await.unwrap();
    world.pass(20);
    let leases = [(jobs[2], 1), (jobs[1], 1), (jobs[0], 1), (world.ids.job(), 1)];
    let kept = world.store.jobs_extend(&leases, world.policy.lease).await.unwrap();
    assert_eq!(kept, [jobs[2], jobs[0]]);
    assert_eq!(world.history(jobs[0]).await.record.job.wake_at, Some(world.now().await + world.policy.lease));
    assert_eq!(world.store.jobs_extend(&[(jobs[0], 0), (jobs[2], 2)], world.policy.lease).await.unwrap(), []);
    assert_eq!(world.store.jobs_extend(&[], world.policy.lease).await.unwrap(), []);
    world.pass(29);
    assert_eq!(ids(&world.claim(&world.claim_of("other")).await.jobs), [jobs[1]]);
}

/// Jobs go to one claimer each, however many claim at the same moment.
pub async fn b1_two_claimers_never_share(world: &World) {
    let account = world.account("telegram:1", 60).await;
    for _ in 0..3 {
        world.place(&account, 20).await;
    }
    let claimers = (0..4).map(|n| {
        let (store, claim) =
            (world.store.clone(), Claim { room: Room::each(7), ..world.claim_of(&format!("w{n}")) });
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let jobs = store.jobs_claim(&claim).await.unwrap().jobs;
                if jobs.is_empty() {
                    return taken;
                }
                taken.extend(ids(&jobs));
            }
        })
    });
    let taken = futures::future::join_all(claimers).await;
    let taken: Vec<_> = taken.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!((taken.len(), taken.iter().collect::<HashSet<_>>().len()), (60, 60));
}

/// At every moment of its life an unfinished job has a timer or a lease, and somebody can take it when that is over.
pub async fn b8_an_unfinished_job_always_has_a_timer(world: &World) {
    let account = world.account("telegram:1", 9).await;
    for goal in [
        Milestone::Prompt,
        Milestone::Intent,
        Milestone::Sent,
        Milestone::Accepted,
        Milestone::InDoubt,
        Milestone::Rendered,
    ] {
        let id = world.place(&account, 1).await.jobs[0].id;
        let state = world.reach(id, goal).await;
        assert!(state.job.wake_at.is_some(), "{goal:?}");
        // Whoever has it says nothing any more.
        let state = world.reclaim("next", id).await;
        world.store.jobs_give_back(&[(id, state.job.lease_epoch)]).await.unwrap();
        let given_back = world.history(id).await.record.job;
        assert_eq!((given_back.wake_at, given_back.lease_owner), (Some(world.now().await), None), "{goal:?}");
        world.claim_job("w", id).await;
    }
    let id = world.place(&account, 1).await.jobs[0].id;
    assert_eq!(world.reach(id, Milestone::Done).await.job.wake_at, None);
}
