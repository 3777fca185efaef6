-- What is shared outside and can be unwell, the slots of rate limits, and what an attempt was sent with and why.

ALTER TABLE attempts ADD COLUMN key TEXT;
ALTER TABLE attempts ADD COLUMN reason TEXT;

-- An account, a key (by its fingerprint) or a model of a provider. What has no row is open and has never failed.
CREATE TABLE resources (
    provider      TEXT    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('account', 'key', 'model')),
    name          TEXT    NOT NULL,
    -- Nothing is asked of it, until then or until an operator opens it; by an operator, else by its faults.
    closed_since  INTEGER,
    closed_until  INTEGER,
    closed_by     TEXT,
    closed_why    TEXT,
    failures      INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    fault         TEXT             CHECK (json_valid(fault)),
    failed_at     INTEGER,
    recovered_at  INTEGER,
    probing_until INTEGER,
    balance_milli INTEGER,
    balance_at    INTEGER,
    PRIMARY KEY (provider, kind, name),
    CONSTRAINT a_closing_has_a_beginning CHECK (closed_since IS NOT NULL
        OR closed_until IS NULL AND closed_by IS NULL AND closed_why IS NULL),
    CONSTRAINT only_operators_close_for_good CHECK (closed_since IS NULL
        OR closed_until IS NOT NULL OR closed_by IS NOT NULL),
    CONSTRAINT a_balance_has_its_time CHECK ((balance_milli IS NULL) = (balance_at IS NULL))
) STRICT, WITHOUT ROWID;

-- The last balance of each hour, by hours since 1970.
CREATE TABLE balances (
    provider TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    hour     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    milli    INTEGER NOT NULL,
    PRIMARY KEY (provider, kind, name, hour)
) STRICT, WITHOUT ROWID;

-- The last slots of each bucket, as many as its limit: a list of microseconds since 1970 that rises.
CREATE TABLE paces (
    bucket TEXT NOT NULL PRIMARY KEY,
    slots  TEXT NOT NULL CHECK (json_valid(slots))
) STRICT, WITHOUT ROWID;
