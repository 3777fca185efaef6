//! Carries one order from its placing to its last notice, in a process of its own, and dies where it is told to:
//! `one-order FOLDER STORE LOOKUP LATER [POINT]`. `STORE` is a file or a `postgres:` url, `LOOKUP` is `true` when the
//! provider can look a submission up, `LATER` is by how many seconds the store's clock is ahead: a second process that
//! comes when all leases are over need not wait for that.

mod later;
mod outside;
mod points;
mod store;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    AccountOpen, BriefTexts, Clock, Credits, Engine, Media, NoticeState, OrderHandle, OrderRequest, Photo,
    PhotoLimits, Policy, RunOptions, Store, StoreError, SystemClock, TemplateId,
};
use neurocards_store::{PostgresStore, SqliteStore};
use tokio_util::sync::CancellationToken;

use self::later::LaterClock;
use self::outside::{FolderNotifier, FolderPrompts, FolderProvider};
use self::points::Points;
use self::store::MortalStore;

async fn open(store: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, Box<dyn Error>> {
    if store.starts_with("postgres:") {
        return Ok(Arc::new(PostgresStore::open_with_clock(store, clock).await?));
    }
    Ok(Arc::new(SqliteStore::open(store, clock).await?))
}

fn engine(store: Arc<dyn Store>, folder: &Path, lookup: bool, points: &Arc<Points>) -> Engine {
    let media = Media::in_folder(&folder.join("media")).unwrap_or_else(|error| panic!("{error}"));
    // Shorter than what a second process is later by: what is in doubt then ends at once.
    let policy = Policy { unknown_grace: Duration::from_secs(45), ..Policy::default() };
    Engine::builder(Arc::new(MortalStore { inner: store, points: points.clone() }), media)
        .provider(Arc::new(FolderProvider::new(folder, lookup, points.clone())))
        .prompts(Arc::new(FolderPrompts::new(folder, points.clone())))
        .notifier(Arc::new(FolderNotifier { folder: folder.to_owned(), points: points.clone() }))
        .policy(policy)
        .build()
}

async fn place(engine: &Engine) -> Result<OrderHandle, Box<dyn Error>> {
    let account: neurocards_core::AccountKey = "shop:test".parse()?;
    let open = AccountOpen { account: account.clone(), credit_limit: Credits(5), bonus: None };
    engine.store().account_open(&open).await?;
    let picture = include_bytes!("../../../frontends/cli/assets/self-check.png");
    let request = OrderRequest {
        account,
        photo: Photo::intake(picture, &PhotoLimits::default())?,
        texts: BriefTexts { description: "Coffee cup".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ad,
        count: 1,
        model: None,
        idempotency_key: Some("key".to_owned()),
        max_credits: None,
    };
    Ok(engine.order(request).await?)
}

/// Waits until the order is over and every notice of it has come to an end.
async fn wait(engine: &Engine, order: &OrderHandle, clock: &SystemClock) -> Result<(), StoreError> {
    let Some(record) = order.wait().await? else { return Ok(()) };
    for job in &record.jobs {
        loop {
            let history = engine.store().job_history(job.id).await?;
            let open = |state| matches!(state, NoticeState::Pending | NoticeState::Sending);
            if history.is_none_or(|history| history.notices.iter().all(|notice| !open(notice.state))) {
                break;
            }
            clock.sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name: &'static str| arguments.next().ok_or(name);
    let (folder, store) = (PathBuf::from(argument("FOLDER")?), argument("STORE")?);
    let (lookup, clock) = (argument("LOOKUP")?.parse()?, LaterClock::by(&argument("LATER")?)?);
    let points = Arc::new(Points::new(&folder, argument("POINT").ok()));
    let engine = engine(open(&store, Arc::new(clock)).await?, &folder, lookup, &points);
    let order = place(&engine).await?;
    let stop = CancellationToken::new();
    let (ran, waited) = tokio::join!(engine.run(RunOptions::default(), stop.clone()), async {
        let waited = wait(&engine, &order, &SystemClock::new()).await;
        stop.cancel();
        waited
    });
    ran?;
    Ok(waited?)
}
