//! Choosing the key of a paid call.

use std::time::Duration;

use neurocards_core::{
    Fault, FaultClass, Opening, Openness, Pace, Paced, ResourceId, ResourceKind, ResourceOutcome,
    ResourceRecord, ResourceSettle, StoreError, Timestamp, UploadError,
};

use super::{
    Health, KeyRing, LATE_PATIENCE, PAID_CALLS, PAID_LATEST, PAID_PATIENCE, PAID_WINDOW, PROBE_LEASE, Place,
    store_away,
};
use crate::PROVIDER;

/// The store is asked again after this.
const STORE_RETRY: Duration = Duration::from_secs(5);

/// The keys that a paid call may be made with, the next one first. Never empty.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    places: Vec<Place<'a>>,
    /// What is closed and why, when something is.
    closed: Option<String>,
}

/// The key of a paid call, with the right to make one now.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    pub(crate) place: Place<'a>,
    /// Why this one, when others are closed.
    pub(crate) reason: Option<String>,
    /// When the call may leave, by the monotonic clock.
    pub(crate) slot: Duration,
}

/// What a look at the ring says.
struct Look<'a> {
    open: Vec<Place<'a>>,
    /// How long until the first of the others opens, and why it is closed.
    opens: Option<(Duration, Fault)>,
    /// Why the first closed one is closed.
    closed: Option<(String, Fault)>,
}

/// What stands in the way of a key.
enum Way {
    Free,
    /// For so long, if it ends by itself.
    Barred {
        id: ResourceId,
        wait: Option<Duration>,
        why: Fault,
    },
}

impl<'a> Candidates<'a> {
    /// The next one.
    pub(crate) fn first(&self) -> Option<Place<'a>> {
        self.places.first().copied()
    }

    fn choice(&self, place: Place<'a>, slot: Duration) -> Choice<'a> {
        let reason = self.closed.as_ref().map(|closed| format!("account {}: {closed}", place.account.name));
        Choice { place, reason, slot }
    }

    /// The first one has turned out to be closed: it goes, or its whole account does.
    pub(crate) fn drop_first(&mut self, fault: &Fault) {
        let Some(gone) = self.first() else { return };
        if fault.class == FaultClass::Auth {
            self.places.remove(0);
            self.closed.get_or_insert_with(|| words(&gone.key_id(), fault));
        } else {
            self.places.retain(|place| place.account.name != gone.account.name);
            self.closed.get_or_insert_with(|| words(&gone.account_id(), fault));
        }
    }
}

impl KeyRing {
    /// The keys that are open now, for a call that costs so much, in thousandths of KIE's credits. What has rested is
    /// tried first, if it is our turn to try it.
    pub(crate) async fn candidates(&self, cost_milli: i64) -> Result<Candidates<'_>, UploadError> {
        let look = self.look(Some(cost_milli)).await.map_err(not_now)?;
        if look.open.is_empty() {
            return Err(match (look.opens, look.closed) {
                (Some((wait, why)), _) => UploadError::NotNow { wait, why },
                (None, Some((_, why))) => why.into(),
                (None, None) => Fault::new(FaultClass::Auth, "no key of KIE is configured").into(),
            });
        }
        Ok(Candidates { places: look.open, closed: look.closed.map(|(words, _)| words) })
    }

    /// Whether a paid call could leave now. Asks nothing of KIE.
    pub(crate) async fn opening(&self) -> Opening {
        match self.look(None).await {
            Ok(look) if !look.open.is_empty() => Opening::Now,
            Ok(Look { opens: Some((wait, why)), .. }) => Opening::After { wait, why },
            Ok(_) => Opening::Never,
            Err(error) => Opening::After { wait: STORE_RETRY, why: store_away(&error) },
        }
    }

    /// Waits for the right to make a paid call with one of these keys: of an account that has a slot now, or else of the
    /// one whose next slot is nearest.
    pub(crate) async fn paid_slot<'a>(&self, candidates: &Candidates<'a>) -> Result<Choice<'a>, UploadError> {
        let mut later: Vec<(Duration, Place<'a>)> = Vec::new();
        for place in candidates.places.iter().copied() {
            // Slots are an account's: its other keys have no more of them.
            if later.iter().any(|(_, asked)| asked.account.name == place.account.name) {
                continue;
            }
            // The store's answer may take its time, and the slot is from before.
            let asked = self.clock.monotonic();
            match self.slot(place, Duration::ZERO).await? {
                Paced::Slot(_) => return Ok(candidates.choice(place, asked)),
                Paced::TooLong(wait) => later.push((wait, place)),
            }
        }
        later.sort_by_key(|(wait, _)| *wait);
        let mut nearest = PAID_WINDOW;
        if let Some((_, place)) = later.first() {
            let asked = self.clock.monotonic();
            match self.slot(*place, PAID_PATIENCE).await? {
                Paced::Slot(wait) => {
                    self.wait(wait).await;
                    return Ok(candidates.choice(*place, asked + wait));
                }
                Paced::TooLong(wait) => nearest = wait,
            }
        }
        let why = Fault::new(FaultClass::RateLimit, "we ask no more often than KIE allows");
        Err(UploadError::NotNow { wait: nearest, why })
    }

    /// Before a paid call leaves: a slot that has passed, because a disk or this machine was slow, is given up for
    /// another one. Else the calls of two windows would arrive together.
    ///
    /// # Errors
    /// The next slot lies too far ahead, or the store is away. Nothing has left.
    pub(crate) async fn keep_slot(&self, place: Place<'_>, slot: Option<Duration>) -> Result<(), Fault> {
        let late = slot.is_none_or(|slot| self.clock.monotonic().saturating_sub(slot) > PAID_LATEST);
        if !late {
            return Ok(());
        }
        match self.slot(place, LATE_PATIENCE).await {
            Ok(Paced::Slot(wait)) => {
                self.wait(wait).await;
                Ok(())
            }
            Ok(Paced::TooLong(wait)) => {
                let fault = Fault::new(FaultClass::RateLimit, "we ask no more often than KIE allows");
                Err(fault.with_retry_after(wait))
            }
            Err(_) => Err(Fault::new(FaultClass::Temporary, "the store did not answer").with_code("store")),
        }
    }

    async fn slot(&self, place: Place<'_>, patience: Duration) -> Result<Paced, UploadError> {
        let bucket = format!("{PROVIDER}/paid/{}", place.account.name);
        let pace = Pace { bucket, limit: PAID_CALLS, window: PAID_WINDOW, patience };
        self.store.pace(&pace).await.map_err(not_now)
    }

    /// What has rested may be tried for a call that costs so much; otherwise it counts as open.
    async fn look(&self, may_try: Option<i64>) -> Result<Look<'_>, StoreError> {
        let mut health = self.health().await?;
        let mut look = Look { open: Vec::new(), opens: None, closed: None };
        for place in self.next_round() {
            match self.way(place, &mut health, may_try).await? {
                Way::Free => look.open.push(place),
                Way::Barred { id, wait, why } => {
                    if let Some(wait) = wait
                        && look.opens.as_ref().is_none_or(|(nearest, _)| wait < *nearest)
                    {
                        look.opens = Some((wait, why.clone()));
                    }
                    look.closed.get_or_insert_with(|| (words(&id, &why), why));
                }
            }
        }
        Ok(look)
    }

    /// What stands in the way of a key.
    async fn way(
        &self,
        place: Place<'_>,
        health: &mut Health,
        may_try: Option<i64>,
    ) -> Result<Way, StoreError> {
        for id in [place.account_id(), place.key_id()] {
            let Some(record) = health.of(&id).cloned() else { continue };
            let until = match (record.openness(health.now), may_try) {
                (Openness::Open, _) | (Openness::Probation, None) => continue,
                (Openness::Probation, Some(cost)) => match self.try_again(place, record, health, cost).await?
                {
                    None => continue,
                    Some(until) => Some(until),
                },
                (Openness::Probing { until }, _) => Some(until),
                (Openness::Closed { until }, _) => until,
            };
            let wait = until.map(|until| (until - health.now).to_std().unwrap_or_default());
            let why = health.of(&id).map_or_else(|| Fault::new(FaultClass::Unknown, "closed"), why);
            return Ok(Way::Barred { id, wait, why });
        }
        Ok(Way::Free)
    }

    /// Tries what has rested: by a question that costs nothing where that can tell, else by the paid call to come.
    /// `None` when it may be used; else until when it may not.
    async fn try_again(
        &self,
        place: Place<'_>,
        record: ResourceRecord,
        health: &mut Health,
        cost_milli: i64,
    ) -> Result<Option<Timestamp>, StoreError> {
        let leased_until = health.now + PROBE_LEASE;
        if !self.store.resource_probe(&record.id, PROBE_LEASE).await? {
            return Ok(Some(leased_until));
        }
        let class = record.fault.as_ref().map(|fault| fault.class);
        let outcome = match (record.id.kind, class) {
            (ResourceKind::Account, Some(FaultClass::Billing)) => self.still_empty(place, cost_milli).await,
            (ResourceKind::Key, Some(FaultClass::Auth)) => self.still_refused(place).await,
            // Only a paid call can tell, and it will.
            _ => return Ok(None),
        };
        // Nothing was learnt: whoever comes after the lease tries again.
        let Some(outcome) = outcome else { return Ok(Some(leased_until)) };
        let after = self.store.resource_settle(&ResourceSettle { id: record.id, outcome }).await?;
        let until = match after.openness(health.now) {
            Openness::Open => None,
            _ => after.closing.as_ref().and_then(|closing| closing.until).or(Some(leased_until)),
        };
        health.put(after);
        Ok(until)
    }

    /// Whether an account that could not pay can.
    async fn still_empty(&self, place: Place<'_>, cost_milli: i64) -> Option<ResourceOutcome> {
        match self.client.balance(place.key).await {
            Ok(milli) if milli >= cost_milli => Some(ResourceOutcome::Recovered),
            Ok(_) => {
                let fault = Fault::new(FaultClass::Billing, "the account has too few credits");
                Some(ResourceOutcome::Failed { fault, breaker: Some(Self::breaker(self.cooldowns.billing)) })
            }
            Err(fault) => {
                if fault.class == FaultClass::Auth {
                    self.refused(place, &fault, None).await;
                }
                None
            }
        }
    }

    /// Whether a key that KIE refused is taken again.
    async fn still_refused(&self, place: Place<'_>) -> Option<ResourceOutcome> {
        match self.client.balance(place.key).await {
            Ok(_) => Some(ResourceOutcome::Recovered),
            Err(fault) if fault.class == FaultClass::Auth => {
                Some(ResourceOutcome::Failed { fault, breaker: Some(Self::breaker(self.cooldowns.auth)) })
            }
            Err(_) => None,
        }
    }
}

fn not_now(error: StoreError) -> UploadError {
    UploadError::NotNow { wait: STORE_RETRY, why: store_away(&error) }
}

/// Why a resource is closed: an operator's word, or its last fault.
fn why(record: &ResourceRecord) -> Fault {
    let operator =
        record.closing.as_ref().and_then(|closing| closing.actor.as_ref().map(|actor| (actor, closing)));
    match (operator, &record.fault) {
        (Some((actor, closing)), _) => {
            let reason = closing.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Fault::new(FaultClass::Auth, format!("closed by {actor}{reason}")).with_code("closed")
        }
        (None, Some(fault)) => fault.clone(),
        (None, None) => Fault::new(FaultClass::Unknown, "closed"),
    }
}

/// What is closed and why, in a few words.
fn words(id: &ResourceId, why: &Fault) -> String {
    let state = match (why.code.as_deref(), why.class, id.kind) {
        (Some("closed"), _, _) => why.message.as_str(),
        (_, FaultClass::Billing, ResourceKind::Key) => "has reached its own cap",
        (_, FaultClass::Billing, _) => "has too few credits",
        (_, FaultClass::Auth, _) => "is refused by KIE",
        (_, FaultClass::RateLimit, _) => "was asked too much",
        _ => "rests",
    };
    format!("{} {} {state}", id.kind, id.name)
}
