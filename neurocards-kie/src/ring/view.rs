//! The ring, for the people who run it.

use neurocards_core::{
    BalancePoint, Fault, FaultClass, Openness, ResourceChange, ResourceId, ResourceOutcome, ResourceRecord,
    ResourceSet, ResourceSettle, StoreError,
};
use serde::Serialize;

use super::{KeyRing, Place};

/// An account, its balance and its keys.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// Its name.
    pub name: String,
    /// What the store knows of it: whether it rests, why, its last known balance.
    pub record: ResourceRecord,
    /// Whether anything may be asked of it now.
    pub open: bool,
    /// How many days its balance lasts at the spending of the last two weeks; `None` when nobody can tell.
    pub days_left: Option<f64>,
    /// Its keys.
    pub keys: Vec<KeyView>,
}

/// A key, by its name.
#[derive(Debug, Clone, Serialize)]
pub struct KeyView {
    /// Its place in the configuration, the first one being 1.
    pub index: usize,
    /// Its name: the first eight hex digits of the SHA-256 of the key.
    pub name: String,
    /// What the store knows of it.
    pub record: ResourceRecord,
    /// Whether anything may be asked of it now.
    pub open: bool,
}

/// What an operator does with a key.
#[derive(Debug, Clone)]
pub struct KeyCommand<'a> {
    /// The key: its place in the configuration, or its name.
    pub key: &'a str,
    /// Opens it, or closes it for a while or until it is opened.
    pub change: ResourceChange,
    /// Who says so: `cli:<user>`.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// No key has this place or name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no key has the place or the name {given:?}")]
pub struct UnknownKey {
    given: String,
}

impl KeyRing {
    pub(crate) async fn view(&self) -> Result<Vec<AccountView>, StoreError> {
        let health = self.health().await?;
        let record = |id: ResourceId| health.of(&id).cloned().unwrap_or_else(|| ResourceRecord::new(id));
        // What has rested may be tried.
        let open = |record: &ResourceRecord| {
            matches!(record.openness(health.now), Openness::Open | Openness::Probation)
        };
        let mut accounts = Vec::new();
        let mut index = 0;
        for account in self.keys.accounts() {
            let mut keys = Vec::new();
            for key in &account.keys {
                index += 1;
                let record = record(Place { account, key }.key_id());
                keys.push(KeyView { index, name: key.name().to_owned(), open: open(&record), record });
            }
            let record = record(ResourceId::account(crate::PROVIDER, &account.name));
            let points = self.store.balance_list(&record.id).await?;
            let (name, days_left) = (account.name.clone(), BalancePoint::days_left(&points));
            accounts.push(AccountView { name, open: open(&record), record, days_left, keys });
        }
        Ok(accounts)
    }

    pub(crate) fn find(&self, given: &str) -> Result<Place<'_>, UnknownKey> {
        let by_index = given.parse::<usize>().ok().and_then(|index| self.places().nth(index.checked_sub(1)?));
        // A name of digits only is longer than any place.
        let found = self.place(given).or(by_index);
        found.ok_or_else(|| UnknownKey { given: given.chars().take(64).collect() })
    }

    pub(crate) async fn command(
        &self,
        place: Place<'_>,
        command: KeyCommand<'_>,
    ) -> Result<ResourceRecord, StoreError> {
        let KeyCommand { change, actor, reason, .. } = command;
        self.store.resource_set(&ResourceSet { id: place.key_id(), change, actor, reason }).await
    }

    /// Asks KIE for an account's balance with the first of its keys that is taken, and notes it. An account that could
    /// not pay is open again when it has so much.
    ///
    /// # Errors
    /// The last key's fault, or the store's.
    pub(crate) async fn probe_balance(&self, account: &str, enough_milli: i64) -> Result<i64, Fault> {
        let mut last = Fault::new(FaultClass::Auth, "the account has no key");
        for place in self.places().filter(|place| place.account.name == account) {
            match self.client.balance(place.key).await {
                Ok(milli) => {
                    self.note_balance(place, milli, enough_milli)
                        .await
                        .map_err(|error| super::store_away(&error))?;
                    return Ok(milli);
                }
                Err(fault) => {
                    // A question about money says nothing of how often the account may be asked to render.
                    if fault.class == FaultClass::Auth {
                        self.refused(place, &fault, None).await;
                    }
                    last = fault;
                }
            }
        }
        Err(last)
    }

    async fn note_balance(&self, place: Place<'_>, milli: i64, enough_milli: i64) -> Result<(), StoreError> {
        let id = place.account_id();
        let record = self.store.balance_note(&id, milli).await?;
        let empty = record.fault.as_ref().is_some_and(|fault| fault.class == FaultClass::Billing);
        if milli >= enough_milli && empty && record.is_troubled() {
            let outcome = ResourceOutcome::Recovered;
            self.store.resource_settle(&ResourceSettle { id, outcome }).await?;
        }
        Ok(())
    }
}
