//! Where a job's next attempt goes: which model, or how long it waits for one. Pure, like [`step`](super::step).

use std::collections::HashMap;
use std::time::Duration;

use super::{AttemptWrite, JobState, Policy, Transition};
use crate::attempt::AttemptState;
use crate::clock::{Timestamp, later};
use crate::fault::{Fault, FaultClass};
use crate::model::{Catalogue, Model};
use crate::provider::Opening;
use crate::resource::{Openness, ResourceOutcome, ResourceRecord};

use super::step::Event;

/// Where a job's next attempt goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Route {
    /// It begins.
    Go {
        /// With this model, which becomes the job's.
        model: String,
        /// Why that one, as people read it.
        reason: String,
        /// The prompt's text, when this model needs it shorter.
        text: Option<String>,
    },
    /// Nothing is open now, and something will be in time.
    Wait {
        /// After this time.
        wait: Duration,
        /// Why, for people who wait.
        why: Fault,
    },
    /// Nothing is open, and nothing will be in time: the job ends.
    Nowhere(Fault),
}

/// What [`choose`] found. Probations are granted by the store, one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The attempt goes to this model.
    Go {
        /// The model.
        model: String,
        /// Why that one.
        reason: String,
    },
    /// The attempt goes to this model if the store grants the probation; else choose again, with the model among
    /// those that are [`taken`](Crossing::taken).
    Probe {
        /// The model.
        model: String,
        /// Why that one.
        reason: String,
    },
    /// As [`Route::Wait`].
    Wait {
        /// How long.
        wait: Duration,
        /// Why.
        why: Fault,
    },
    /// As [`Route::Nowhere`].
    Nowhere(Fault),
}

/// What the choice is made on.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// The job and its latest attempt, which is over.
    pub state: &'a JobState,
    /// The model that was ordered: no other one may cost more.
    pub ordered: &'a str,
    /// The models of all of the job's attempts.
    pub tried: &'a [String],
    /// The models.
    pub catalogue: &'a Catalogue,
    /// What the store knows of the provider's models, by id; those that are missing are open.
    pub health: &'a HashMap<String, ResourceRecord>,
    /// Models whose probation somebody else has.
    pub taken: &'a [String],
    /// Whether an account is open, asked after an attempt ended because of one.
    pub opening: Option<&'a Opening>,
    /// The store's time.
    pub now: Timestamp,
    /// The numbers.
    pub policy: &'a Policy,
}

/// Chooses where a job's next attempt goes.
///
/// The model stays as long as it is open. Else its successor takes over, or the first of the catalogue's chain that is
/// open, costs no more than what was ordered, and was not tried for this job; other vendors come first. A model that
/// rests after its faults is waited for when nothing else is open and it may be tried again before the deadline; one
/// that is not available is not.
pub fn choose(crossing: &Crossing<'_>) -> Choice {
    if let Some(fault) = crossing.account_fault() {
        match crossing.opening {
            None | Some(Opening::Now) => {}
            Some(Opening::After { wait, why }) if crossing.is_in_time(*wait) => {
                return Choice::Wait { wait: *wait, why: why.clone() };
            }
            Some(Opening::After { .. } | Opening::Never) => return Choice::Nowhere(fault.clone()),
        }
    }
    let (catalogue, job) = (crossing.catalogue, &crossing.state.job);
    let Some(current) = catalogue.get(&job.model) else {
        return Choice::Nowhere(Fault::new(FaultClass::ModelUnavailable, "the model is in no catalogue"));
    };
    let blocked = match crossing.at(current) {
        Gate::Open => {
            return Choice::Go { model: current.id.clone(), reason: crossing.reason_to_stay() };
        }
        Gate::Probation => {
            let reason = format!("tried again after its rest; {}", crossing.reason_to_stay());
            return Choice::Probe { model: current.id.clone(), reason };
        }
        Gate::Shut(blocked) => blocked,
    };
    let others = catalogue.instead_of(current, crossing.ordered, crossing.tried);
    let mut first_open = blocked.wait;
    let mut probation = None;
    for other in others {
        let successor = current.successor.as_deref() == Some(other.id.as_str());
        let instead = if successor { "successor of" } else { "instead of" };
        let (model, reason) =
            (other.id.clone(), format!("{instead} {}: {}", current.id, blocked.why.message));
        match crossing.at(other) {
            Gate::Open => return Choice::Go { model, reason },
            Gate::Probation => probation = probation.or(Some(Choice::Probe { model, reason })),
            Gate::Shut(Blocked { wait, .. }) => first_open = first_open.into_iter().chain(wait).min(),
        }
    }
    if let Some(probation) = probation {
        return probation;
    }
    match first_open.filter(|wait| crossing.is_in_time(*wait)) {
        Some(wait) => Choice::Wait { wait, why: blocked.why },
        None => Choice::Nowhere(blocked.why),
    }
}

/// Whether an attempt may go to a model.
enum Gate {
    Open,
    Probation,
    Shut(Blocked),
}

/// Why not.
struct Blocked {
    /// How long until somebody may try it; `None` when it is not worth waiting for.
    wait: Option<Duration>,
    why: Fault,
}

/// Whether an attempt may go to a model, by the catalogue and by what the store knows.
fn gate(
    model: &Model,
    health: &HashMap<String, ResourceRecord>,
    taken: &[String],
    now: Timestamp,
    policy: &Policy,
) -> Gate {
    let unavailable = |message: String| {
        Gate::Shut(Blocked { wait: None, why: Fault::new(FaultClass::ModelUnavailable, message) })
    };
    if !model.serves_on(now.date_naive()) {
        return unavailable(format!("the catalogue says that {} is {}", model.id, model.status.as_str()));
    }
    let Some(record) = health.get(&model.id) else { return Gate::Open };
    let until = match record.openness(now) {
        Openness::Open => return Gate::Open,
        // Whoever tries it may have an answer any moment: it is looked at as often as a task is read.
        Openness::Probation if taken.contains(&model.id) => later(now, policy.poll_max),
        Openness::Probation => return Gate::Probation,
        Openness::Probing { until } => until.min(later(now, policy.poll_max)),
        Openness::Closed { until: Some(until) } => until,
        Openness::Closed { until: None } => {
            return unavailable(format!("{} was closed by an operator", model.id));
        }
    };
    let by_operator = record.closing.as_ref().is_some_and(|closing| closing.actor.is_some());
    let wait = (until - now).to_std().unwrap_or_default();
    match &record.fault {
        Some(fault) if !by_operator && fault.class == FaultClass::ModelUnavailable => {
            unavailable(fault.message.clone())
        }
        _ => {
            let why = if by_operator { "was closed by an operator" } else { "rests after its faults" };
            let why = Fault::new(FaultClass::Temporary, format!("{} {why}", model.id));
            Gate::Shut(Blocked { wait: Some(wait), why })
        }
    }
}

/// Whether a new order for this model would lead anywhere as things stand: the model, or one that may take over from
/// it, is open or will be before a job's deadline.
///
/// # Errors
/// None is; why the model itself is not.
pub fn prospect(
    model: &Model,
    catalogue: &Catalogue,
    health: &HashMap<String, ResourceRecord>,
    now: Timestamp,
    policy: &Policy,
) -> Result<(), Fault> {
    let leads = |model: &Model| match gate(model, health, &[], now, policy) {
        Gate::Open | Gate::Probation => Ok(()),
        Gate::Shut(Blocked { wait, .. }) if wait.is_some_and(|wait| wait < policy.job_deadline) => Ok(()),
        Gate::Shut(Blocked { why, .. }) => Err(why),
    };
    let own = leads(model);
    let others = catalogue.instead_of(model, &model.id, &[]);
    if own.is_err() && others.into_iter().any(|other| leads(other).is_ok()) { Ok(()) } else { own }
}

impl Crossing<'_> {
    /// Why the latest attempt ended, if that was an account's or a key's fault.
    fn account_fault(&self) -> Option<&Fault> {
        let fault = self.state.attempt.as_ref()?.fault.as_ref()?;
        matches!(fault.class, FaultClass::Billing | FaultClass::Auth).then_some(fault)
    }

    fn is_in_time(&self, wait: Duration) -> bool {
        let left = (self.state.job.deadline_at - self.now).to_std().unwrap_or_default();
        wait < left
    }

    fn at(&self, model: &Model) -> Gate {
        if let Some(why) = self.refused(model) {
            return Gate::Shut(Blocked { wait: None, why: why.clone() });
        }
        gate(model, self.health, self.taken, self.now, self.policy)
    }

    /// The provider told this very job that the model is not available.
    fn refused(&self, model: &Model) -> Option<&Fault> {
        let attempt = self.state.attempt.as_ref().filter(|attempt| attempt.model == model.id)?;
        attempt.fault.as_ref().filter(|fault| fault.class == FaultClass::ModelUnavailable)
    }

    fn reason_to_stay(&self) -> String {
        match self.state.attempt.as_ref().map(|attempt| attempt.fault.as_ref()) {
            None if self.catalogue.default_id() == Some(self.ordered) => "default".to_owned(),
            None => "asked for".to_owned(),
            Some(Some(fault)) if self.account_fault().is_some() => {
                format!("another account: {}", fault.message)
            }
            Some(Some(fault)) => format!("again after {}: {}", fault.class, fault.message),
            Some(None) => "again".to_owned(),
        }
    }

    /// Whether [`choose`] may have to look at other models: only then does [`tried`](Self::tried) matter.
    pub fn may_leave(&self) -> bool {
        let current = self.catalogue.get(&self.state.job.model);
        current.is_some_and(|model| !matches!(self.at(model), Gate::Open))
    }
}

/// The model of an attempt that a step ends before anything was sent. Nothing was learned of it; if the attempt was a
/// probation, somebody else may try now.
pub fn unsent_model<'a>(before: &'a JobState, write: &Transition) -> Option<&'a str> {
    let attempt = before.live_attempt().filter(|attempt| attempt.state == AttemptState::Intent)?;
    match write.attempt {
        Some(AttemptWrite::Update { to: AttemptState::Rejected, .. }) => Some(&attempt.model),
        _ => None,
    }
}

/// What an event says of the model of the attempt that it is about; `None` when the attempt goes on. A violation, a key
/// or an account is no fault of the model.
pub fn model_outcome(event: &Event, policy: &Policy) -> Option<ResourceOutcome> {
    let fault = match event {
        Event::Rendered { .. } => return Some(ResourceOutcome::Worked),
        Event::Absent => return Some(ResourceOutcome::Inconclusive),
        // The way to the provider is not the model, and is tried again.
        Event::UploadFailed(fault)
            if matches!(fault.class, FaultClass::Temporary | FaultClass::RateLimit) =>
        {
            return None;
        }
        Event::Rejected(fault) | Event::InDoubt(fault) | Event::RenderFailed(fault) => fault,
        Event::UploadFailed(fault) => fault,
        _ => return None,
    };
    let breaker = match (fault.class, event) {
        (FaultClass::ModelUnavailable, _) => policy.unavailable,
        (FaultClass::Temporary, _) => policy.breaker,
        (FaultClass::Unknown, Event::Rejected(_) | Event::InDoubt(_) | Event::RenderFailed(_)) => {
            policy.breaker
        }
        _ => return Some(ResourceOutcome::Inconclusive),
    };
    Some(ResourceOutcome::Failed { fault: fault.clone(), breaker: Some(breaker) })
}

#[cfg(test)]
mod tests;
