//! The invariants as queries that both databases understand. Each answers with the keys of the rows that break it.

/// What must hold in words, and the query for the keys that break it.
pub(crate) type Invariant = (&'static str, &'static str);

/// The invariants of orders, jobs, attempts and notices. Those of the books stand with each database, because they keep
/// balances differently. Words and meaning are those of the store in memory.
pub(crate) const SHARED: &[Invariant] = &[
    (
        "an entry moves credits between the books of its kind",
        "SELECT CAST(id AS text) FROM ledger WHERE NOT CASE kind
             WHEN 'hold' THEN debit = account || '/available' AND credit = account || '/held'
             WHEN 'capture' THEN debit = account || '/held' AND credit = 'house:revenue'
             WHEN 'release' THEN debit = account || '/held' AND credit = account || '/available'
             WHEN 'adjust' THEN (debit = 'house:adjustments' AND credit = account || '/available')
                 OR (debit = account || '/available' AND credit = 'house:adjustments')
             WHEN 'revoke' THEN debit = account || '/available' AND credit = 'house:mint'
             ELSE debit = 'house:mint' AND credit = account || '/available' END",
    ),
    (
        "an entry of a job has the job's account and price",
        "SELECT CAST(ledger.id AS text) FROM ledger LEFT JOIN jobs ON jobs.id = ledger.job_id
         WHERE ledger.job_id IS NOT NULL
             AND (jobs.id IS NULL OR jobs.account <> ledger.account OR jobs.price <> ledger.amount)",
    ),
    (
        "an order has as many jobs as videos",
        "SELECT CAST(orders.id AS text) FROM orders
         WHERE orders.count <> (SELECT count(*) FROM jobs WHERE jobs.order_id = orders.id)",
    ),
    (
        "a job belongs to its order's account",
        "SELECT CAST(jobs.id AS text) FROM jobs LEFT JOIN orders ON orders.id = jobs.order_id
         WHERE orders.id IS NULL OR orders.account <> jobs.account",
    ),
    (
        "every job has exactly one hold",
        "SELECT CAST(jobs.id AS text) FROM jobs
         WHERE 1 <> (SELECT count(*) FROM ledger WHERE ledger.job_id = jobs.id AND ledger.kind = 'hold')",
    ),
    (
        "a final job has one capture or release, any other none",
        "SELECT CAST(jobs.id AS text) FROM jobs
         WHERE CASE WHEN jobs.stage IN ('done', 'failed', 'cancelled') THEN 1 ELSE 0 END <>
             (SELECT count(*) FROM ledger WHERE ledger.job_id = jobs.id AND ledger.kind IN ('capture', 'release'))",
    ),
    (
        "captured means done, with an artifact",
        "SELECT CAST(jobs.id AS text) FROM jobs
         WHERE CASE WHEN jobs.stage = 'done' THEN 1 ELSE 0 END <>
                 (SELECT count(*) FROM ledger WHERE ledger.job_id = jobs.id AND ledger.kind = 'capture')
             OR (jobs.stage = 'done' OR jobs.stage = 'failed' AND EXISTS (
                     SELECT 1 FROM attempts WHERE attempts.job_id = jobs.id AND attempts.state = 'gifted'))
                 <> EXISTS (SELECT 1 FROM artifacts WHERE artifacts.job_id = jobs.id)",
    ),
    (
        "a job has at most one live attempt",
        "SELECT CAST(job_id AS text) FROM attempts WHERE state IN ('intent', 'sent', 'accepted', 'unknown')
         GROUP BY job_id HAVING count(*) > 1",
    ),
    (
        "a job has at most one attempt that may be charged",
        "SELECT CAST(job_id AS text) FROM attempts WHERE state IN ('sent', 'accepted', 'unknown', 'succeeded', 'abandoned', 'gifted')
         GROUP BY job_id HAVING count(*) > 1",
    ),
    (
        "a final job has no live attempt",
        "SELECT DISTINCT CAST(jobs.id AS text) FROM attempts JOIN jobs ON jobs.id = attempts.job_id
         WHERE attempts.state IN ('intent', 'sent', 'accepted', 'unknown')
             AND jobs.stage IN ('done', 'failed', 'cancelled')",
    ),
    (
        "a job counts its attempts",
        "SELECT CAST(jobs.id AS text) FROM jobs
         WHERE jobs.attempts <> (SELECT count(*) FROM attempts WHERE attempts.job_id = jobs.id)
             OR jobs.attempts <>
                 (SELECT coalesce(max(attempts.seq), 0) FROM attempts WHERE attempts.job_id = jobs.id)",
    ),
    (
        "a job has the model of its latest attempt",
        "SELECT CAST(jobs.id AS text) FROM jobs
         JOIN attempts ON attempts.job_id = jobs.id AND attempts.seq = jobs.attempts
         WHERE attempts.model <> jobs.model",
    ),
    (
        "a task belongs to one attempt",
        "SELECT provider || ' ' || task_id FROM attempts WHERE task_id IS NOT NULL
         GROUP BY provider, task_id HAVING count(*) > 1",
    ),
    (
        "an unfinished job has an owner or a timer",
        "SELECT CAST(id AS text) FROM jobs WHERE (wake_at IS NULL) <> (stage IN ('done', 'failed', 'cancelled'))",
    ),
    (
        "a final job has its end, and nobody owns it",
        "SELECT CAST(id AS text) FROM jobs
         WHERE (finished_at IS NOT NULL) <> (stage IN ('done', 'failed', 'cancelled'))
             OR (lease_owner IS NOT NULL AND stage IN ('done', 'failed', 'cancelled'))",
    ),
    ("a price is positive", "SELECT CAST(id AS text) FROM jobs WHERE price <= 0"),
    (
        "every stage is in the history",
        "SELECT CAST(jobs.id AS text) FROM jobs
         WHERE jobs.stage IS DISTINCT FROM
             (SELECT events.stage FROM events WHERE events.job_id = jobs.id ORDER BY events.seq DESC LIMIT 1)",
    ),
    (
        "the epochs of a history never fall",
        "SELECT DISTINCT CAST(job_id AS text) FROM (
             SELECT events.job_id, events.epoch, jobs.lease_epoch,
                 lag(events.epoch, 1, CAST(0 AS bigint)) OVER (PARTITION BY events.job_id ORDER BY events.seq) AS before
             FROM events JOIN jobs ON jobs.id = events.job_id
         ) AS told WHERE epoch < before OR epoch > lease_epoch",
    ),
    (
        "a final job has told its buyer",
        "SELECT CAST(jobs.id AS text) FROM jobs
         WHERE jobs.stage IN ('done', 'failed', 'cancelled') AND NOT EXISTS (
             SELECT 1 FROM notices WHERE notices.subject_id = jobs.id AND notices.subject = 'job'
                 AND notices.kind = CASE jobs.stage WHEN 'done' THEN 'result' ELSE jobs.stage END)",
    ),
    (
        "a notice goes to the account of its subject",
        "SELECT CAST(notices.id AS text) FROM notices
         LEFT JOIN orders ON orders.id = notices.order_id
         LEFT JOIN jobs ON notices.subject = 'job' AND jobs.id = notices.subject_id
         WHERE orders.id IS NULL OR orders.account <> notices.account
             OR (notices.subject = 'job' AND (jobs.id IS NULL OR jobs.order_id <> notices.order_id))
             OR (notices.subject = 'order' AND notices.subject_id <> notices.order_id)",
    ),
    (
        "a paid payment has its credits in the ledger",
        "SELECT CAST(payments.id AS text) FROM payments
         LEFT JOIN ledger ON ledger.kind = 'topup'
             AND ledger.reference = payments.provider || ':' || payments.provider_id
         WHERE payments.state IN ('paid', 'refunding', 'refunded') AND (ledger.id IS NULL
             OR ledger.account <> payments.account OR ledger.amount <> payments.credits)",
    ),
    (
        "a refund took back what it says",
        "SELECT CAST(payments.id AS text) FROM payments
         LEFT JOIN ledger AS taken ON taken.kind = 'revoke' AND taken.reference
             = payments.provider || ':' || payments.provider_id || '/' || CAST(payments.refunds AS text)
         LEFT JOIN ledger AS returned ON returned.kind = 'topup' AND returned.reference
             = payments.provider || ':' || payments.provider_id || '/' || CAST(payments.refunds AS text)
         WHERE payments.taken_back <> coalesce(taken.amount, 0) - coalesce(returned.amount, 0)",
    ),
    (
        "credits that were paid for have their payment",
        "SELECT CAST(ledger.id AS text) FROM ledger
         WHERE ledger.kind = 'topup' AND (ledger.reference LIKE 'stars:%' OR ledger.reference LIKE 'yookassa:%')
             AND NOT EXISTS (
                 SELECT 1 FROM payments WHERE payments.state IN ('paid', 'refunding', 'refunded')
                     AND payments.account = ledger.account
                     AND (payments.provider || ':' || payments.provider_id = ledger.reference
                         OR payments.refunds > 0 AND ledger.reference
                             LIKE payments.provider || ':' || payments.provider_id || '/%'))",
    ),
];
