//! Fakes, wrappers and conformance suites for neurocards.
//!
//! A backend shows that it is a store by running every case of [`store_conformance!`] on itself:
//!
//! ```
//! use std::sync::Arc;
//!
//! use neurocards_core::{ManualClock, MemoryStore};
//! use neurocards_testkit::{Fixture, store_conformance};
//!
//! async fn fresh() -> Fixture {
//!     let clock = Arc::new(ManualClock::new());
//!     Fixture { store: Arc::new(MemoryStore::new(clock.clone())), clock, keep: Box::new(()) }
//! }
//!
//! store_conformance!(fresh);
//! # fn main() {}
//! ```
//!
//! [`sample`] makes valid briefs, orders and ids for any test; [`FaultyStore`] breaks one write of another store;
//! [`simulate`] runs the whole lifecycle through thousands of accidents.

#[expect(clippy::unwrap_used, reason = "a case is a test: it ends where its store errs")]
pub mod chats;
#[expect(clippy::unwrap_used, reason = "a case is a test: it ends where its store errs")]
pub mod conformance;
mod faulty;
#[expect(clippy::unwrap_used, reason = "a case is a test: it ends where its store errs")]
pub mod payments;
pub mod postgres;
pub mod sample;
pub mod simulate;

pub use conformance::{Fixture, World};
pub use faulty::{FaultyStore, Plan, When};
