//! A database that is away, full, slow, read-only or of another version under engines that work on it: nothing is
//! lost, nothing is done twice, and nobody has to start again.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

mod cables;
mod clocks;
mod disks;
mod servers;
mod site;
mod versions;
