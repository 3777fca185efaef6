//! YooKassa as a [`Till`](neurocards_core::Till): roubles by card, SBP and whatever else a shop has switched on.
//!
//! Only what YooKassa answers to our own requests is believed. A payment is asked for under the id of our row, so asking
//! again, by whichever process, is the same payment for 24 hours; a refund is asked for under that id and the number of
//! the attempt. Its notifications ([`hint`]) are signed by nobody and say no more than that something is to be read.
//!
//! ```
//! use neurocards_yookassa::Yookassa;
//!
//! # fn main() -> Result<(), neurocards_yookassa::YookassaError> {
//! let till = Yookassa::builder("100500", "live_secret").return_url("https://t.me/example_bot").build()?;
//! assert!(!format!("{till:?}").contains("live_secret"));
//! # Ok(())
//! # }
//! ```
//!
//! Known weakness: 24 hours after a refund that was declined while nobody of us was there to read it, it is asked for
//! once more; the money goes back once all the same.

mod connection;
mod hint;
mod said;
mod settings;
mod till;
mod wire;

pub use hint::{HINT_MAX_BYTES, hint};
pub use settings::{Receipts, YookassaBuilder, YookassaError};
pub use till::Yookassa;
