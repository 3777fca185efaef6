//! Which key is used: round robin over those that are well, by what all processes know of them together.
//!
//! An account rests when it has no credits or was asked too much, a key when KIE refuses it or its own cap is reached.
//! What rested is tried again by one process at a time, if possible by a question that costs nothing. Slots for paid
//! calls are handed out by the store, so all processes together keep an account's limit.

mod choose;
mod keys;
mod outcome;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use neurocards_core::{
    Breaker, Clock, Fault, FaultClass, Pace, Paced, ResourceId, ResourceRecord, Store, StoreError, Timestamp,
};

pub(crate) use choose::Candidates;
pub(crate) use keys::KeyAccount;
pub use keys::{KieKeys, KieKeysError};
pub use view::{AccountView, KeyCommand, KeyView, UnknownKey};

use crate::PROVIDER;
use crate::client::{KieClient, KieKey};

/// For how long what failed is left alone. Each time it is still so after its rest, it rests twice as long, up to
/// eight times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooldowns {
    /// An account that KIE said was asked too much. A longer wait that KIE asks for is kept.
    pub rate_limit: Duration,
    /// An account that cannot pay, or a key whose own cap is reached.
    pub billing: Duration,
    /// A key that KIE refuses.
    pub auth: Duration,
}

impl Default for Cooldowns {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self { rate_limit: minutes(1), billing: minutes(15), auth: minutes(60) }
    }
}

/// KIE takes 20 paid calls in 10 seconds from an account. A slot says when a call may leave, not when it arrives: the
/// window is as much longer as calls may be late.
const PAID_CALLS: u32 = 19;
const PAID_WINDOW: Duration = Duration::from_secs(11);
/// A call that is later than this gives its slot up for another one; the rest of the second is for the wire.
const PAID_LATEST: Duration = Duration::from_millis(500);
/// For that other slot it waits in place, because what was written as sent must leave, or be told as refused.
const LATE_PATIENCE: Duration = Duration::from_secs(45);
/// A slot so near is waited for in place.
const PAID_PATIENCE: Duration = Duration::from_secs(15);
/// KIE answers 10 reads a second for a key.
const READS: u32 = 10;
const READ_WINDOW: Duration = Duration::from_secs(1);
const READ_PATIENCE: Duration = Duration::from_secs(2);
/// No rest is longer than so many first ones, however often something failed.
const LONGEST_RESTS: u32 = 8;
/// Who tries what has rested must have done so by then.
const PROBE_LEASE: Duration = Duration::from_secs(60);

/// The keys, and what all processes know of their health.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: KieKeys,
    cooldowns: Cooldowns,
    client: KieClient,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Whose turn it is.
    turn: AtomicUsize,
}

/// A key within the ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) account: &'a KeyAccount,
    pub(crate) key: &'a KieKey,
}

/// What the store knows of our accounts and keys, at a moment of its own.
#[derive(Debug)]
struct Health {
    records: Vec<ResourceRecord>,
    now: Timestamp,
}

impl Place<'_> {
    fn account_id(&self) -> ResourceId {
        ResourceId::account(PROVIDER, &self.account.name)
    }

    fn key_id(&self) -> ResourceId {
        ResourceId::key(PROVIDER, self.key.name())
    }
}

impl Health {
    fn of(&self, id: &ResourceId) -> Option<&ResourceRecord> {
        self.records.iter().find(|record| record.id == *id)
    }

    fn put(&mut self, record: ResourceRecord) {
        self.records.retain(|known| known.id != record.id);
        self.records.push(record);
    }
}

impl KeyRing {
    pub(crate) fn new(
        keys: KieKeys,
        cooldowns: Cooldowns,
        client: KieClient,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        first: usize,
    ) -> Self {
        Self { keys, cooldowns, client, store, clock, turn: AtomicUsize::new(first) }
    }

    /// Every account's name.
    pub(crate) fn account_names(&self) -> impl Iterator<Item = &str> {
        self.keys.accounts().iter().map(|account| account.name.as_str())
    }

    /// Every key, in the order of the configuration.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place<'_>> {
        let accounts = self.keys.accounts().iter();
        accounts.flat_map(|account| account.keys.iter().map(move |key| Place { account, key }))
    }

    /// Every key, beginning with the one whose turn it is.
    fn next_round(&self) -> Vec<Place<'_>> {
        let mut places: Vec<_> = self.places().collect();
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % places.len().max(1);
        places.rotate_left(first);
        places
    }

    pub(crate) fn place(&self, name: &str) -> Option<Place<'_>> {
        self.places().find(|place| place.key.name() == name)
    }

    /// The keys that a task can be read with: the one that made it, then the others of its account. Of a key that is
    /// not configured any more nobody knows the account; then all are tried.
    pub(crate) fn readers(&self, made_with: Option<&str>) -> Vec<Place<'_>> {
        let maker = made_with.and_then(|name| self.place(name));
        let Some(maker) = maker else { return self.next_round() };
        let siblings = self
            .places()
            .filter(|place| place.account.name == maker.account.name && place.key.name() != maker.key.name());
        std::iter::once(maker).chain(siblings).collect()
    }

    /// Waits for the right to read with this key.
    ///
    /// # Errors
    /// It lies too far ahead; the fault says how far. Or the store is away.
    pub(crate) async fn read_slot(&self, place: Place<'_>) -> Result<(), Fault> {
        let bucket = format!("{PROVIDER}/read/{}", place.key.name());
        let pace = Pace { bucket, limit: READS, window: READ_WINDOW, patience: READ_PATIENCE };
        match self.store.pace(&pace).await.map_err(|error| store_away(&error))? {
            Paced::Slot(wait) => {
                self.wait(wait).await;
                Ok(())
            }
            Paced::TooLong(wait) => {
                let fault = Fault::new(FaultClass::RateLimit, "we read no more often than KIE allows");
                Err(fault.with_retry_after(wait))
            }
        }
    }

    async fn health(&self) -> Result<Health, StoreError> {
        Ok(Health { records: self.store.resources_list(PROVIDER).await?, now: self.store.now().await? })
    }

    async fn wait(&self, wait: Duration) {
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    fn breaker(rest: Duration) -> Breaker {
        Breaker { after: 1, rest, longest: rest.saturating_mul(LONGEST_RESTS) }
    }
}

/// Not KIE's fault, and not the job's.
fn store_away(error: &StoreError) -> Fault {
    tracing::warn!(error = error as &dyn std::error::Error, "the health of the keys cannot be read");
    Fault::new(FaultClass::Temporary, "the store did not answer").with_code("store")
}
