//! Invoices and payments in Stars.

use std::collections::BTreeMap;

use serde_json::Value;

/// What was asked for and paid.
#[derive(Debug, Default)]
pub(super) struct Money {
    /// Checkouts that wait for the bot's word, by the query's id: who, the payload, how much.
    pub(super) checkouts: BTreeMap<String, Checkout>,
    /// Payments, by their charge ids; `true` once they were given back.
    pub(super) charges: BTreeMap<String, (i64, i64, bool)>,
    /// The messages that said that somebody paid.
    pub(super) paid: Vec<(i64, Value)>,
}

/// Somebody pressed "Pay".
#[derive(Debug, Clone)]
pub(super) struct Checkout {
    pub(super) person: i64,
    pub(super) payload: String,
    pub(super) currency: String,
    pub(super) amount: i64,
}
