//! The prompt builder and the check against a language model over real HTTP.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod asking;
mod check;
mod flow;
mod limits;
mod proxy;
mod service;
mod world;
