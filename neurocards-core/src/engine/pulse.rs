//! Whether the claim loop turns: what a readiness check asks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Engine;

/// What the claim loop of this engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimLoop {
    /// [`Engine::run`] is not running: not begun, ended, or between two runs.
    Stopped,
    /// It runs, and asked for work this long ago. It asks about once a second, so a long time means that it is stuck.
    Asked(Duration),
}

/// When the claim loop asked for work last, in the clock's monotonic time.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<Duration>>);

impl Pulse {
    fn set(&self, at: Option<Duration>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    pub(super) fn beat(&self, now: Duration) {
        self.set(Some(now));
    }

    /// Stops when the guard goes, however the loop ends.
    pub(super) fn guard(&self) -> impl Drop + use<'_> {
        struct Stop<'a>(&'a Pulse);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.set(None);
            }
        }
        Stop(self)
    }
}

impl Engine {
    /// Whether this engine's claim loop turns.
    pub fn claim_loop(&self) -> ClaimLoop {
        let last = *self.parts.pulse.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map_or(ClaimLoop::Stopped, |at| {
            ClaimLoop::Asked(self.parts.clock.monotonic().saturating_sub(at))
        })
    }
}
