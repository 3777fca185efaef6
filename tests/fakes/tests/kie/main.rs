//! The fake KIE against what the service was recorded to say.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

mod callbacks;
mod client;
mod faults;
mod limits;
mod media;
mod models;
mod strict;
mod veo;
mod wire;
