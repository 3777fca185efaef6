-- 100,000 jobs that queue for a paused model, with turns before those of all others.
INSERT INTO jobs (id, order_id, account, idx, provider, model, price, stage, wake_at, turn, deadline_at, created_at)
SELECT gen_random_uuid(), order_id, account, 1000000 + n, provider, 'paused', price, 'prompt', wake_at, n - 100000,
    deadline_at, created_at
FROM (SELECT * FROM jobs WHERE stage = 'prompt' LIMIT 1) AS one CROSS JOIN generate_series(1, 100000) AS n;
INSERT INTO pauses (scope, model, actor, since) VALUES ('model', 'paused', 'bench', now());
