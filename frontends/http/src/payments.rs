//! `POST /callbacks/yookassa`: somebody says that there is news of a payment.
//!
//! Nobody signs that, so anybody may say it. Nothing happens but that a payment of ours, if there is one, is read from the
//! provider soon; what the call says of it is not looked at. Whatever it says, the answer is the same and tells nothing.
//! More calls than a shop needs are sent away: payments are read by themselves in any case.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use neurocards::yookassa::hint;
use neurocards::{Clock, PayProvider, PaymentHint, Payments};

/// The path.
const PATH: &str = "/callbacks/yookassa";
/// One call in this time over a while, and so many at once.
const EVERY: Duration = Duration::from_millis(100);
const AT_ONCE: u32 = 50;
/// The same for one payment.
const EVERY_OF_ONE: Duration = Duration::from_secs(5);
const AT_ONCE_OF_ONE: u32 = 3;
/// Most payments that are counted.
const COUNTED: usize = 1_000;

/// What the route needs.
#[derive(Debug, Clone)]
pub(crate) struct HintState {
    payments: Arc<dyn Payments>,
    clock: Arc<dyn Clock>,
    gate: Arc<Mutex<Gate>>,
}

/// Who may pass, by the moment at which everybody before has had their time.
#[derive(Debug, Default)]
struct Gate {
    all: Duration,
    each: HashMap<String, Duration>,
}

impl HintState {
    pub(crate) fn new(payments: Arc<dyn Payments>, clock: Arc<dyn Clock>) -> Self {
        Self { payments, clock, gate: Arc::default() }
    }
}

pub(crate) fn routes(state: HintState) -> Router {
    Router::new().route(PATH, post(told)).with_state(state)
}

async fn told(State(state): State<HintState>, body: Bytes) -> StatusCode {
    let Some(hint) = hint(&body) else { return StatusCode::OK };
    let now = state.clock.monotonic();
    if !state.gate.lock().unwrap_or_else(PoisonError::into_inner).passes(&hint, now) {
        tracing::debug!("there are too many hints at payments");
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match state.payments.payment_wake(PayProvider::Yookassa, &hint).await {
        Ok(woken) => {
            tracing::debug!(woken, "a hint at a payment was heard");
            StatusCode::OK
        }
        // Whoever said it says it again.
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a hint could not be taken in");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

impl Gate {
    fn passes(&mut self, hint: &PaymentHint, now: Duration) -> bool {
        if self.each.len() >= COUNTED {
            self.each.retain(|_, until| *until > now);
        }
        let full = self.each.len() >= COUNTED;
        let key = hint.provider_id.clone().unwrap_or_default();
        let mut one = self.each.get(&key).copied().unwrap_or_default();
        let mut all = self.all;
        if full || !turn(&mut one, now, EVERY_OF_ONE, AT_ONCE_OF_ONE) || !turn(&mut all, now, EVERY, AT_ONCE)
        {
            return false;
        }
        self.all = all;
        self.each.insert(key, one);
        true
    }
}

/// Whether one more may pass.
fn turn(until: &mut Duration, now: Duration, every: Duration, at_once: u32) -> bool {
    *until = (*until).max(now) + every;
    *until - now <= every * at_once
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_sent_away_and_the_rest_passes() {
        let hint = |id: &str| PaymentHint { id: None, provider_id: Some(id.to_owned()) };
        let mut gate = Gate::default();
        let at = Duration::from_secs;
        let passed =
            |gate: &mut Gate, hint: &PaymentHint, now| (0..9).filter(|_| gate.passes(hint, now)).count();
        assert_eq!(passed(&mut gate, &hint("a"), at(0)), 3, "one payment");
        assert_eq!(passed(&mut gate, &hint("b"), at(0)), 3, "another one has its own");
        assert_eq!(passed(&mut gate, &hint("a"), at(5)), 1);
        assert_eq!(passed(&mut gate, &hint("a"), at(60)), 3);
        let flood = (0..5_000).filter(|n| gate.passes(&hint(&n.to_string()), at(100))).count();
        assert_eq!(flood, 50);
        assert!(gate.each.len() <= COUNTED);
        assert!(gate.passes(&hint("a"), at(101)));
    }
}
