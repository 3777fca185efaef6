//! Valid values for tests: briefs, orders, prompts, artifacts, ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use neurocards_core::{
    AccountKey, Artifact, AttemptId, Brief, BriefTexts, Clock, Credits, EntryId, Event, Fault, FaultClass,
    FreshIds, JobId, Lang, NoticeId, Order, OrderId, OrderNew, PhotoRef, Prompt, Route, Script, TemplateId,
    Timestamp,
};

/// The provider of sample orders.
pub const PROVIDER: &str = "memory";
/// The model of sample orders.
pub const MODEL: &str = "memory/video";

/// Ids that rise in the order in which they were made, also within one millisecond.
#[derive(Debug, Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    made: Arc<AtomicU64>,
}

impl Ids {
    /// Ids that carry the clock's time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, made: Arc::default() }
    }

    fn next(&self) -> (Timestamp, [u8; 10]) {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&made.to_be_bytes());
        (self.clock.now(), bytes)
    }

    /// An order's id.
    pub fn order(&self) -> OrderId {
        let (at, bytes) = self.next();
        OrderId::new(at, bytes)
    }

    /// A job's id.
    pub fn job(&self) -> JobId {
        let (at, bytes) = self.next();
        JobId::new(at, bytes)
    }

    /// An attempt's id.
    pub fn attempt(&self) -> AttemptId {
        let (at, bytes) = self.next();
        AttemptId::new(at, bytes)
    }

    /// A ledger entry's id.
    pub fn entry(&self) -> EntryId {
        let (at, bytes) = self.next();
        EntryId::new(at, bytes)
    }

    /// A notice's id.
    pub fn notice(&self) -> NoticeId {
        let (at, bytes) = self.next();
        NoticeId::new(at, bytes)
    }

    /// Ids for one step of the lifecycle.
    pub fn fresh(&self) -> FreshIds {
        FreshIds { attempt: self.attempt(), entry: self.entry(), notice: self.notice() }
    }
}

/// An account key that a test writes down.
///
/// # Panics
/// The key is not valid.
pub fn account(key: &str) -> AccountKey {
    key.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A brief: a coffee cup, template `ugc`.
pub fn brief() -> Brief {
    brief_of("Кофейная чашка 350 мл, матовая керамика")
}

/// A brief with this description.
pub fn brief_of(description: &str) -> Brief {
    Brief {
        photo: PhotoRef { sha256: "5e".repeat(32), width: 900, height: 1200 },
        description: description.to_owned(),
        template: TemplateId::Ugc,
        wishes: BriefTexts::default().wishes,
        own_prompt: None,
        lang: Lang::detect(description),
    }
}

/// An order of `count` videos at one credit each, with an idempotency key of its own.
pub fn order_new(ids: &Ids, account: &AccountKey, count: u32) -> OrderNew {
    let (id, brief) = (ids.order(), brief());
    OrderNew {
        order: Order {
            id,
            account: account.clone(),
            idempotency_key: format!("key-{id}"),
            fingerprint: Order::fingerprint_of(&brief, count, MODEL),
            brief,
            count,
            model: MODEL.to_owned(),
            created_at: ids.clock.now(),
        },
        provider: PROVIDER.to_owned(),
        jobs: (0..count).map(|_| (ids.job(), ids.entry())).collect(),
        price: Credits(1),
        deadline: Duration::from_secs(3_600),
        started: ids.notice(),
    }
}

/// A prompt.
pub fn prompt() -> Prompt {
    Prompt {
        text: "A matte ceramic cup turns slowly on a wooden table, morning light, vertical 9:16".to_owned(),
        script: Script {
            hook: "Утро начинается здесь".to_owned(),
            benefit: "350 мл тепла".to_owned(),
            call_to_action: "Закажите сегодня".to_owned(),
        },
        source: "offline".to_owned(),
        usage: None,
    }
}

/// The prompt is written, for the model that was ordered.
pub fn built() -> Event {
    Event::PromptBuilt { prompt: prompt(), fault: None, route: Box::new(go(MODEL)) }
}

/// The next attempt goes to this model.
pub fn go(model: &str) -> Route {
    Route::Go { model: model.to_owned(), reason: "default".to_owned(), text: None }
}

/// The photo is with the provider, which has several keys.
pub fn uploaded() -> Event {
    let reason = Some("account B: account A has no credits".to_owned());
    Event::Uploaded { key: Some("5e884898".to_owned()), reason }
}

/// A video's facts.
pub fn artifact() -> Artifact {
    Artifact {
        sha256: "a7".repeat(32),
        bytes: 1_234_567,
        codec: "avc1.42c01f".to_owned(),
        width: 720,
        height: 1280,
        duration_ms: 8_000,
        sound: false,
    }
}

/// A fault of this class.
pub fn fault(class: FaultClass) -> Fault {
    Fault::new(class, "said the other side").with_code("500")
}
