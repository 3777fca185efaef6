//! The prompt builder against a language model over real HTTP.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod asking;
mod limits;
mod service;
mod world;
