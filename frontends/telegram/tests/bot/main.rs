//! The bot with everything around it: the strict fakes of the Bot API, of KIE and of YooKassa over real HTTP, an engine, a
//! store.

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
mod roubles;
mod scenarios;
mod walking;
