-- What operators pause, and who works. Claims read a job's model from their indexes, to pass paused ones over.

CREATE TABLE pauses (
    scope  TEXT    NOT NULL CHECK (scope IN ('everything', 'model')),
    -- Of the scope `model`; else empty.
    model  TEXT    NOT NULL,
    actor  TEXT    NOT NULL,
    reason TEXT,
    since  INTEGER NOT NULL,
    PRIMARY KEY (scope, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE workers (
    name       TEXT    NOT NULL PRIMARY KEY,
    host       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    in_flight  INTEGER NOT NULL CHECK (in_flight >= 0),
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (stage, wake_at, id, provider, model) WHERE wake_at IS NOT NULL;
DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (turn, id, wake_at, provider, model) WHERE stage = 'prompt';
