//! Embedding neurocards: one order, a notifier of your own, everything in memory, rendered on this machine.
//!
//! ```sh
//! cargo run --release --package neurocards --example embed
//! ```

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use neurocards::{
    AccountOpen, BriefTexts, Credits, Delivery, Neurocards, Notice, NoticeBody, Notifier, OrderEvent,
    OrderRequest, Photo, PhotoLimits, TemplateId,
};

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
    let cards = Neurocards::builder().notifier(Arc::new(Terminal)).build();
    let open = AccountOpen { account: "shop:acme".parse()?, credit_limit: Credits(3), bonus: None };
    let account = cards.account_open(&open).await?.key;

    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos/coffee-cup.jpg"))?;
    let description = "Coffee cup, 350 ml. Keeps your coffee warm for two hours. Only $12 today.";
    let order = cards
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

    let worker = cards.spawn_worker();
    let mut events = std::pin::pin!(order.events());
    while let Some(event) = events.next().await {
        match event? {
            OrderEvent::Job { index, event, .. } => println!("video {}: {:?}", index + 1, event.body),
            OrderEvent::Progress(progress) => {
                println!("video {}: {:.0} %", progress.index + 1, progress.done * 100.0)
            }
        }
    }

    println!("{:?}", cards.balance(&account).await?);
    worker.stop().await?;
    Ok(())
}
