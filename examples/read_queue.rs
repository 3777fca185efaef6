//! The queue and the newest jobs of an SQLite file, also while workers of other processes use it.
//!
//! ```sh
//! cargo run --package neurocards --example read_queue -- ~/.local/share/neurocards/neurocards.db
//! ```
//!
//! Without a path it makes a file of its own, with one order.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use neurocards::store::SqliteStore;
use neurocards::{
    AccountOpen, BriefTexts, Credits, JobFilter, Neurocards, OrderRequest, Photo, PhotoLimits, Store,
    SystemClock, TemplateId,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Some(path) = std::env::args().nth(1) {
        // A missing file would be created, which is no way to read a queue.
        std::fs::metadata(&path)?;
        return show(&open(Path::new(&path)).await?).await;
    }
    let folder = tempfile::tempdir()?;
    let store = Arc::new(open(&folder.path().join("neurocards.db")).await?);
    order(store.clone()).await?;
    show(&store).await?;
    store.close().await;
    Ok(())
}

async fn open(path: &Path) -> Result<SqliteStore, Box<dyn Error>> {
    Ok(SqliteStore::open(path, Arc::new(SystemClock::new())).await?)
}

async fn show(store: &SqliteStore) -> Result<(), Box<dyn Error>> {
    let queue = store.queue_status().await?;
    println!("at {}", queue.at);
    for stage in &queue.stages {
        println!(
            "{:>8}: {} jobs, {} due, {} leased, {} paused",
            stage.stage.as_str(),
            stage.jobs,
            stage.due,
            stage.leased,
            stage.paused
        );
    }
    println!(
        "under way: {}, pauses: {}, workers: {}",
        queue.under_way(),
        queue.pauses.len(),
        queue.workers.len()
    );
    for job in store.jobs_list(&JobFilter { limit: 20, ..JobFilter::default() }).await? {
        println!("{} of {}: {}, {}", job.id, job.account, job.status(), job.model);
    }
    Ok(())
}

async fn order(store: Arc<SqliteStore>) -> Result<(), Box<dyn Error>> {
    let cards = Neurocards::builder().store(store).build();
    let open = AccountOpen { account: "shop:acme".parse()?, credit_limit: Credits(3), bonus: None };
    let account = cards.account_open(&open).await?.key;
    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos/coffee-cup.jpg"))?;
    let description = "Coffee cup, 350 ml. Keeps your coffee warm for two hours. $12".to_owned();
    let request = OrderRequest {
        account,
        photo: Photo::intake(&bytes, &PhotoLimits::default())?,
        texts: BriefTexts { description, ..BriefTexts::default() },
        template: TemplateId::Ad,
        count: 2,
        model: None,
        idempotency_key: None,
        max_credits: None,
    };
    cards.order(request).await?;
    Ok(())
}
