//! The life of a job as a pure state machine: no I/O, no async, no clock of its own.
//!
//! A worker claims a job and asks [`step`] what to do. The answer is what to write, and what to do once that is
//! written. What came of it goes back into [`step`] as the next [`Event`]. The graph is in `docs/state_machine.md`.

mod late;
mod policy;
mod route;
mod step;
#[cfg(test)]
mod tests;
mod transition;

pub use late::{LateEvent, late};
pub use policy::Policy;
pub use route::{Choice, Crossing, Route, choose, model_outcome, prospect, unsent_model};
pub use step::{Context, Effect, Event, FreshIds, Step, step};
pub use transition::{AttemptWrite, JobEventBody, JobState, Settlement, Transition, Wake};
