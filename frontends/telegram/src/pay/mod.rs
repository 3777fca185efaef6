//! Paying: the check before money moves, Stars as a provider of payments, and the keeper of open payments.

mod checkout;
mod keeper;
mod stars;

pub(crate) use checkout::{Checkout, refusal};
pub(crate) use stars::StarsTill;

use neurocards::{AccountKey, PersonId};

/// The person of an account.
pub(crate) fn person_of(account: &AccountKey) -> Option<PersonId> {
    account.as_str().strip_prefix("telegram:")?.parse().ok().map(PersonId)
}
