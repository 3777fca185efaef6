//! The provider against a strict fake of KIE, which was written from the same facts by other hands.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

mod keys;
mod models;
mod tasks;
mod world;
