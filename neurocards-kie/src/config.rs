//! What a KIE provider is made of.

use std::time::Duration;

use crate::callback::Callbacks;
use crate::catalogue::{CatalogueError, KieCatalogue};
use crate::client::{API_BASE, ClientError, FREE_LIMIT, PAID_LIMIT, UPLOAD_BASE};
use crate::download::MediaHosts;
use crate::ring::{Cooldowns, KieKeys};

/// What a KIE provider is made of. Everything but the keys has a default.
#[derive(Debug, Clone)]
pub struct KieConfig {
    /// The keys, by account.
    pub keys: KieKeys,
    /// The API's address.
    pub api_base: String,
    /// The upload host's address.
    pub upload_base: String,
    /// From where videos may come.
    pub media_hosts: MediaHosts,
    /// Callbacks; without them tasks are polled, and a submission whose answer was lost can never be found.
    pub callbacks: Option<Callbacks>,
    /// The models, with default and fallback.
    pub catalogue: KieCatalogue,
    /// For how long what failed is left alone.
    pub cooldowns: Cooldowns,
    /// How long the answer to a paid call is waited for; when it comes later, nobody knows whether the call was taken.
    /// Shorter than the engine's own limit of 120 s, so that we say what happened and not it.
    pub paid_limit: Duration,
    /// How long the answer to a question is waited for.
    pub free_limit: Duration,
}

/// Why no provider can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KieError {
    /// There is no key.
    #[error("no key of KIE is configured")]
    NoKeys,
    /// The client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The catalogue cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl KieConfig {
    /// KIE's own addresses, polling, and the catalogue that comes with this crate.
    ///
    /// # Errors
    /// Never for a released crate: the catalogue is its own.
    pub fn new(keys: KieKeys) -> Result<Self, CatalogueError> {
        Ok(Self {
            keys,
            api_base: API_BASE.to_owned(),
            upload_base: UPLOAD_BASE.to_owned(),
            media_hosts: MediaHosts::default(),
            callbacks: None,
            catalogue: KieCatalogue::bundled()?,
            cooldowns: Cooldowns::default(),
            paid_limit: PAID_LIMIT,
            free_limit: FREE_LIMIT,
        })
    }
}
