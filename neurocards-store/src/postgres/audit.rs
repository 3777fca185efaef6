//! The invariants as queries. Each answers with the keys of the rows that break it.

use neurocards_core::{StoreError, Violation};
use sqlx::{Executor, PgConnection};

use super::error::classify;

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
    for (invariant, sql) in INVARIANTS {
        let keys = sqlx::query_scalar::<_, String>(*sql).fetch_all(&mut *db).await.map_err(classify)?;
        found.extend(keys.into_iter().map(|key| Violation { invariant, key }));
    }
    Ok(found)
}

/// Words and meaning are those of the store in memory.
const INVARIANTS: &[(&str, &str)] = &[
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
    (
        "an entry of a job has the job's account and price",
        "SELECT ledger.id::text FROM ledger LEFT JOIN jobs ON jobs.id = ledger.job_id
         WHERE ledger.job_id IS NOT NULL
             AND (jobs.id IS NULL OR jobs.account <> ledger.account OR jobs.price <> ledger.amount)",
    ),
    (
        "an order has as many jobs as videos",
        "SELECT orders.id::text FROM orders
         WHERE orders.count <> (SELECT count(*) FROM jobs WHERE jobs.order_id = orders.id)",
    ),
    (
        "a job belongs to its order's account",
        "SELECT jobs.id::text FROM jobs LEFT JOIN orders ON orders.id = jobs.order_id
         WHERE orders.id IS NULL OR orders.account <> jobs.account",
    ),
    (
        "every job has exactly one hold",
        "SELECT jobs.id::text FROM jobs
         WHERE 1 <> (SELECT count(*) FROM ledger WHERE ledger.job_id = jobs.id AND ledger.kind = 'hold')",
    ),
    (
        "a final job has one capture or release, any other none",
        "SELECT jobs.id::text FROM jobs
         WHERE (jobs.stage IN ('done', 'failed', 'cancelled'))::integer <>
             (SELECT count(*) FROM ledger WHERE ledger.job_id = jobs.id AND ledger.kind IN ('capture', 'release'))",
    ),
    (
        "captured means done, with an artifact",
        "SELECT jobs.id::text FROM jobs
         WHERE (jobs.stage = 'done')::integer <>
                 (SELECT count(*) FROM ledger WHERE ledger.job_id = jobs.id AND ledger.kind = 'capture')
             OR (jobs.stage = 'done' OR jobs.stage = 'failed' AND EXISTS (
                     SELECT 1 FROM attempts WHERE attempts.job_id = jobs.id AND attempts.state = 'gifted'))
                 <> EXISTS (SELECT 1 FROM artifacts WHERE artifacts.job_id = jobs.id)",
    ),
    (
        "a job has at most one live attempt",
        "SELECT job_id::text FROM attempts WHERE state IN ('intent', 'sent', 'accepted', 'unknown')
         GROUP BY job_id HAVING count(*) > 1",
    ),
    (
        "a job has at most one attempt that may be charged",
        "SELECT job_id::text FROM attempts WHERE state IN ('sent', 'accepted', 'unknown', 'succeeded', 'abandoned', 'gifted')
         GROUP BY job_id HAVING count(*) > 1",
    ),
    (
        "a final job has no live attempt",
        "SELECT DISTINCT jobs.id::text FROM attempts JOIN jobs ON jobs.id = attempts.job_id
         WHERE attempts.state IN ('intent', 'sent', 'accepted', 'unknown')
             AND jobs.stage IN ('done', 'failed', 'cancelled')",
    ),
    (
        "a job counts its attempts",
        "SELECT jobs.id::text FROM jobs
         WHERE jobs.attempts <> (SELECT count(*) FROM attempts WHERE attempts.job_id = jobs.id)
             OR jobs.attempts <>
                 (SELECT coalesce(max(attempts.seq), 0) FROM attempts WHERE attempts.job_id = jobs.id)",
    ),
    (
        "a task belongs to one attempt",
        "SELECT provider || ' ' || task_id FROM attempts WHERE task_id IS NOT NULL
         GROUP BY provider, task_id HAVING count(*) > 1",
    ),
    (
        "an unfinished job has an owner or a timer",
        "SELECT id::text FROM jobs WHERE (wake_at IS NULL) <> (stage IN ('done', 'failed', 'cancelled'))",
    ),
    (
        "a final job has its end, and nobody owns it",
        "SELECT id::text FROM jobs
         WHERE (finished_at IS NOT NULL) <> (stage IN ('done', 'failed', 'cancelled'))
             OR (lease_owner IS NOT NULL AND stage IN ('done', 'failed', 'cancelled'))",
    ),
    ("a price is positive", "SELECT id::text FROM jobs WHERE price <= 0"),
    (
        "every stage is in the history",
        "SELECT jobs.id::text FROM jobs
         WHERE jobs.stage IS DISTINCT FROM
             (SELECT events.stage FROM events WHERE events.job_id = jobs.id ORDER BY events.seq DESC LIMIT 1)",
    ),
    (
        "the epochs of a history never fall",
        "SELECT DISTINCT job_id::text FROM (
             SELECT events.job_id, events.epoch, jobs.lease_epoch,
                 lag(events.epoch, 1, 0::bigint) OVER (PARTITION BY events.job_id ORDER BY events.seq) AS before
             FROM events JOIN jobs ON jobs.id = events.job_id
         ) AS told WHERE epoch < before OR epoch > lease_epoch",
    ),
    (
        "a final job has told its buyer",
        "SELECT jobs.id::text FROM jobs
         WHERE jobs.stage IN ('done', 'failed', 'cancelled') AND NOT EXISTS (
             SELECT 1 FROM notices WHERE notices.subject_id = jobs.id AND notices.subject = 'job'
                 AND notices.kind = CASE jobs.stage WHEN 'done' THEN 'result' ELSE jobs.stage END)",
    ),
    (
        "a notice goes to the account of its subject",
        "SELECT notices.id::text FROM notices
         LEFT JOIN orders ON orders.id = notices.order_id
         LEFT JOIN jobs ON notices.subject = 'job' AND jobs.id = notices.subject_id
         WHERE orders.id IS NULL OR orders.account <> notices.account
             OR (notices.subject = 'job' AND (jobs.id IS NULL OR jobs.order_id <> notices.order_id))
             OR (notices.subject = 'order' AND notices.subject_id <> notices.order_id)",
    ),
];
