//! Two sessions on one database, at the same moment, many times: whoever wins, one of them does, and the audit finds
//! nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

mod callbacks;
mod jobs;
mod notices;
mod orders;
mod resources;

use std::sync::Arc;

use neurocards_core::{Claim, Claimed, Event, JobState, ManualClock, OrderNew, Placement, Store, Transition};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::{Fixture, World, postgres};

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

/// The audit ends every race.
macro_rules! races {
    ($($room:ident: $($race:ident),+;)+) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $race() {
                    let arena = crate::sqlite().await;
                    crate::$room::$race(&arena).await;
                    arena.close().await;
                }
            )+)+
        }

        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $race() {
                    let arena = crate::postgres().await;
                    crate::$room::$race(&arena).await;
                    arena.close().await;
                }
            )+)+
        }
    };
}

races! {
    orders: a2_order_and_order_with_one_key, a3_order_and_order_for_the_last_credit, a8_order_and_claim,
        h2_post_and_post_with_one_reference;
    jobs: b1_claim_and_claim, d7_send_and_send, e6_success_and_deadline, h1_capture_and_release,
        h8_claim_and_the_former_holder, seize_and_claim_and_apply;
    callbacks: d6_adopt_and_reply, e1_callback_and_callback, e5_gift_and_gift, e5_release_and_callback;
    notices: g8_sender_and_sender, g3_late_answer_and_next_sender;
    resources: fault_and_fault, fault_and_success, probe_and_probe, operator_and_success, slot_and_slot;
}
