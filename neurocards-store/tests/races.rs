//! Two sessions on one database, at the same moment, many times: whoever wins, one of them does, and the audit finds
//! nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::{
    Claim, ClaimScope, Claimed, Event, JobSeize, JobState, ManualClock, OrderNew, Placement, Seizure, Stage,
    Store, Transition,
};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::{Fixture, World, postgres, sample};

/// A commit on SQLite waits for the disk; on the test server it does not.
const SQLITE_ROUNDS: u32 = 60;
const POSTGRES_ROUNDS: u32 = 200;

/// A world, and a second session on its database.
struct Arena {
    world: World,
    other: Arc<dyn Store>,
    rounds: u32,
}

async fn sqlite() -> Arena {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let open = async || SqliteStore::open(folder.path().join("store.db"), clock.clone()).await.unwrap();
    let (one, other) = (Arc::new(open().await), Arc::new(open().await));
    let world = World::new(Fixture { store: one, clock, keep: Box::new(folder) });
    Arena { world, other, rounds: SQLITE_ROUNDS }
}

async fn postgres() -> Arena {
    let prepare = async |url: &str| PostgresStore::open(url).await.unwrap().close().await;
    let database = postgres::database(prepare).await;
    let clock = Arc::new(ManualClock::new());
    let open = async || PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap();
    let (one, other) = (Arc::new(open().await), Arc::new(open().await));
    let world = World::new(Fixture { store: one, clock, keep: database.keep });
    Arena { world, other, rounds: POSTGRES_ROUNDS }
}

/// Both at once; which one starts first changes from round to round.
async fn race<A: Send + 'static, B: Send + 'static>(
    round: u32,
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let late = async |turns: u32| {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    let one = tokio::spawn(async move {
        late(round % 5).await;
        one.await
    });
    let other = tokio::spawn(async move {
        late(round % 7).await;
        other.await
    });
    (one.await.unwrap(), other.await.unwrap())
}

async fn claim(store: Arc<dyn Store>, claim: Claim) -> Claimed {
    store.jobs_claim(&claim).await.unwrap()
}

async fn apply(store: Arc<dyn Store>, write: Transition) -> bool {
    store.job_apply(&write).await.unwrap()
}

async fn place(store: Arc<dyn Store>, order: OrderNew) -> Placement {
    store.order_place(&order).await.unwrap()
}

impl Arena {
    fn stores(&self) -> (Arc<dyn Store>, Arc<dyn Store>) {
        (self.world.store.clone(), self.other.clone())
    }

    /// A job of an account of its own, which has one credit.
    async fn job(&self, round: u32, goal: Milestone) -> JobState {
        let account = self.world.account(&format!("telegram:{round}"), 1).await;
        let job = self.world.place(&account, 1).await.jobs.remove(0);
        self.world.reach(job.id, goal).await
    }

    async fn write(&self, state: &JobState, event: Event) -> Transition {
        self.world.decide(state, event).await.0.unwrap()
    }

    async fn close(&self) {
        assert_eq!(self.world.store.audit().await.unwrap(), []);
    }
}

/// Each job goes to one of two claims.
async fn b1_claim_and_claim(arena: &Arena) {
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
    arena.close().await;
}

/// The video is stored in the moment in which another worker ends the job by its deadline.
async fn e6_success_and_deadline(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Rendered).await;
        let id = state.job.id;
        arena.world.pass(2 * 3_600);
        let stored = arena.write(&state, Event::Stored(sample::artifact())).await;
        // The other one has claimed and decided before, or does so now.
        let (a, b) = arena.stores();
        let (captured, released) = if round % 2 == 0 {
            let taken = arena.world.claim_job("late", id).await.state;
            let ended = arena.write(&taken, Event::Claimed).await;
            race(round, apply(a, stored), apply(b, ended)).await
        } else {
            let again = Claim { scope: ClaimScope::Job(id), ..arena.world.claim_of("late") };
            let (captured, claimed) = race(round, apply(a, stored), claim(b.clone(), again)).await;
            let released = match claimed.jobs.first() {
                Some(job) => apply(b, arena.write(&job.state, Event::Claimed).await).await,
                None => false,
            };
            (captured, released)
        };
        let stage = arena.world.history(id).await.record.job.stage;
        assert!(captured != released, "round {round}: captured {captured}, released {released}");
        assert_eq!(stage, if captured { Stage::Done } else { Stage::Failed }, "round {round}");
    }
    arena.close().await;
}

/// Two ends of one hold, under one epoch.
async fn h1_capture_and_release(arena: &Arena) {
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
    arena.close().await;
}

/// Two clicks on one button.
async fn a2_order_and_order_with_one_key(arena: &Arena) {
    for round in 0..arena.rounds {
        let account = arena.world.account(&format!("telegram:{round}"), 5).await;
        let first = sample::order_new(&arena.world.ids, &account, 2);
        let mut second = sample::order_new(&arena.world.ids, &account, 2);
        second.order.idempotency_key.clone_from(&first.order.idempotency_key);
        let (a, b) = arena.stores();
        match race(round, place(a, first), place(b, second)).await {
            (Placement::New(new), Placement::Existing(old))
            | (Placement::Existing(old), Placement::New(new)) => {
                assert_eq!(new.order.id, old.order.id, "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
        assert_eq!(arena.world.balances(&account).await, (3, 2), "round {round}");
    }
    arena.close().await;
}

/// Two orders, and one credit.
async fn a3_order_and_order_for_the_last_credit(arena: &Arena) {
    for round in 0..arena.rounds {
        let account = arena.world.account(&format!("telegram:{round}"), 1).await;
        let order = || sample::order_new(&arena.world.ids, &account, 1);
        let (a, b) = arena.stores();
        let placed = race(round, place(a, order()), place(b, order())).await;
        assert!(
            matches!(
                placed,
                (Placement::New(_), Placement::NotEnough { .. })
                    | (Placement::NotEnough { .. }, Placement::New(_))
            ),
            "round {round}: {placed:?}"
        );
        assert_eq!(arena.world.balances(&account).await, (0, 1), "round {round}");
    }
    arena.close().await;
}

/// The buyer takes the job back, its worker is about to send it, and another one comes for it.
async fn seize_and_claim_and_apply(arena: &Arena) {
    for round in 0..arena.rounds {
        let state = arena.job(round, Milestone::Intent).await;
        let id = state.job.id;
        // In every other round the lease is over as well.
        arena.world.pass(if round % 2 == 0 { 3_000 } else { 1 });
        let sent = arena.write(&state, Event::Uploaded).await;
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
    arena.close().await;
}

macro_rules! races {
    ($($race:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $race() {
                    super::$race(&super::sqlite().await).await;
                }
            )*
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $race() {
                    super::$race(&super::postgres().await).await;
                }
            )*
        }
    };
}

races!(
    b1_claim_and_claim,
    e6_success_and_deadline,
    h1_capture_and_release,
    a2_order_and_order_with_one_key,
    a3_order_and_order_for_the_last_credit,
    seize_and_claim_and_apply,
);
