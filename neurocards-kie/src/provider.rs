//! KIE as a provider of the engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use neurocards_core::{
    AttemptId, Catalogue, Clock, Entropy, Fault, FaultClass, Lookup, Model, Opening, PhotoUpload,
    ProviderCapabilities, ResourceRecord, Store, StoreError, Submission, Submitted, TaskRef, TaskState,
    UploadError, UploadedPhoto, VideoProvider, VideoStream,
};

use crate::PROVIDER;
use crate::callback::Callbacks;
use crate::catalogue::{Drift, KieCatalogue, Row};
use crate::client::{ClientError, KieClient, Reply};
use crate::config::{KieConfig, KieError};
use crate::download::{Downloader, FetchError};
use crate::kept::Kept;
use crate::request;
use crate::ring::{AccountView, Candidates, KeyCommand, KeyRing, Place, UnknownKey};
use crate::task;

/// With callbacks, reads are a safety net.
const POLL_WITH_CALLBACKS: Duration = Duration::from_secs(120);

/// Renders at KIE, for money.
#[derive(Debug)]
pub struct KieProvider {
    client: KieClient,
    catalogue: KieCatalogue,
    ring: KeyRing,
    downloader: Downloader,
    callbacks: Option<Callbacks>,
    /// The photos of attempts that had to wait before their paid call: they need not go up again.
    uploads: Kept<String>,
    /// When the paid calls of attempts may leave.
    slots: Kept<Duration>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
}

/// What a key is worth, asked of KIE.
#[derive(Debug, Clone)]
pub struct KeyCheck {
    /// The key's name.
    pub name: String,
    /// The account that it belongs to.
    pub account: String,
    /// The account's balance in thousandths of KIE's credits, or why it was not told.
    pub balance_milli: Result<i64, Fault>,
}

impl KieProvider {
    /// The name of the provider.
    pub const NAME: &str = PROVIDER;

    /// A provider with these keys. What is known of their health stands in the store, for all processes. Nothing is
    /// asked of KIE yet.
    ///
    /// # Errors
    /// There is no key, an address cannot be used, or this machine has no certificates to trust.
    pub fn new(
        config: KieConfig,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
    ) -> Result<Self, KieError> {
        if config.keys.is_empty() {
            return Err(KieError::NoKeys);
        }
        let (paid, free) = (config.paid_limit, config.free_limit);
        let client = KieClient::with_limits(&config.api_base, &config.upload_base, paid, free)?;
        // Processes begin at different keys.
        let first = usize::from(entropy.id_bytes()[0]);
        let ring = KeyRing::new(config.keys, config.cooldowns, client.clone(), store, clock.clone(), first);
        Ok(Self {
            client,
            catalogue: config.catalogue,
            ring,
            downloader: Downloader::new(config.media_hosts).map_err(ClientError::from)?,
            callbacks: config.callbacks,
            uploads: Kept::default(),
            slots: Kept::default(),
            clock,
            entropy,
        })
    }

    /// The accounts with their keys, and what is known of their health and their balances. Asks nothing of KIE.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn keys(&self) -> Result<Vec<AccountView>, StoreError> {
        self.ring.view().await
    }

    /// The full name of a key that is given by its place or by its name.
    ///
    /// # Errors
    /// No key has it.
    pub fn key_name(&self, given: &str) -> Result<&str, UnknownKey> {
        Ok(self.ring.find(given)?.key.name())
    }

    /// An operator opens or closes a key, for all processes.
    ///
    /// # Errors
    /// The key is unknown, or the store did not answer.
    pub async fn key_command(&self, command: KeyCommand<'_>) -> Result<ResourceRecord, KeyCommandError> {
        let place = self.ring.find(command.key)?;
        Ok(self.ring.command(place, command).await?)
    }

    /// Asks KIE for the balance of every account and notes it. Free. An account that could not pay is open again when
    /// it has enough for a video of the default model.
    pub async fn probe_balances(&self) -> Vec<(String, Result<i64, Fault>)> {
        let enough = self.catalogue.models().resolve(None).map_or(1, cost_milli);
        let mut balances = Vec::new();
        for account in self.ring.account_names() {
            let balance = self.ring.probe_balance(account, enough).await;
            balances.push((account.to_owned(), balance));
        }
        balances
    }

    /// Asks KIE about every key. Free, and changes nothing.
    pub async fn check_keys(&self) -> Vec<KeyCheck> {
        let mut checks = Vec::new();
        for place in self.ring.places() {
            checks.push(KeyCheck {
                name: place.key.name().to_owned(),
                account: place.account.name.clone(),
                balance_milli: self.client.balance(place.key).await,
            });
        }
        checks
    }

    /// Compares the catalogue with KIE's own. Free.
    ///
    /// # Errors
    /// KIE's catalogue could not be read.
    pub async fn drift(&self) -> Result<Drift, Fault> {
        let mut last = Fault::new(FaultClass::Auth, "no key of KIE is configured");
        for place in self.ring.places() {
            match self.client.models(place.key).await {
                Ok(live) => return Ok(self.catalogue.drift(&live)),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    fn row(&self, model: &str) -> Result<&Row, Fault> {
        // Only when the catalogue changed: another process may know it.
        let unknown =
            || Fault::new(FaultClass::Temporary, format!("the model {model} is not in the catalogue"));
        self.catalogue.row(model).ok_or_else(unknown)
    }

    /// The photo at KIE: uploaded with the first key that is taken. Those that are not are no candidates any more.
    async fn handed_over(
        &self,
        candidates: &mut Candidates<'_>,
        attempt: AttemptId,
        jpeg: Bytes,
    ) -> Result<String, UploadError> {
        let mut last = Fault::new(FaultClass::Auth, "no key of KIE is configured");
        while let Some(place) = candidates.first() {
            // A name of its own: the same one again would serve the older file from a cache.
            let random: String =
                self.entropy.id_bytes()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
            match self.client.upload(place.key, &format!("{attempt}-{random}.jpg"), jpeg.clone()).await {
                Ok(address) => return Ok(address),
                Err(fault) if self.is_keys_fault(place, &fault).await => {
                    candidates.drop_first(&fault);
                    last = fault;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        // What was taken for well is not: the ring knows when something will be.
        match self.ring.opening().await {
            Opening::After { wait, why } => Err(UploadError::NotNow { wait, why }),
            _ => Err(last.into()),
        }
    }

    /// Whether the next key may do better. The upload host is another one than the API's: that it is asked too often
    /// says nothing about paid calls.
    async fn is_keys_fault(&self, place: Place<'_>, fault: &Fault) -> bool {
        matches!(fault.class, FaultClass::Auth | FaultClass::Billing)
            && self.ring.refused(place, fault, None).await
    }

    /// A callback with a good token could still name a task that was made for another attempt: its record tells, when
    /// it holds the address that we gave.
    fn check_owner(&self, task: &TaskRef<'_>, reply: &Reply) -> Result<(), Fault> {
        let address = self.callbacks.as_ref().zip(task::callback_of(&reply.data));
        let owner = address.and_then(|(callbacks, address)| callbacks.attempt_of(&address));
        if owner.is_none_or(|owner| owner == task.attempt) {
            return Ok(());
        }
        tracing::error!(task = task.task_id, attempt = %task.attempt, ?owner, "a task of another attempt");
        Err(Fault::new(FaultClass::Unknown, "the task was made for another attempt")
            .with_code("foreign_task"))
    }

    async fn stream(&self, task: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault> {
        let gone = match self.downloader.fetch(video).await {
            Ok(stream) => return Ok(stream),
            Err(FetchError::Failed(fault)) => return Err(fault),
            Err(FetchError::Gone(fault)) => fault,
        };
        for place in self.ring.readers(task.key) {
            let Ok(link) = self.client.download_url(place.key, video).await else { continue };
            return self.downloader.fetch(&link).await.map_err(|error| match error {
                FetchError::Gone(fault) | FetchError::Failed(fault) => fault,
            });
        }
        Err(gone)
    }
}

/// What one of KIE's credits costs, in millionths of a dollar: half a cent.
pub const CREDIT_MICRO_USD: i64 = 5_000;

/// What a video of a model costs, in thousandths of KIE's credits. 1 when nobody knows.
fn cost_milli(model: &Model) -> i64 {
    model.price_milli_usd.map_or(1, |price| i64::from(price) * 1_000_000 / CREDIT_MICRO_USD)
}

/// Why an operator's word about a key was not noted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyCommandError {
    /// No such key.
    #[error(transparent)]
    Unknown(#[from] UnknownKey),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[async_trait]
impl VideoProvider for KieProvider {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn catalogue(&self) -> &Catalogue {
        self.catalogue.models()
    }

    fn capabilities(&self) -> ProviderCapabilities {
        let called_back = self.callbacks.as_ref().is_some_and(Callbacks::is_public);
        ProviderCapabilities {
            poll: called_back.then_some(POLL_WITH_CALLBACKS),
            shared: true,
            ..ProviderCapabilities::default()
        }
    }

    async fn opening(&self, _: &Model) -> Opening {
        // KIE's accounts pay for all models alike.
        self.ring.opening().await
    }

    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError> {
        let row = self.row(&photo.model.id)?;
        request::check_serving(row).map_err(Fault::from)?;
        let mut candidates = self.ring.candidates(cost_milli(photo.model)).await?;
        let address = match self.uploads.take(photo.attempt, self.clock.monotonic()) {
            Some(address) => address,
            None => {
                let jpeg = request::prepare(row, photo.jpeg).await.map_err(Fault::from)?;
                self.handed_over(&mut candidates, photo.attempt, jpeg).await?
            }
        };
        match self.ring.paid_slot(&candidates).await {
            Ok(choice) => {
                self.slots.keep(photo.attempt, choice.slot, self.clock.monotonic());
                let key = Some(choice.place.key.name().to_owned());
                Ok(UploadedPhoto { address, key, reason: choice.reason })
            }
            Err(error) => {
                self.uploads.keep(photo.attempt, address, self.clock.monotonic());
                Err(error)
            }
        }
    }

    async fn submit(&self, submission: &Submission<'_>) -> Submitted {
        let place = submission.key.and_then(|name| self.ring.place(name));
        let Some(place) = place else {
            let message = "the key that was chosen is not configured here";
            return Submitted::Rejected(Fault::new(FaultClass::Temporary, message));
        };
        let callback = self.callbacks.as_ref().and_then(|callbacks| callbacks.address(submission.attempt));
        let (prompt, photo) = (&submission.prompt.text, &submission.photo.address);
        let call = self
            .row(&submission.model.id)
            .and_then(|row| request::build(row, prompt, photo, callback.as_deref()).map_err(Fault::from));
        let call = match call {
            Ok(call) => call,
            Err(fault) => return Submitted::Rejected(fault),
        };
        let slot = self.slots.take(submission.attempt, self.clock.monotonic());
        if let Err(fault) = self.ring.keep_slot(place, slot).await {
            return Submitted::Rejected(fault);
        }
        let (submitted, nuance) = self.client.submit(place.key, &call).await;
        match &submitted {
            Submitted::Accepted { .. } => self.ring.worked(place).await,
            Submitted::Rejected(fault) => _ = self.ring.refused(place, fault, nuance).await,
            Submitted::Unknown(_) => {}
        }
        submitted
    }

    /// KIE has no key of ours to find a task by.
    async fn lookup(&self, _: AttemptId) -> Lookup {
        Lookup::Unavailable(Fault::new(FaultClass::Unknown, "KIE cannot find a task by our attempt"))
    }

    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault> {
        let family = self.row(task.model)?.family;
        let mut last = Fault::new(FaultClass::Auth, "no key of KIE is configured");
        for place in self.ring.readers(task.key) {
            if let Err(fault) = self.ring.read_slot(place).await {
                last = fault;
                continue;
            }
            let reply = self.client.task(place.key, family, task.task_id).await?;
            self.check_owner(task, &reply)?;
            match task::read(reply, self.clock.now()) {
                // A task stays readable with another key of its account.
                Err(fault) if fault.class == FaultClass::Auth => {
                    self.ring.refused(place, &fault, None).await;
                    last = fault;
                }
                answer => return answer,
            }
        }
        Err(last)
    }

    async fn fetch(&self, task: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault> {
        self.stream(task, video).await
    }
}
