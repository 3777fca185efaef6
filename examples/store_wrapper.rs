//! A store of your own around another one: it logs every call, how long it took, and whether it failed.
//!
//! ```sh
//! cargo run --package neurocards --example store_wrapper
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use neurocards::{
    AccountOpen, BriefTexts, Credits, MemoryStore, Neurocards, OrderRequest, Photo, PhotoLimits, Store,
    StoreAround, StoreCall, StoreError, SystemClock, TemplateId,
};

/// Forwards everything, and tells what it forwards.
#[derive(Debug)]
struct Logged {
    inner: Arc<dyn Store>,
}

impl StoreAround for Logged {
    fn inner(&self) -> &dyn Store {
        self.inner.as_ref()
    }

    #[expect(clippy::disallowed_methods, reason = "how long a call takes is told, and decides nothing")]
    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        let (method, began) = (call.method, Instant::now());
        let answer = call.run().await;
        let outcome = answer.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
        println!("{method}: {outcome}, {} us", began.elapsed().as_micros());
        answer
    }
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
