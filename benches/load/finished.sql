-- A million jobs that are done: orders of twenty.
INSERT INTO orders (id, account, idempotency_key, fingerprint, brief, count, model, created_at)
SELECT md5('order' || n)::uuid, 'telegram:' || n % 100, 'old-' || n, 'f', '{}', 20, 'memory', now() - interval '1 day'
FROM generate_series(1, 50000) AS n;
INSERT INTO jobs (id, order_id, account, idx, provider, model, price, stage, prompt, turn, deadline_at, created_at,
    finished_at)
SELECT md5('job' || n || '-' || i)::uuid, md5('order' || n)::uuid, 'telegram:' || n % 100, i, 'memory', 'memory', 1,
    'done', '{}', 0, now(), now() - interval '1 day', now() - interval '1 day'
FROM generate_series(1, 50000) AS n, generate_series(0, 19) AS i
