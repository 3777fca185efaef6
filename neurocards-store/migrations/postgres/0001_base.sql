-- The schema of neurocards for PostgreSQL 15 and newer.
--
-- What a table holds as a whole and no query looks into (brief, prompt, fault, artifact, bodies) is json: it is kept
-- as it was written, and costs nothing to insert. Words are compared byte by byte (COLLATE "C"), like everywhere else
-- in the program. What the lifecycle promises is held here a second time, by constraints: a bug in the program ends
-- in an error, not in a second charge.

-- An account and its two books. The books of the house are sums over the ledger: a row that every capture of every
-- worker had to lock would be the slowest thing here.
CREATE TABLE accounts (
    key          text COLLATE "C" PRIMARY KEY,
    credit_limit bigint      NOT NULL CHECK (credit_limit >= 0),
    available    bigint      NOT NULL DEFAULT 0,
    held         bigint      NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    CONSTRAINT accounts_within_the_limit CHECK (available >= -credit_limit),
    CONSTRAINT accounts_hold_no_debt CHECK (held >= 0)
) WITH (fillfactor = 50);

CREATE TABLE orders (
    id              uuid PRIMARY KEY,
    account         text COLLATE "C" NOT NULL REFERENCES accounts (key),
    idempotency_key text COLLATE "C" NOT NULL,
    fingerprint     text COLLATE "C" NOT NULL,
    brief           json        NOT NULL,
    count           integer     NOT NULL CHECK (count > 0),
    model           text        NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT orders_one_for_each_key UNIQUE (account, idempotency_key)
);

CREATE TABLE jobs (
    id           uuid PRIMARY KEY,
    order_id     uuid        NOT NULL REFERENCES orders (id),
    account      text COLLATE "C" NOT NULL REFERENCES accounts (key),
    idx          integer     NOT NULL CHECK (idx >= 0),
    provider     text        NOT NULL,
    model        text        NOT NULL,
    price        bigint      NOT NULL CHECK (price > 0),
    stage        text COLLATE "C" NOT NULL CHECK (
        stage IN ('prompt', 'submit', 'wait', 'store', 'done', 'failed', 'cancelled')),
    prompt       json,
    attempts     integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    retries      integer     NOT NULL DEFAULT 0 CHECK (retries >= 0),
    stumbles     integer     NOT NULL DEFAULT 0 CHECK (stumbles >= 0),
    crashes      integer     NOT NULL DEFAULT 0 CHECK (crashes >= 0),
    error        json,
    slow_told    boolean     NOT NULL DEFAULT false,
    lease_epoch  bigint      NOT NULL DEFAULT 0 CHECK (lease_epoch >= 0),
    lease_owner  text,
    -- When it can be claimed: its timer, or the end of its lease.
    wake_at      timestamptz,
    -- Its place in the queue of all accounts: one account's backlog takes turns with everybody else's.
    turn         bigint      NOT NULL,
    deadline_at  timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    UNIQUE (order_id, idx),
    CONSTRAINT a_timer_until_the_end CHECK ((wake_at IS NULL) = (stage IN ('done', 'failed', 'cancelled'))),
    CONSTRAINT an_end_at_the_end CHECK ((finished_at IS NOT NULL) = (stage IN ('done', 'failed', 'cancelled'))),
    CONSTRAINT nobody_owns_a_final_job CHECK (lease_owner IS NULL OR stage NOT IN ('done', 'failed', 'cancelled')),
    CONSTRAINT a_prompt_before_submission CHECK (prompt IS NOT NULL OR stage IN ('prompt', 'failed', 'cancelled'))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- Claims look only at unfinished jobs: a million finished ones cost them nothing.
CREATE INDEX jobs_due ON jobs (stage, wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (turn, id) WHERE stage = 'prompt';
CREATE INDEX jobs_queued_by_account ON jobs (account, turn) WHERE stage = 'prompt';
CREATE INDEX jobs_by_account ON jobs (account, id);
CREATE INDEX jobs_final ON jobs (stage, id) WHERE stage IN ('done', 'failed', 'cancelled');

CREATE TABLE attempts (
    id         uuid PRIMARY KEY,
    job_id     uuid        NOT NULL REFERENCES jobs (id),
    seq        integer     NOT NULL CHECK (seq > 0),
    provider   text        NOT NULL,
    model      text        NOT NULL,
    state      text COLLATE "C" NOT NULL CHECK (state IN (
        'intent', 'sent', 'accepted', 'rejected', 'unknown', 'succeeded', 'failed', 'abandoned', 'gifted')),
    task_id    text,
    -- What a callback named while the reply to the submission was missing.
    hint       text,
    video      text,
    fault      json,
    cost_milli bigint,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz,
    updated_at timestamptz NOT NULL,
    -- When the task of a job that has failed is looked at, and how often it was claimed for that.
    late_at    timestamptz,
    late_epoch bigint      NOT NULL DEFAULT 0,
    UNIQUE (job_id, seq),
    CONSTRAINT attempts_one_for_each_task UNIQUE (provider, task_id),
    CONSTRAINT accepted_means_a_task CHECK (task_id IS NOT NULL OR state NOT IN ('accepted', 'succeeded', 'gifted'))
) WITH (fillfactor = 70);

CREATE UNIQUE INDEX attempts_one_live ON attempts (job_id)
WHERE state IN ('intent', 'sent', 'accepted', 'unknown');
CREATE UNIQUE INDEX attempts_one_charged ON attempts (job_id)
WHERE state IN ('sent', 'accepted', 'unknown', 'succeeded', 'abandoned', 'gifted');
CREATE INDEX attempts_late ON attempts (late_at) WHERE late_at IS NOT NULL;

CREATE TABLE artifacts (
    job_id     uuid PRIMARY KEY REFERENCES jobs (id),
    artifact   json        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE ledger (
    seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         uuid        NOT NULL UNIQUE,
    kind       text COLLATE "C" NOT NULL CHECK (
        kind IN ('topup', 'bonus', 'hold', 'capture', 'release', 'adjust', 'revoke')),
    account    text COLLATE "C" NOT NULL REFERENCES accounts (key),
    debit      text COLLATE "C" NOT NULL,
    credit     text COLLATE "C" NOT NULL,
    amount     bigint      NOT NULL CHECK (amount > 0),
    job_id     uuid REFERENCES jobs (id),
    reference  text COLLATE "C",
    reason     text,
    actor      text,
    created_at timestamptz NOT NULL,
    CONSTRAINT ledger_one_of_a_kind UNIQUE (job_id, kind),
    CONSTRAINT between_two_books CHECK (debit <> credit),
    CONSTRAINT holds_belong_to_jobs CHECK ((job_id IS NOT NULL) = (kind IN ('hold', 'capture', 'release'))),
    CONSTRAINT books_of_the_account_or_the_house CHECK (
        debit IN (account || '/available', account || '/held', 'house:mint', 'house:revenue', 'house:adjustments')
        AND credit IN (account || '/available', account || '/held', 'house:mint', 'house:revenue', 'house:adjustments'))
);

CREATE UNIQUE INDEX ledger_one_end ON ledger (job_id) WHERE kind IN ('capture', 'release');
CREATE UNIQUE INDEX ledger_one_reference ON ledger (kind, reference) WHERE reference IS NOT NULL;
CREATE INDEX ledger_by_account ON ledger (account, seq);

CREATE TABLE notices (
    id          uuid PRIMARY KEY,
    account     text COLLATE "C" NOT NULL REFERENCES accounts (key),
    subject     text COLLATE "C" NOT NULL CHECK (subject IN ('order', 'job')),
    subject_id  uuid        NOT NULL,
    order_id    uuid        NOT NULL REFERENCES orders (id),
    kind        text COLLATE "C" NOT NULL CHECK (
        kind IN ('started', 'slow', 'result', 'failed', 'cancelled', 'gift')),
    body        json        NOT NULL,
    state       text COLLATE "C" NOT NULL CHECK (state IN (
        'pending', 'sending', 'sent', 'unknown', 'blocked', 'superseded', 'dead')),
    sends       integer     NOT NULL DEFAULT 0 CHECK (sends >= 0),
    lease_epoch bigint      NOT NULL DEFAULT 0 CHECK (lease_epoch >= 0),
    -- When it can be claimed: its timer, or the end of its sender's lease.
    wake_at     timestamptz NOT NULL,
    receipt     text,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT notices_one_of_a_kind UNIQUE (subject_id, subject, kind)
) WITH (fillfactor = 70);

CREATE INDEX notices_by_order ON notices (order_id, id);
-- By account, because notices for accounts without a channel wait for ever and must not slow down the others.
CREATE INDEX notices_due ON notices (account, wake_at) WHERE state IN ('pending', 'sending');

CREATE TABLE events (
    seq    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid        NOT NULL REFERENCES jobs (id),
    at     timestamptz NOT NULL,
    stage  text COLLATE "C" NOT NULL CHECK (
        stage IN ('prompt', 'submit', 'wait', 'store', 'done', 'failed', 'cancelled')),
    epoch  bigint      NOT NULL CHECK (epoch >= 0),
    body   json        NOT NULL
);

CREATE INDEX events_by_job ON events (job_id, seq);

-- What operators hold back.
CREATE TABLE pauses (
    scope  text COLLATE "C" NOT NULL CHECK (scope IN ('everything', 'model')),
    -- Of the scope `model`; else empty.
    model  text COLLATE "C" NOT NULL,
    actor  text        NOT NULL,
    reason text,
    since  timestamptz NOT NULL,
    PRIMARY KEY (scope, model)
);

-- Who works, as far as they say. Leases do not depend on it.
CREATE TABLE workers (
    name       text COLLATE "C" PRIMARY KEY,
    host       text        NOT NULL,
    version    text        NOT NULL,
    in_flight  bigint      NOT NULL CHECK (in_flight >= 0),
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER ledger_never_changes BEFORE UPDATE OR DELETE ON ledger
FOR EACH ROW EXECUTE FUNCTION refuse('the ledger is immutable');
CREATE TRIGGER ledger_never_vanishes BEFORE TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse('the ledger is immutable');
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION refuse('history is immutable');
CREATE TRIGGER events_never_vanish BEFORE TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION refuse('history is immutable');
CREATE TRIGGER jobs_stay_final BEFORE UPDATE ON jobs
FOR EACH ROW WHEN (OLD.stage IN ('done', 'failed', 'cancelled'))
EXECUTE FUNCTION refuse('a final job does not change');
CREATE TRIGGER jobs_follow_the_graph BEFORE UPDATE ON jobs
FOR EACH ROW WHEN (OLD.stage <> NEW.stage AND OLD.stage || '-' || NEW.stage NOT IN (
    'prompt-submit', 'prompt-failed', 'prompt-cancelled',
    'submit-wait', 'submit-failed', 'submit-cancelled',
    'wait-submit', 'wait-store', 'wait-failed',
    'store-done', 'store-failed'))
EXECUTE FUNCTION refuse('there is no such way between stages');
CREATE TRIGGER jobs_raise_their_epoch BEFORE UPDATE ON jobs
FOR EACH ROW WHEN (NEW.lease_epoch < OLD.lease_epoch)
EXECUTE FUNCTION refuse('an epoch never falls');
