//! Two workers, one job.

use neurocards_core::{AttemptState, Claim, ClaimScope, Event, JobSeize, Seizure, Stage};
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::sample;

use crate::{Arena, apply, claim, race};

/// Each job goes to one of two claims.
pub(crate) async fn b1_claim_and_claim(arena: &Arena) {
    let account = arena.world.account("telegram:7", i64::from(arena.rounds) * 3).await;
    for round in 0..arena.rounds {
        let order = arena.world.place(&account, 3).await.order.id;
        let scope = ClaimScope::Order(order);
        let (a, b) = arena.stores();
        let first = Claim { scope, ..arena.world.claim_of("a") };
        let second = Claim { scope, ..arena.world.claim_of("b") };
        let (one, other) = race(round, claim(a, first), claim(b, second)).await;
        let mut ids: Vec<_> = one.jobs.iter().chain(&other.jobs).map(|job| job.state.job.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), one.jobs.len() + other.jobs.len()), (3, 3), "round {round}");
    }
}

/// A worker whose lease ran out and its successor are both about to send: one of them writes that it does.
pub(crate) async fn d7_send_and_send(arena: &Arena) {
    for round in 0..arena.rounds {
        let old = arena.job(round, Milestone::Intent).await;
        let id = old.job.id;
        let late = arena.write(&old, sample::uploaded()).await;
        arena.world.clock.advance(arena.world.policy.lease);
        let (a, b) = arena.stores();
        let (sent, again) = if round % 2 == 0 {
            let new = arena.world.claim_job("new", id).await.state;
            let write = arena.write(&new, sample::uploaded()).await;
            race(round, apply(a, late), apply(b, write)).await
        } else {
            let next = Claim { scope: ClaimScope::Job(id), ..arena.world.claim_of("new") };
            let (sent, claimed) = race(round, apply(a, late), claim(b.clone(), next.clone())).await;
            let claimed = if claimed.jobs.is_empty() { claim(b.clone(), next).await } else { claimed };
            let new = &claimed.jobs[0].state;
            // The successor of a worker that has sent does not send.
            let write = match new.attempt.as_ref().map(|attempt| attempt.state) {
                Some(AttemptState::Intent) => arena.write(new, sample::uploaded()).await,
                _ => arena.write(new, Event::Claimed).await,
            };
            let again = write.to == Stage::Submit && apply(b, write).await;
            (sent, again)
        };
        assert!(sent != again, "round {round}: sent by the old one {sent}, by the new one {again}");
        let attempts = arena.world.history(id).await.attempts;
        assert_eq!((attempts.len(), attempts[0].sent_at.is_some()), (1, true), "round {round}");
    }
}

/// The video is stored in the moment in which another worker ends the job by its deadline.
pub(crate) async fn e6_success_and_deadline(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Rendered).await;
        let id = state.job.id;
        arena.world.pass(2 * 3_600);
        let stored = arena.write(&state, Event::Stored(sample::artifact())).await;
        // The other one has claimed and decided before, or does so now; it has no place to store the video.
        let late = || Event::StorageFailed(sample::fault(neurocards_core::FaultClass::Temporary));
        let (a, b) = arena.stores();
        let (captured, released) = if round % 2 == 0 {
            let taken = arena.world.claim_job("late", id).await.state;
            let ended = arena.write(&taken, late()).await;
            race(round, apply(a, stored), apply(b, ended)).await
        } else {
            let again = Claim { scope: ClaimScope::Job(id), ..arena.world.claim_of("late") };
            let (captured, claimed) = race(round, apply(a, stored), claim(b.clone(), again)).await;
            let released = match claimed.jobs.first() {
                Some(job) => apply(b, arena.write(&job.state, late()).await).await,
                None => false,
            };
            (captured, released)
        };
        let stage = arena.world.history(id).await.record.job.stage;
        assert!(captured != released, "round {round}: captured {captured}, released {released}");
        assert_eq!(stage, if captured { Stage::Done } else { Stage::Failed }, "round {round}");
    }
}

/// Two ends of one hold, under one epoch.
pub(crate) async fn h1_capture_and_release(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Rendered).await;
        let capture = arena.write(&state, Event::Stored(sample::artifact())).await;
        let mut spent = state.clone();
        spent.job.stumbles = arena.world.policy.max_stumbles;
        let fault = sample::fault(neurocards_core::FaultClass::Temporary);
        let release = arena.write(&spent, Event::FetchFailed(fault)).await;
        assert_eq!((capture.to, release.to), (Stage::Done, Stage::Failed));
        let (a, b) = arena.stores();
        let (captured, released) = race(round, apply(a, capture), apply(b, release)).await;
        assert!(captured != released, "round {round}: captured {captured}, released {released}");
        let balances = arena.world.balances(&state.job.account).await;
        assert_eq!(balances, (i64::from(released), 0), "round {round}");
    }
}

/// A lease has just run out. Whoever takes the job, and the former holder who ends it, renews it or gives it back: one
/// of them comes first, and what is over does not live again.
pub(crate) async fn h8_claim_and_the_former_holder(arena: &Arena) {
    for round in 0..arena.rounds {
        let old = arena.job(round, Milestone::Rendered).await;
        let (id, lease) = (old.job.id, [(old.job.id, old.job.lease_epoch)]);
        let done = arena.write(&old, Event::Stored(sample::artifact())).await;
        arena.world.clock.advance(arena.world.policy.lease);
        let next = Claim { scope: ClaimScope::Job(id), ..arena.world.claim_of("new") };
        let ((a, b), length) = (arena.stores(), arena.world.policy.lease);
        let claiming = claim(b.clone(), next.clone());
        match round % 3 {
            0 => {
                let (captured, claimed) = race(round, apply(a, done), claiming).await;
                assert_eq!(captured, claimed.jobs.is_empty(), "round {round}: ended or taken");
                let job = arena.world.history(id).await.record.job;
                assert_eq!(job.stage == Stage::Done, captured, "round {round}");
                assert_eq!(job.wake_at.is_none(), captured, "round {round}: nothing wakes it again");
            }
            1 => {
                let renewing = async move { a.jobs_extend(&lease, length).await.unwrap() };
                let (kept, claimed) = race(round, renewing, claiming).await;
                assert_eq!(kept.is_empty(), claimed.jobs.len() == 1, "round {round}: renewed or taken");
            }
            _ => {
                let returning = async move { a.jobs_give_back(&lease).await.unwrap() };
                let ((), claimed) = race(round, returning, claiming).await;
                // Somebody writes to the row: a claim on PostgreSQL passes it over, and comes again.
                let claimed = if claimed.jobs.is_empty() { claim(b, next).await } else { claimed };
                assert_eq!(claimed.jobs.len(), 1, "round {round}: due either way");
                let job = arena.world.history(id).await.record.job;
                assert_eq!(
                    job.lease_owner.as_deref(),
                    Some("new"),
                    "round {round}: the return is not its own"
                );
            }
        }
    }
}

/// The buyer takes the job back, its worker is about to send it, and another one comes for it.
pub(crate) async fn seize_and_claim_and_apply(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Intent).await;
        let id = state.job.id;
        // In every other round the lease is over as well.
        arena.world.pass(if round % 2 == 0 { 3_000 } else { 1 });
        let sent = arena.write(&state, sample::uploaded()).await;
        let seize = JobSeize { job: id, worker: "buyer".to_owned(), lease: arena.world.policy.lease };
        let again = Claim { scope: ClaimScope::Job(id), ..arena.world.claim_of("late") };
        let (a, b) = arena.stores();
        let sending = apply(a.clone(), sent);
        let taking = race(round / 2, claim(a, again), async move { b.job_seize(&seize).await.unwrap() });
        let (sent, (_, seized)) = race(round, sending, taking).await;
        let cancelled = match &seized {
            Seizure::Seized(job) => {
                apply(arena.other.clone(), arena.write(&job.state, Event::CancelRequested).await).await
            }
            _ => false,
        };
        assert!(!(sent && cancelled), "round {round}: it is sent, and the credit is back");
        let history = arena.world.history(id).await;
        let marked = history.attempts.iter().any(|attempt| attempt.sent_at.is_some());
        assert_eq!(marked, sent, "round {round}: a lost write is visible");
        assert_eq!(history.record.job.stage == Stage::Cancelled, cancelled, "round {round}");
        assert_eq!(arena.world.balances(&state.job.account).await.0, i64::from(cancelled), "round {round}");
    }
}
