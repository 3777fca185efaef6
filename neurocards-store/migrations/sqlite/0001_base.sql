-- The schema of neurocards for SQLite.
--
-- Times are INTEGER microseconds since 1970, UTC. Ids are TEXT, hyphenated UUIDs of version 7, so that they read the
-- same here as in every log line and sort by the time they were made. What a table holds as a whole and no query
-- looks into (brief, prompt, fault, artifact, bodies) is JSON in TEXT.
-- What the lifecycle promises is held here a second time, by constraints: a bug in the program ends in an error, not
-- in a second charge.

-- "ncrd": a file that another program wrote is refused at opening.
PRAGMA application_id = 1852011108;

CREATE TABLE accounts (
    key          TEXT    NOT NULL PRIMARY KEY,
    credit_limit INTEGER NOT NULL CHECK (credit_limit >= 0),
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where credits lie. An account has two books, the house three. `floor` is the least balance that is allowed:
-- minus the credit limit for what can be spent, nothing for what is held.
CREATE TABLE books (
    key     TEXT    NOT NULL PRIMARY KEY,
    account TEXT             REFERENCES accounts (key),
    balance INTEGER NOT NULL,
    floor   INTEGER,
    CHECK (floor IS NULL OR balance >= floor),
    CHECK ((account IS NULL) = (floor IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO books (key, account, balance, floor)
VALUES ('house:mint', NULL, 0, NULL), ('house:revenue', NULL, 0, NULL), ('house:adjustments', NULL, 0, NULL);

CREATE TABLE orders (
    id              TEXT    NOT NULL PRIMARY KEY,
    account         TEXT    NOT NULL REFERENCES accounts (key),
    idempotency_key TEXT    NOT NULL,
    fingerprint     TEXT    NOT NULL,
    brief           TEXT    NOT NULL CHECK (json_valid(brief)),
    count           INTEGER NOT NULL CHECK (count > 0),
    model           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    UNIQUE (account, idempotency_key)
) STRICT;

CREATE TABLE jobs (
    id           TEXT    NOT NULL PRIMARY KEY,
    order_id     TEXT    NOT NULL REFERENCES orders (id),
    account      TEXT    NOT NULL REFERENCES accounts (key),
    idx          INTEGER NOT NULL CHECK (idx >= 0),
    provider     TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    price        INTEGER NOT NULL CHECK (price > 0),
    stage        TEXT    NOT NULL CHECK (stage IN ('prompt', 'submit', 'wait', 'store', 'done', 'failed', 'cancelled')),
    prompt       TEXT             CHECK (json_valid(prompt)),
    attempts     INTEGER NOT NULL CHECK (attempts >= 0),
    retries      INTEGER NOT NULL CHECK (retries >= 0),
    stumbles     INTEGER NOT NULL CHECK (stumbles >= 0),
    crashes      INTEGER NOT NULL CHECK (crashes >= 0),
    error        TEXT             CHECK (json_valid(error)),
    slow_told    INTEGER NOT NULL CHECK (slow_told IN (0, 1)),
    lease_epoch  INTEGER NOT NULL CHECK (lease_epoch >= 0),
    lease_owner  TEXT,
    -- When it can be claimed: its timer, or the end of its lease.
    wake_at      INTEGER,
    deadline_at  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    UNIQUE (order_id, idx),
    CONSTRAINT a_timer_until_the_end CHECK ((wake_at IS NULL) = (stage IN ('done', 'failed', 'cancelled'))),
    CONSTRAINT an_end_at_the_end CHECK ((finished_at IS NOT NULL) = (stage IN ('done', 'failed', 'cancelled'))),
    CONSTRAINT nobody_owns_a_final_job CHECK (lease_owner IS NULL OR stage NOT IN ('done', 'failed', 'cancelled')),
    CONSTRAINT a_prompt_before_submission CHECK (prompt IS NOT NULL OR stage IN ('prompt', 'failed', 'cancelled'))
) STRICT;

-- Claims look only at unfinished jobs: a million finished ones cost them nothing.
CREATE INDEX jobs_due ON jobs (wake_at, id, provider) WHERE wake_at IS NOT NULL;
CREATE INDEX jobs_by_account ON jobs (account, id);
CREATE INDEX jobs_by_stage ON jobs (stage, id);

CREATE TRIGGER jobs_stay_final BEFORE UPDATE ON jobs
WHEN OLD.stage IN ('done', 'failed', 'cancelled')
BEGIN
    SELECT RAISE (ABORT, 'a final job does not change');
END;

CREATE TRIGGER jobs_follow_the_graph BEFORE UPDATE OF stage ON jobs
WHEN OLD.stage <> NEW.stage AND OLD.stage || '-' || NEW.stage NOT IN (
    'prompt-submit', 'prompt-failed', 'prompt-cancelled',
    'submit-wait', 'submit-failed', 'submit-cancelled',
    'wait-submit', 'wait-store', 'wait-failed',
    'store-done', 'store-failed')
BEGIN
    SELECT RAISE (ABORT, 'there is no such way between stages');
END;

CREATE TRIGGER jobs_raise_their_epoch BEFORE UPDATE OF lease_epoch ON jobs
WHEN NEW.lease_epoch < OLD.lease_epoch
BEGIN
    SELECT RAISE (ABORT, 'an epoch never falls');
END;

CREATE TABLE attempts (
    id         TEXT    NOT NULL PRIMARY KEY,
    job_id     TEXT    NOT NULL REFERENCES jobs (id),
    seq        INTEGER NOT NULL CHECK (seq > 0),
    provider   TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN (
        'intent', 'sent', 'accepted', 'rejected', 'unknown', 'succeeded', 'failed', 'abandoned')),
    task_id    TEXT,
    video      TEXT,
    fault      TEXT             CHECK (json_valid(fault)),
    cost_milli INTEGER,
    created_at INTEGER NOT NULL,
    sent_at    INTEGER,
    updated_at INTEGER NOT NULL,
    UNIQUE (job_id, seq),
    UNIQUE (provider, task_id),
    CONSTRAINT accepted_means_a_task CHECK (task_id IS NOT NULL OR state NOT IN ('accepted', 'succeeded'))
) STRICT;

CREATE UNIQUE INDEX attempts_one_live ON attempts (job_id)
WHERE state IN ('intent', 'sent', 'accepted', 'unknown');
CREATE UNIQUE INDEX attempts_one_charged ON attempts (job_id)
WHERE state IN ('sent', 'accepted', 'unknown', 'succeeded', 'abandoned');

CREATE TABLE artifacts (
    job_id     TEXT    NOT NULL PRIMARY KEY REFERENCES jobs (id),
    artifact   TEXT    NOT NULL CHECK (json_valid(artifact)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    seq        INTEGER NOT NULL PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    kind       TEXT    NOT NULL CHECK (kind IN ('topup', 'bonus', 'hold', 'capture', 'release', 'adjust', 'revoke')),
    account    TEXT    NOT NULL REFERENCES accounts (key),
    debit      TEXT    NOT NULL REFERENCES books (key),
    credit     TEXT    NOT NULL REFERENCES books (key),
    amount     INTEGER NOT NULL CHECK (amount > 0),
    job_id     TEXT             REFERENCES jobs (id),
    reference  TEXT,
    reason     TEXT,
    actor      TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (job_id, kind),
    CONSTRAINT between_two_books CHECK (debit <> credit),
    CONSTRAINT holds_belong_to_jobs CHECK ((job_id IS NOT NULL) = (kind IN ('hold', 'capture', 'release')))
) STRICT;

CREATE UNIQUE INDEX ledger_one_end ON ledger (job_id) WHERE kind IN ('capture', 'release');
CREATE UNIQUE INDEX ledger_one_reference ON ledger (kind, reference) WHERE reference IS NOT NULL;
CREATE INDEX ledger_by_account ON ledger (account, seq);

CREATE TRIGGER ledger_never_changes BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE (ABORT, 'the ledger is immutable');
END;
CREATE TRIGGER ledger_never_shrinks BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE (ABORT, 'the ledger is immutable');
END;
-- INSERT OR REPLACE would delete the row in its way without asking the trigger above.
CREATE TRIGGER ledger_is_never_replaced BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)
    OR EXISTS (SELECT 1 FROM ledger WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM ledger WHERE kind = NEW.kind AND reference = NEW.reference)
    OR EXISTS (SELECT 1 FROM ledger WHERE job_id = NEW.job_id AND (kind = NEW.kind
        OR (kind IN ('capture', 'release') AND NEW.kind IN ('capture', 'release'))))
BEGIN
    SELECT RAISE (ABORT, 'the ledger has that entry');
END;

CREATE TABLE notices (
    id          TEXT    NOT NULL PRIMARY KEY,
    account     TEXT    NOT NULL REFERENCES accounts (key),
    subject     TEXT    NOT NULL CHECK (subject IN ('order', 'job')),
    subject_id  TEXT    NOT NULL,
    order_id    TEXT    NOT NULL REFERENCES orders (id),
    kind        TEXT    NOT NULL CHECK (kind IN ('started', 'slow', 'result', 'failed', 'cancelled')),
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

CREATE INDEX notices_by_order ON notices (order_id, id);
-- By account, because notices for accounts without a channel wait for ever and must not slow down the others.
CREATE INDEX notices_due ON notices (account, wake_at, id, state) WHERE state IN ('pending', 'sending');

CREATE TABLE events (
    seq    INTEGER NOT NULL PRIMARY KEY,
    job_id TEXT    NOT NULL REFERENCES jobs (id),
    at     INTEGER NOT NULL,
    stage  TEXT    NOT NULL CHECK (stage IN ('prompt', 'submit', 'wait', 'store', 'done', 'failed', 'cancelled')),
    epoch  INTEGER NOT NULL CHECK (epoch >= 0),
    body   TEXT    NOT NULL CHECK (json_valid(body))
) STRICT;

CREATE INDEX events_by_job ON events (job_id, seq);

CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN
    SELECT RAISE (ABORT, 'history is immutable');
END;
CREATE TRIGGER events_never_shrink BEFORE DELETE ON events
BEGIN
    SELECT RAISE (ABORT, 'history is immutable');
END;
