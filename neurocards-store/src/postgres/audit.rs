//! Runs the invariants: those of the books are written here, the others are shared.

use neurocards_core::{StoreError, Violation};
use sqlx::{Executor, PgConnection};

use super::error::classify;
use crate::audit::{Invariant, SHARED};

/// In a transaction of its own: one moment for all of them, and plans that read whole tables.
pub(super) async fn run(db: &mut PgConnection) -> Result<Vec<Violation>, StoreError> {
    db.execute(
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
         SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;
         SET LOCAL statement_timeout = 0",
    )
    .await
    .map_err(classify)?;
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
        "SELECT books.key FROM (
             SELECT key || '/available' AS key, available AS balance FROM accounts
             UNION ALL SELECT key || '/held', held FROM accounts
         ) AS books
         LEFT JOIN (
             SELECT key, sum(change) AS total FROM (
                 SELECT credit AS key, amount AS change FROM ledger
                 UNION ALL SELECT debit, -amount FROM ledger
             ) AS changes GROUP BY key
         ) AS sums ON sums.key = books.key
         WHERE books.balance <> coalesce(sums.total, 0)",
    ),
    (
        "the sum over all books is zero",
        "SELECT total::text FROM (
             SELECT (SELECT coalesce(sum(available + held), 0) FROM accounts)
                 + (SELECT coalesce(sum(amount), 0) FROM ledger WHERE credit LIKE 'house:%')
                 - (SELECT coalesce(sum(amount), 0) FROM ledger WHERE debit LIKE 'house:%') AS total
         ) AS sums WHERE total <> 0",
    ),
    (
        "a balance keeps within its limit",
        "SELECT key FROM accounts WHERE available < -credit_limit OR held < 0",
    ),
    (
        "held credits equal the prices of unfinished jobs",
        "SELECT accounts.key || '/held' FROM accounts
         LEFT JOIN (
             SELECT account, sum(price) AS total FROM jobs WHERE wake_at IS NOT NULL GROUP BY account
         ) AS unfinished ON unfinished.account = accounts.key
         WHERE accounts.held <> coalesce(unfinished.total, 0)",
    ),
];
