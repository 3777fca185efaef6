//! Embedding neurocards: one order, a notifier of your own, everything in memory, rendered on this machine.
//!
//! ```sh
//! cargo run --release --package neurocards --example embed
//! ```

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use neurocards::preview::PreviewProvider;
use neurocards::{
    AccountOpen, BriefTexts, Credits, Delivery, Engine, Media, MemoryStore, Notice, NoticeBody, Notifier,
    OrderEvent, OrderRequest, Photo, PhotoLimits, RunOptions, SystemClock, TemplateId,
};
use tokio_util::sync::CancellationToken;

/// Tells people on the terminal. Yours would send a mail or a push.
#[derive(Debug)]
struct Terminal;

#[async_trait]
impl Notifier for Terminal {
    fn channels(&self) -> Vec<String> {
        vec!["shop:".to_owned()]
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    async fn deliver(&self, notice: &Notice) -> Delivery {
        match &notice.body {
            NoticeBody::Started { videos, held } => {
                println!("to {}: {videos} under way, {held} held", notice.account)
            }
            NoticeBody::Result { artifact } => {
                println!("to {}: your video, {} ms", notice.account, artifact.duration_ms)
            }
            other => println!("to {}: {other:?}", notice.account),
        }
        Delivery::Sent { receipt: None }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(SystemClock::new());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let media = Media::in_memory();
    let engine = Engine::builder(store, media.clone())
        .provider(Arc::new(PreviewProvider::new(media, clock)))
        .notifier(Arc::new(Terminal))
        .build();

    let account: neurocards::AccountKey = "shop:acme".parse()?;
    let open = AccountOpen { account: account.clone(), credit_limit: Credits(3), bonus: None };
    engine.store().account_open(&open).await?;

    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos/coffee-cup.jpg"))?;
    let description = "Coffee cup, 350 ml. Keeps your coffee warm for two hours. Only $12 today.";
    let order = engine
        .order(OrderRequest {
            account: account.clone(),
            photo: Photo::intake(&bytes, &PhotoLimits::default())?,
            texts: BriefTexts { description: description.to_owned(), ..BriefTexts::default() },
            template: TemplateId::Ad,
            count: 1,
            model: None,
            idempotency_key: Some("cart-7".to_owned()),
            max_credits: Some(Credits(1)),
        })
        .await?;

    let stop = CancellationToken::new();
    let worker = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });

    let mut events = std::pin::pin!(order.events());
    while let Some(event) = events.next().await {
        match event? {
            OrderEvent::Job { index, event, .. } => println!("video {}: {:?}", index + 1, event.body),
            OrderEvent::Progress(progress) => {
                println!("video {}: {:.0} %", progress.index + 1, progress.done * 100.0)
            }
        }
    }

    let balance = engine.store().account_get(&account).await?;
    println!("{balance:?}");
    stop.cancel();
    worker.await??;
    Ok(())
}
