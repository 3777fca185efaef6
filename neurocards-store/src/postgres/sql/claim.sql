-- Takes jobs that are due: $1 providers, $2 worker, $3 lease in microseconds, $4 the time (the database's own when
-- null), $5 the scope's id, $6 to $8 the room for submitting, reading and storing. What somebody else is taking at the
-- same moment is passed over. Each row says how long until the next job is due that there was room for, in
-- microseconds; where nothing was taken there is one row that says only that.
WITH RECURSIVE clock AS (
    SELECT coalesce($4::timestamptz, now()) AS now
),
begun AS (
    SELECT id, wake_at FROM jobs
    WHERE stage = 'submit' AND wake_at <= (SELECT now FROM clock) AND provider = ANY ($1) AND /*scope*/
        AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'everything')
        AND model <> ALL (ARRAY(SELECT pauses.model FROM pauses WHERE scope = 'model'))
    ORDER BY wake_at, id LIMIT $6 FOR UPDATE SKIP LOCKED
),
-- The models that jobs queue for, by one look into the index for each.
models AS (
    (SELECT model FROM jobs WHERE stage = 'prompt' ORDER BY model LIMIT 1)
    UNION ALL
    SELECT (SELECT jobs.model FROM jobs WHERE stage = 'prompt' AND jobs.model > models.model ORDER BY jobs.model LIMIT 1)
    FROM models WHERE models.model IS NOT NULL
),
-- What queues for a paused model is not even passed over: the queue of each other model is read from its front, and
-- their fronts are merged by turn.
open_models AS MATERIALIZED (
    SELECT model FROM models
    WHERE model IS NOT NULL AND $6 > 0
        AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'everything')
        AND model <> ALL (ARRAY(SELECT pauses.model FROM pauses WHERE scope = 'model'))
),
queued AS (
    SELECT front.id, front.wake_at FROM open_models CROSS JOIN LATERAL (
        SELECT id, turn, wake_at FROM jobs
        WHERE stage = 'prompt' AND model = open_models.model AND wake_at <= (SELECT now FROM clock)
            AND provider = ANY ($1) AND /*scope*/
        ORDER BY turn, id LIMIT $6 - (SELECT count(*) FROM begun) FOR UPDATE SKIP LOCKED
    ) AS front
    ORDER BY front.turn, front.id LIMIT $6 - (SELECT count(*) FROM begun)
),
waiting AS (
    SELECT id, wake_at FROM jobs
    WHERE stage = 'wait' AND wake_at <= (SELECT now FROM clock) AND provider = ANY ($1) AND /*scope*/
    ORDER BY wake_at, id LIMIT $7 FOR UPDATE SKIP LOCKED
),
rendered AS (
    SELECT id, wake_at FROM jobs
    WHERE stage = 'store' AND wake_at <= (SELECT now FROM clock) AND provider = ANY ($1) AND /*scope*/
    ORDER BY wake_at, id LIMIT $8 FOR UPDATE SKIP LOCKED
),
due AS (
    SELECT * FROM begun
    UNION ALL SELECT * FROM queued
    UNION ALL SELECT * FROM waiting
    UNION ALL SELECT * FROM rendered
),
taken AS (
    UPDATE jobs SET lease_epoch = lease_epoch + 1, lease_owner = $2, crashes = crashes + 1,
        wake_at = clock.now + $3 * interval '1 microsecond'
    FROM due CROSS JOIN clock WHERE jobs.id = due.id
    RETURNING jobs.*, due.wake_at AS due_at
),
next AS (
    SELECT least(
        (SELECT min(wake_at) FROM taken),
        CASE WHEN $6 > 0 THEN (
            SELECT wake_at FROM jobs
            WHERE stage = 'submit' AND wake_at IS NOT NULL AND provider = ANY ($1) AND /*scope*/
                AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'everything')
                AND model <> ALL (ARRAY(SELECT pauses.model FROM pauses WHERE scope = 'model'))
                AND id NOT IN (SELECT id FROM due)
            ORDER BY wake_at LIMIT 1) END,
        CASE WHEN $6 > 0 THEN (
            -- The first that is due, or else the first of those in somebody's hands, which are few.
            SELECT min(coalesce(
                (SELECT wake_at FROM jobs
                WHERE stage = 'prompt' AND model = open_models.model AND wake_at <= (SELECT now FROM clock)
                    AND provider = ANY ($1) AND /*scope*/ AND id NOT IN (SELECT id FROM due)
                ORDER BY turn, id LIMIT 1),
                -- Added to, so that the planner does not look for the least one in the order of all timers.
                (SELECT min(wake_at + interval '0') FROM jobs
                WHERE stage = 'prompt' AND model = open_models.model AND provider = ANY ($1) AND /*scope*/
                    AND id NOT IN (SELECT id FROM due))))
            FROM open_models) END,
        CASE WHEN $7 > 0 THEN (
            SELECT wake_at FROM jobs
            WHERE stage = 'wait' AND wake_at IS NOT NULL AND provider = ANY ($1) AND /*scope*/
                AND id NOT IN (SELECT id FROM due)
            ORDER BY wake_at LIMIT 1) END,
        CASE WHEN $8 > 0 THEN (
            SELECT wake_at FROM jobs
            WHERE stage = 'store' AND wake_at IS NOT NULL AND provider = ANY ($1) AND /*scope*/
                AND id NOT IN (SELECT id FROM due)
            ORDER BY wake_at LIMIT 1) END) AS wake_at
)
SELECT (extract(epoch FROM next.wake_at - clock.now) * 1000000)::bigint, clock.now, /*columns*/
FROM clock CROSS JOIN next LEFT JOIN (
    taken AS jobs JOIN orders ON orders.id = jobs.order_id
    LEFT JOIN attempts ON attempts.job_id = jobs.id AND attempts.seq = jobs.attempts) ON true
ORDER BY jobs.stage = 'prompt', CASE jobs.stage WHEN 'prompt' THEN jobs.turn END, jobs.due_at, jobs.id
