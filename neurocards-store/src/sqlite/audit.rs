//! Runs the invariants: those of the books are written here, the others are shared.

use neurocards_core::{StoreError, Violation};
use sqlx::SqliteConnection;

use super::error::classify;
use crate::audit::{Invariant, SHARED};

pub(super) async fn run(db: &mut SqliteConnection) -> Result<Vec<Violation>, StoreError> {
    let mut found = Vec::new();
    for (invariant, sql) in BOOKS.iter().chain(SHARED) {
        let keys = sqlx::query_scalar::<_, String>(*sql).fetch_all(&mut *db).await.map_err(classify)?;
        found.extend(keys.into_iter().map(|key| Violation { invariant, key }));
    }
    Ok(found)
}

const BOOKS: &[Invariant] = &[
    (
        "a balance equals the sum of its entries",
        "SELECT books.key FROM books
         LEFT JOIN (
             SELECT key, sum(change) AS total FROM (
                 SELECT credit AS key, amount AS change FROM ledger
                 UNION ALL SELECT debit, -amount FROM ledger
             ) GROUP BY key
         ) AS sums ON sums.key = books.key
         WHERE books.balance <> coalesce(sums.total, 0)",
    ),
    (
        "the sum over all books is zero",
        "SELECT CAST(total AS TEXT) FROM (SELECT coalesce(sum(balance), 0) AS total FROM books) WHERE total <> 0",
    ),
    (
        "a balance keeps within its limit",
        "SELECT accounts.key FROM accounts
         JOIN books AS available ON available.key = accounts.key || '/available'
         JOIN books AS held ON held.key = accounts.key || '/held'
         WHERE available.balance < -accounts.credit_limit OR held.balance < 0",
    ),
    (
        "held credits equal the prices of unfinished jobs",
        "SELECT books.key FROM books
         LEFT JOIN (
             SELECT account, sum(price) AS total FROM jobs WHERE wake_at IS NOT NULL GROUP BY account
         ) AS unfinished ON unfinished.account = books.account
         WHERE books.key = books.account || '/held' AND books.balance <> coalesce(unfinished.total, 0)",
    ),
];
