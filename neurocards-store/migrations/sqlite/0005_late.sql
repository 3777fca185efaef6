-- Tasks whose jobs ended without them, the videos that they bring all the same, and hints by callback. A column's list
-- of words cannot be changed in place: the two tables are written anew.

CREATE TABLE attempts_new (
    id         TEXT    NOT NULL PRIMARY KEY,
    job_id     TEXT    NOT NULL REFERENCES jobs (id),
    seq        INTEGER NOT NULL CHECK (seq > 0),
    provider   TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN (
        'intent', 'sent', 'accepted', 'rejected', 'unknown', 'succeeded', 'failed', 'abandoned', 'gifted')),
    task_id    TEXT,
    -- What a callback named while the reply to the submission was missing.
    hint       TEXT,
    video      TEXT,
    fault      TEXT             CHECK (json_valid(fault)),
    cost_milli INTEGER,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER,
    updated_at INTEGER NOT NULL,
    -- When the task of a job that has failed is looked at, and how often it was claimed for that.
    late_at    INTEGER,
    late_epoch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (job_id, seq),
    UNIQUE (provider, task_id),
    CONSTRAINT accepted_means_a_task CHECK (task_id IS NOT NULL OR state NOT IN ('accepted', 'succeeded', 'gifted'))
) STRICT;

INSERT INTO attempts_new (id, job_id, seq, provider, model, state, task_id, video, fault, cost_milli, created_at,
    sent_at, updated_at)
SELECT id, job_id, seq, provider, model, state, task_id, video, fault, cost_milli, created_at, sent_at, updated_at
FROM attempts;

DROP TABLE attempts;
ALTER TABLE attempts_new RENAME TO attempts;

CREATE UNIQUE INDEX attempts_one_live ON attempts (job_id)
WHERE state IN ('intent', 'sent', 'accepted', 'unknown');
CREATE UNIQUE INDEX attempts_one_charged ON attempts (job_id)
WHERE state IN ('sent', 'accepted', 'unknown', 'succeeded', 'abandoned', 'gifted');
CREATE INDEX attempts_late ON attempts (late_at) WHERE late_at IS NOT NULL;

CREATE TABLE notices_new (
    id          TEXT    NOT NULL PRIMARY KEY,
    account     TEXT    NOT NULL REFERENCES accounts (key),
    subject     TEXT    NOT NULL CHECK (subject IN ('order', 'job')),
    subject_id  TEXT    NOT NULL,
    order_id    TEXT    NOT NULL REFERENCES orders (id),
    kind        TEXT    NOT NULL CHECK (kind IN ('started', 'slow', 'result', 'failed', 'cancelled', 'gift')),
    body        TEXT    NOT NULL CHECK (json_valid(body)),
    state       TEXT    NOT NULL CHECK (state IN (
        'pending', 'sending', 'sent', 'unknown', 'blocked', 'superseded', 'dead')),
    sends       INTEGER NOT NULL CHECK (sends >= 0),
    lease_epoch INTEGER NOT NULL CHECK (lease_epoch >= 0),
    -- When it can be claimed: its timer, or the end of its sender's lease.
    wake_at     INTEGER NOT NULL,
    receipt     TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (subject_id, subject, kind)
) STRICT;

INSERT INTO notices_new SELECT * FROM notices;
DROP TABLE notices;
ALTER TABLE notices_new RENAME TO notices;

CREATE INDEX notices_by_order ON notices (order_id, id);
CREATE INDEX notices_due ON notices (account, wake_at, id, state) WHERE state IN ('pending', 'sending');
