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
    /// It takes no job, because the disk of the database is full. It asks again every few seconds.
    NoSpace,
}

/// What the claim loop did last.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Last>);

#[derive(Debug, Clone, Copy, Default)]
enum Last {
    #[default]
    Nothing,
    /// In the clock's monotonic time.
    Asked(Duration),
    Full,
}

impl Pulse {
    fn set(&self, last: Last) -> Last {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), last)
    }

    pub(super) fn beat(&self, now: Duration) {
        self.set(Last::Asked(now));
    }

    /// The disk is full; `true` when that is news.
    pub(super) fn full(&self) -> bool {
        !matches!(self.set(Last::Full), Last::Full)
    }

    /// Stops when the guard goes, however the loop ends.
    pub(super) fn guard(&self) -> impl Drop + use<'_> {
        struct Stop<'a>(&'a Pulse);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.set(Last::Nothing);
            }
        }
        Stop(self)
    }
}

impl Engine {
    /// Whether this engine's claim loop turns.
    pub fn claim_loop(&self) -> ClaimLoop {
        match *self.parts.pulse.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Last::Nothing => ClaimLoop::Stopped,
            Last::Asked(at) => ClaimLoop::Asked(self.parts.clock.monotonic().saturating_sub(at)),
            Last::Full => ClaimLoop::NoSpace,
        }
    }
}
