//! Whom not to ask for a while: a job must not spend its time on a service that is known to say no.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use neurocards_core::{Fault, FaultClass};

/// How long nobody is asked after a key was refused, money ran out or a model was not there.
const REST: Duration = Duration::from_secs(600);
/// How long after several failures of the service in a row.
const SHORT_REST: Duration = Duration::from_secs(60);
/// How many are several.
const FAILURES: u32 = 3;
/// After a rest one question goes through; others wait this long for what comes of it.
const PROBE: Duration = Duration::from_secs(120);

/// What may be resting. Kept in this process only: a restart asks again at once.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    rests: Mutex<HashMap<Scope, Rest>>,
}

/// The service as a whole, or one model of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Service,
    Model(String),
}

#[derive(Debug, Default)]
struct Rest {
    failures: u32,
    /// Why, and until when, in monotonic time.
    resting: Option<(Fault, Duration)>,
}

impl Circuit {
    /// Whether a question may be asked now. After a rest the first one may, and the others go on resting until it has
    /// an answer.
    ///
    /// # Errors
    /// The fault that began the rest, with the time that is left.
    pub(crate) fn admit(&self, scope: &Scope, now: Duration) -> Result<(), Fault> {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((fault, until)) = rests.get_mut(scope).and_then(|rest| rest.resting.as_mut()) else {
            return Ok(());
        };
        if now >= *until {
            *until = now + PROBE;
            return Ok(());
        }
        let left = *until - now;
        let mut fault = fault.clone();
        fault.message =
            format!("not asked for {} s more, because of {}", left.as_secs().max(1), fault.message);
        fault.message = fault.message.chars().take(Fault::MESSAGE_MAX_CHARS).collect();
        Err(fault.with_retry_after(left))
    }

    /// It answered.
    pub(crate) fn worked(&self, scope: &Scope) {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }

    /// A question was given up because of this.
    pub(crate) fn gave_up(&self, scope: &Scope, fault: &Fault, now: Duration) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = rests.entry(scope.clone()).or_default();
        let pause = match fault.class {
            FaultClass::Auth | FaultClass::Billing | FaultClass::ModelUnavailable => REST,
            // Whoever did not ask for a wait may have room again at once.
            FaultClass::RateLimit => match fault.retry_after {
                Some(asked) => asked.min(REST),
                None => return,
            },
            FaultClass::Temporary => {
                rest.failures += 1;
                // A probe that failed is enough.
                if rest.failures < FAILURES && rest.resting.is_none() {
                    return;
                }
                SHORT_REST
            }
            FaultClass::UserViolation | FaultClass::InvalidInput | FaultClass::Unknown => return,
        };
        let seconds = pause.as_secs();
        tracing::warn!(?scope, %fault, seconds, "the language model is not asked for a while");
        rest.resting = Some((fault.clone(), now + pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Scope = Scope::Service;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_refused_key_rests_and_one_question_ends_the_rest() {
        let circuit = Circuit::default();
        assert_eq!(circuit.admit(&SERVICE, at(0)), Ok(()));
        circuit.gave_up(&SERVICE, &Fault::new(FaultClass::Auth, "bad key"), at(0));
        let fault = circuit.admit(&SERVICE, at(100)).unwrap_err();
        assert_eq!(fault.message, "not asked for 500 s more, because of bad key");
        assert_eq!((fault.class, fault.retry_after), (FaultClass::Auth, Some(at(500))));
        assert_eq!(circuit.admit(&Scope::Model("m".to_owned()), at(100)), Ok(()));
        assert_eq!(circuit.admit(&SERVICE, at(600)), Ok(()));
        assert!(circuit.admit(&SERVICE, at(601)).is_err(), "one question is enough to find out");
        circuit.worked(&SERVICE);
        assert_eq!(circuit.admit(&SERVICE, at(602)), Ok(()));
    }

    #[test]
    fn a_service_that_is_down_rests_after_several_failures() {
        let circuit = Circuit::default();
        let down = Fault::new(FaultClass::Temporary, "HTTP 503");
        for _ in 0..2 {
            circuit.gave_up(&SERVICE, &down, at(0));
            assert_eq!(circuit.admit(&SERVICE, at(0)), Ok(()));
        }
        circuit.gave_up(&SERVICE, &down, at(0));
        assert!(circuit.admit(&SERVICE, at(59)).is_err());
        assert_eq!(circuit.admit(&SERVICE, at(60)), Ok(()));
        circuit.gave_up(&SERVICE, &down, at(60));
        assert!(circuit.admit(&SERVICE, at(119)).is_err());
    }

    #[test]
    fn a_wait_that_was_asked_for_is_a_rest() {
        let circuit = Circuit::default();
        let slow = Fault::new(FaultClass::RateLimit, "slow down");
        circuit.gave_up(&SERVICE, &slow, at(0));
        assert_eq!(circuit.admit(&SERVICE, at(0)), Ok(()));
        circuit.gave_up(&SERVICE, &slow.clone().with_retry_after(at(200)), at(0));
        assert!(circuit.admit(&SERVICE, at(199)).is_err());
        assert_eq!(circuit.admit(&SERVICE, at(200)), Ok(()));
        circuit.gave_up(&SERVICE, &slow.with_retry_after(Duration::MAX), at(200));
        assert_eq!(circuit.admit(&SERVICE, at(800)), Ok(()), "a day off is not believed");
    }

    #[test]
    fn what_is_about_the_question_rests_nobody() {
        let circuit = Circuit::default();
        for class in [FaultClass::UserViolation, FaultClass::InvalidInput, FaultClass::Unknown] {
            for _ in 0..9 {
                circuit.gave_up(&SERVICE, &Fault::new(class, "no"), at(0));
            }
        }
        assert_eq!(circuit.admit(&SERVICE, at(0)), Ok(()));
    }
}
