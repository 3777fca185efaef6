-- Places a batch of orders: $1 orders, $2 their jobs, $3 the time (the database's own when null).
-- Answers with the orders that were placed. One that was not has a key that was used before, or an account that is
-- missing or cannot pay for all its orders of the batch: the caller looks at each alone.
WITH RECURSIVE clock AS (
    SELECT coalesce($3::timestamptz, now()) AS now
),
input AS (
    SELECT * FROM json_to_recordset($1::text::json) AS input (
        id uuid, account text, key text, fingerprint text, brief json, count integer, model text,
        provider text, price bigint, needed bigint, deadline bigint,
        notice uuid, body json, debit text, credit text, event json)
),
fresh AS (
    SELECT input.*, sum(count) OVER (PARTITION BY account ORDER BY id) - count AS ahead
    FROM input
    WHERE NOT EXISTS (
        SELECT 1 FROM orders WHERE orders.account = input.account AND orders.idempotency_key = input.key)
),
bill AS (
    SELECT account, sum(needed)::bigint AS needed FROM fresh GROUP BY account
),
-- Always in the same order: two batches never wait for each other.
locked AS MATERIALIZED (
    SELECT accounts.key FROM accounts JOIN bill ON bill.account = accounts.key
    ORDER BY accounts.key FOR NO KEY UPDATE OF accounts
),
paid AS (
    UPDATE accounts SET available = available - bill.needed, held = held + bill.needed
    FROM bill JOIN locked ON locked.key = bill.account
    WHERE accounts.key = bill.account AND accounts.available + accounts.credit_limit >= bill.needed
    RETURNING accounts.key
),
-- The smallest turn of the queue, by a look at the front of each model's.
models AS (
    (SELECT model FROM jobs WHERE stage = 'prompt' ORDER BY model LIMIT 1)
    UNION ALL
    SELECT (SELECT jobs.model FROM jobs WHERE stage = 'prompt' AND jobs.model > models.model ORDER BY jobs.model LIMIT 1)
    FROM models WHERE models.model IS NOT NULL
),
front AS MATERIALIZED (
    SELECT min((SELECT turn FROM jobs WHERE stage = 'prompt' AND jobs.model = models.model ORDER BY turn, id LIMIT 1)) AS turn
    FROM models
),
queue AS (
    SELECT paid.key AS account, greatest(
        (SELECT turn FROM front),
        (SELECT turn + 1 FROM jobs WHERE stage = 'prompt' AND jobs.account = paid.key
         ORDER BY turn DESC LIMIT 1),
        0) AS turn
    FROM paid
),
placed AS (
    INSERT INTO orders (id, account, idempotency_key, fingerprint, brief, count, model, created_at)
    SELECT id, fresh.account, key, fingerprint, brief, count, model, clock.now
    FROM fresh JOIN queue USING (account) CROSS JOIN clock
    RETURNING id
),
job AS (
    SELECT job.id, job.entry, job.idx, fresh.id AS order_id, fresh.account, fresh.provider, fresh.model, fresh.price,
        fresh.debit, fresh.credit, fresh.event, queue.turn + fresh.ahead + job.idx AS turn,
        clock.now + fresh.deadline * interval '1 microsecond' AS deadline_at, clock.now
    FROM json_to_recordset($2::text::json) AS job (order_id uuid, id uuid, entry uuid, idx integer)
    JOIN fresh ON fresh.id = job.order_id
    JOIN queue USING (account)
    CROSS JOIN clock
),
jobs_written AS (
    INSERT INTO jobs (id, order_id, account, idx, provider, model, price, stage, wake_at, turn, deadline_at, created_at)
    SELECT id, order_id, account, idx, provider, model, price, 'prompt', now, turn, deadline_at, now FROM job
),
holds_written AS (
    INSERT INTO ledger (id, kind, account, debit, credit, amount, job_id, created_at)
    SELECT entry, 'hold', account, debit, credit, price, id, now FROM job ORDER BY order_id, idx
),
events_written AS (
    INSERT INTO events (job_id, at, stage, epoch, body) SELECT id, now, 'prompt', 0, event FROM job
),
notices_written AS (
    INSERT INTO notices (id, account, subject, subject_id, order_id, kind, body, state, wake_at, created_at, updated_at)
    SELECT notice, fresh.account, 'order', fresh.id, fresh.id, 'started', body, 'pending',
        clock.now, clock.now, clock.now
    FROM fresh JOIN queue USING (account) CROSS JOIN clock
)
SELECT placed.id, clock.now FROM placed CROSS JOIN clock
