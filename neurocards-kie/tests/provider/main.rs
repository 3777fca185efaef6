//! The provider against a strict fake of KIE, which was written from the same facts by other hands.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

mod house;
mod keys;
mod lives;
mod models;
mod tasks;
mod world;
