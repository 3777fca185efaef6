//! A store of your own around another one: it logs every call, how long it took, and whether it failed.
//!
//! ```sh
//! cargo run --package neurocards --example store_wrapper
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use neurocards::{
    Account, AccountKey, AccountOpen, AttemptId, BriefTexts, Claim, Claimed, Credits, CreditsPost,
    EventCursor, Job, JobFilter, JobHistory, JobId, JobRecord, JobSeize, LateAttempt, LateClaim, LateSettle,
    LedgerEntry, LedgerFilter, MemoryStore, Neurocards, Notice, NoticeClaim, NoticeSettle, OrderId,
    OrderLine, OrderNew, OrderRecord, OrderRequest, Pause, PauseRecord, PauseScope, Photo, PhotoLimits,
    Placement, Posted, QueueStatus, Seizure, Store, StoreCapabilities, StoreError, SystemClock, TemplateId,
    Timestamp, Told, Transition, Violation, WorkerBeat,
};

/// Forwards everything, and tells what it forwards.
#[derive(Debug)]
struct Logged {
    inner: Arc<dyn Store>,
}

impl Logged {
    #[expect(clippy::disallowed_methods, reason = "how long a call takes is told, and decides nothing")]
    async fn log<T>(
        &self,
        method: &str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let answer = call.await;
        let outcome = answer.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
        println!("{method}: {outcome}, {} us", began.elapsed().as_micros());
        answer
    }
}

/// Writes the forwarding methods. A wrapper forwards what has a default in the trait too: clippy tells what is missing.
macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl Store for Logged {
            fn capabilities(&self) -> StoreCapabilities {
                self.inner.capabilities()
            }

            async fn until_news(&self) {
                self.inner.until_news().await;
            }

            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.log(stringify!($method), self.inner.$method($($argument),*)).await
            })*
        }
    };
}

forward! {
    now() -> Timestamp;
    account_open(open: &AccountOpen) -> Account;
    account_get(account: &AccountKey) -> Option<Account>;
    credits_post(post: &CreditsPost) -> Posted;
    ledger_list(filter: &LedgerFilter) -> Vec<LedgerEntry>;
    order_place(order: &OrderNew) -> Placement;
    order_get(order: OrderId) -> Option<OrderRecord>;
    jobs_claim(claim: &Claim) -> Claimed;
    jobs_extend(leases: &[(JobId, i64)], lease: Duration) -> Vec<JobId>;
    jobs_give_back(leases: &[(JobId, i64)]) -> ();
    job_seize(seize: &JobSeize) -> Seizure;
    job_apply(step: &Transition) -> bool;
    attempt_told(attempt: AttemptId, task_id: &str) -> Told;
    late_claim(claim: &LateClaim) -> Vec<LateAttempt>;
    late_settle(settle: &LateSettle) -> bool;
    job_get(job: JobId) -> Option<JobRecord>;
    jobs_list(filter: &JobFilter) -> Vec<Job>;
    job_history(job: JobId) -> Option<JobHistory>;
    notices_claim(claim: &NoticeClaim) -> Vec<Notice>;
    notice_settle(settle: &NoticeSettle) -> bool;
    audit() -> Vec<Violation>;
    queue_pause(pause: &Pause) -> bool;
    queue_resume(scope: &PauseScope) -> bool;
    queue_pauses() -> Vec<PauseRecord>;
    queue_status() -> QueueStatus;
    worker_beat(beat: &WorkerBeat) -> ();
    worker_gone(worker: &str) -> ();
    order_events(order: OrderId, after: &EventCursor, limit: u32) -> Vec<OrderLine>;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let inner = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    let cards = Neurocards::builder().store(Arc::new(Logged { inner })).build();
    let open = AccountOpen { account: "shop:acme".parse()?, credit_limit: Credits(3), bonus: None };
    let account = cards.account_open(&open).await?.key;

    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos/coffee-cup.jpg"))?;
    let description = "Coffee cup, 350 ml. Keeps your coffee warm for two hours. $12".to_owned();
    let order = cards
        .order(OrderRequest {
            account: account.clone(),
            photo: Photo::intake(&bytes, &PhotoLimits::default())?,
            texts: BriefTexts { description, ..BriefTexts::default() },
            template: TemplateId::Ad,
            count: 1,
            model: None,
            idempotency_key: None,
            max_credits: None,
        })
        .await?;
    let job = order.record().await?.ok_or("no such order")?.jobs[0].id;
    println!("cancelled: {:?}", cards.cancel(job).await?);
    println!("balance: {:?}", cards.balance(&account).await?);
    Ok(())
}
