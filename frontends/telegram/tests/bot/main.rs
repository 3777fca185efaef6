//! The bot with everything around it: the strict fakes of the Bot API and of KIE over real HTTP, an engine, a store.

#![expect(clippy::unwrap_used, reason = "a test ends where its house errs")]

mod admin;
mod alerts;
mod delivery;
mod house;
mod limits;
mod paying;
mod pictures;
mod pressing;
mod restarts;
mod scenarios;
mod walking;
