//! KIE.ai for neurocards.
#![cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the provider over them is not wired yet"))]

mod callback;
mod catalogue;
mod classify;
mod client;
mod download;
mod redact;
mod request;
mod task;

pub use callback::{
    CALLBACK_MAX_BYTES, CALLBACK_PATH, CallbackHint, CallbackRefusal, CallbackRequest, CallbackSetupError,
    Callbacks,
};
pub use catalogue::{CatalogueError, KieCatalogue};
pub use classify::{Nuance, Verdict, classify};
pub use client::{
    API_BASE, ClientError, KieClient, KieKey, LiveModel, SuccessRate, TlsError, UPLOAD_BASE, UPLOAD_LIFE,
};
pub use download::{MediaHosts, MediaHostsError};

/// The name under which these models' provider is known.
pub(crate) const PROVIDER: &str = "kie";
