//! KIE.ai for neurocards.
//!
//! [`KieProvider`] is a `VideoProvider` over three rooms: [`KieClient`] speaks KIE's wire, the key ring chooses the key
//! of each paid call by what all processes know of the keys together, and the request is built from the model's row in
//! the catalogue.
//!
//! Models are data: `models.toml` beside this crate, or a file of the same form. Rows of models that are gone stay,
//! so that asking for one says since when it is gone and what to use instead. What KIE says when something goes wrong
//! is data too: [`classify`] looks it up in `faults.toml`.
//!
//! [`Callbacks`] makes the addresses that KIE calls and checks the calls; it serves no HTTP itself.
//!
//! ```
//! use std::sync::Arc;
//!
//! use neurocards_core::{Engine, Entropy, Media, MemoryStore, SystemClock};
//! use neurocards_kie::{KieConfig, KieKeys, KieProvider};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Arc::new(SystemClock::new());
//! let store = Arc::new(MemoryStore::new(clock.clone()));
//! // Two keys of one account, and one of another.
//! let keys = KieKeys::parse("main=key-one,main=key-two,spare=key-three")?;
//! let kie = KieProvider::new(KieConfig::new(keys)?, store.clone(), clock, Entropy::from_os())?;
//! let engine = Engine::builder(store, Media::in_memory()).provider(Arc::new(kie)).build();
//! # let _ = engine;
//! # Ok(())
//! # }
//! ```

mod callback;
mod catalogue;
mod classify;
mod client;
mod config;
mod download;
mod kept;
mod provider;
mod redact;
mod request;
mod ring;
mod task;

pub use callback::{
    CALLBACK_MAX_BYTES, CALLBACK_PATH, CallbackHint, CallbackRefusal, CallbackRequest, CallbackSetupError,
    CallbackUnreached, Callbacks,
};
pub use catalogue::{CatalogueError, Drift, KieCatalogue, LivePrice};
pub use classify::{Nuance, Verdict, classify};
pub use client::{
    API_BASE, ClientError, KieClient, KieKey, LiveModel, SuccessRate, TlsError, UPLOAD_BASE, UPLOAD_LIFE,
};
pub use config::{KieConfig, KieError};
pub use download::{MediaHosts, MediaHostsError};
pub use provider::{CREDIT_MICRO_USD, KeyCheck, KeyCommandError, KieProvider};
pub use ring::{AccountView, Cooldowns, KeyCommand, KeyView, KieKeys, KieKeysError, UnknownKey};

/// The name under which these models' provider is known.
pub(crate) const PROVIDER: &str = "kie";
