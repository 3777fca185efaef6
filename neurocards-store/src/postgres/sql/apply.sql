-- Applies a batch of steps, at most one for each job: $1 steps, $2 the time (the database's own when null).
-- Answers with the jobs whose fences held; nothing is written for the others.
WITH clock AS (
    SELECT coalesce($2::timestamptz, now()) AS now
),
input AS (
    SELECT * FROM json_to_recordset($1::text::json) AS input (
        id uuid, epoch bigint, stage text, target text, keep boolean, wait bigint,
        prompt json, retries integer, stumbles integer, error json, slow_told boolean,
        attempt_new uuid, attempt_seq integer, attempt_model text, attempt_key text, attempt_reason text, attempt uuid, attempt_from text, attempt_to text,
        task_id text, video text, fault json, cost_milli bigint,
        entry uuid, kind text, artifact json,
        notice uuid, notice_kind text, notice_body json, silences boolean, event json, late bigint)
),
moved AS (
    UPDATE jobs SET
        stage = input.target,
        prompt = coalesce(input.prompt, jobs.prompt),
        attempts = coalesce(input.attempt_seq, jobs.attempts),
        model = coalesce(input.attempt_model, jobs.model),
        retries = input.retries,
        stumbles = input.stumbles,
        crashes = 0,
        error = input.error,
        slow_told = input.slow_told,
        lease_owner = CASE WHEN input.keep THEN jobs.lease_owner END,
        wake_at = CASE
            WHEN input.keep THEN jobs.wake_at
            -- The provider has called back before the reply was written: there is something to read already.
            WHEN input.attempt_from = 'sent' AND input.target = 'wait' AND EXISTS (
                SELECT 1 FROM attempts WHERE attempts.id = input.attempt AND attempts.hint IS NOT NULL) THEN clock.now
            ELSE clock.now + input.wait * interval '1 microsecond'
        END,
        finished_at = CASE WHEN NOT input.keep AND input.wait IS NULL THEN clock.now END
    FROM input CROSS JOIN clock
    WHERE jobs.id = input.id AND jobs.lease_epoch = input.epoch AND jobs.stage = input.stage
        AND jobs.lease_owner IS NOT NULL
        AND (input.attempt IS NULL OR EXISTS (
            SELECT 1 FROM attempts
            WHERE attempts.id = input.attempt AND attempts.job_id = jobs.id AND attempts.seq = jobs.attempts
                AND attempts.state = input.attempt_from))
        AND (input.attempt_new IS NULL OR input.attempt_seq > jobs.attempts AND NOT EXISTS (
            SELECT 1 FROM attempts
            WHERE attempts.job_id = jobs.id AND attempts.seq = jobs.attempts
                AND attempts.state NOT IN ('rejected', 'failed')))
    RETURNING jobs.id, jobs.order_id, jobs.account, jobs.price, jobs.provider, jobs.model, jobs.attempts, clock.now
),
step AS (
    SELECT moved.*, input.stage, input.epoch, input.target, input.attempt_new, input.attempt_seq, input.attempt_key,
        input.attempt_reason, input.attempt,
        input.attempt_to, input.task_id, input.video, input.fault, input.cost_milli, input.entry, input.kind,
        input.artifact, input.notice, input.notice_kind, input.notice_body, input.silences, input.event,
        input.late
    FROM moved JOIN input USING (id)
),
attempts_added AS (
    INSERT INTO attempts (id, job_id, seq, provider, model, reason, state, created_at, updated_at)
    SELECT attempt_new, id, attempt_seq, provider, model, attempt_reason, 'intent', now, now
    FROM step WHERE attempt_new IS NOT NULL
),
attempts_changed AS (
    UPDATE attempts SET
        state = step.attempt_to,
        key = coalesce(step.attempt_key, attempts.key),
        reason = coalesce(step.attempt_reason, attempts.reason),
        task_id = coalesce(step.task_id, attempts.task_id),
        video = coalesce(step.video, attempts.video),
        fault = coalesce(step.fault, attempts.fault),
        cost_milli = coalesce(step.cost_milli, attempts.cost_milli),
        sent_at = CASE step.attempt_to WHEN 'sent' THEN step.now ELSE attempts.sent_at END,
        updated_at = step.now,
        -- What nobody can name cannot be looked at. A callback may have named it since the step was decided.
        late_at = CASE WHEN coalesce(step.task_id, attempts.task_id, attempts.hint) IS NOT NULL
            THEN step.now + step.late * interval '1 microsecond' END
    FROM step WHERE attempts.id = step.attempt
),
late AS (
    UPDATE attempts SET late_at = step.now + step.late * interval '1 microsecond'
    FROM step WHERE step.late IS NOT NULL AND step.attempt IS NULL AND attempts.job_id = step.id
        AND coalesce(attempts.task_id, attempts.hint) IS NOT NULL
        AND attempts.seq = step.attempts
),
bill AS (
    SELECT account, sum(price)::bigint AS ended,
        coalesce(sum(price) FILTER (WHERE kind = 'release'), 0)::bigint AS released
    FROM step WHERE entry IS NOT NULL GROUP BY account
),
-- Always in the same order: two batches never wait for each other.
locked AS MATERIALIZED (
    SELECT accounts.key FROM accounts JOIN bill ON bill.account = accounts.key
    ORDER BY accounts.key FOR NO KEY UPDATE OF accounts
),
settled AS (
    UPDATE accounts SET held = held - bill.ended, available = available + bill.released
    FROM bill JOIN locked ON locked.key = bill.account
    WHERE accounts.key = bill.account
),
entries AS (
    INSERT INTO ledger (id, kind, account, debit, credit, amount, job_id, created_at)
    SELECT entry, kind, account, account || '/held',
        CASE kind WHEN 'release' THEN account || '/available' ELSE 'house:revenue' END, price, id, now
    FROM step WHERE entry IS NOT NULL
),
artifacts_written AS (
    INSERT INTO artifacts (job_id, artifact, created_at)
    SELECT id, artifact, now FROM step WHERE artifact IS NOT NULL
    ON CONFLICT (job_id) DO UPDATE SET artifact = excluded.artifact, created_at = excluded.created_at,
        removed_at = NULL
),
told AS (
    INSERT INTO notices (id, account, subject, subject_id, order_id, kind, body, state, wake_at, created_at, updated_at)
    SELECT notice, account, 'job', id, order_id, notice_kind, notice_body, 'pending', now, now, now
    FROM step WHERE notice IS NOT NULL
    ON CONFLICT (subject_id, subject, kind) DO NOTHING
    RETURNING id
),
-- The last word on a job silences earlier ones. IS TRUE keeps the planner from walking through the index of all live
-- notices instead of looking up the order's.
silenced AS (
    UPDATE notices SET state = 'superseded', updated_at = step.now
    FROM step JOIN told ON told.id = step.notice
    WHERE step.silences AND notices.order_id = step.order_id AND (notices.state = 'pending') IS TRUE
        AND (notices.kind = 'started' OR notices.subject = 'job' AND notices.subject_id = step.id)
),
events_written AS (
    INSERT INTO events (job_id, at, stage, epoch, body)
    SELECT id, now, target, epoch, event FROM step WHERE event IS NOT NULL
)
SELECT id FROM moved
