-- What is shared outside and can be unwell, the slots of rate limits, and what an attempt was sent with and why.

ALTER TABLE attempts ADD COLUMN key text, ADD COLUMN reason text;

-- An account, a key (by its fingerprint) or a model of a provider. What has no row is open and has never failed.
CREATE TABLE resources (
    provider      text COLLATE "C" NOT NULL,
    kind          text COLLATE "C" NOT NULL CHECK (kind IN ('account', 'key', 'model')),
    name          text COLLATE "C" NOT NULL,
    -- Nothing is asked of it, until then or until an operator opens it; by an operator, else by its faults.
    closed_since  timestamptz,
    closed_until  timestamptz,
    closed_by     text,
    closed_why    text,
    failures      bigint      NOT NULL DEFAULT 0 CHECK (failures >= 0),
    fault         json,
    failed_at     timestamptz,
    recovered_at  timestamptz,
    probing_until timestamptz,
    balance_milli bigint,
    balance_at    timestamptz,
    PRIMARY KEY (provider, kind, name),
    CONSTRAINT a_closing_has_a_beginning CHECK (closed_since IS NOT NULL
        OR closed_until IS NULL AND closed_by IS NULL AND closed_why IS NULL),
    CONSTRAINT only_operators_close_for_good CHECK (closed_since IS NULL
        OR closed_until IS NOT NULL OR closed_by IS NOT NULL),
    CONSTRAINT a_balance_has_its_time CHECK ((balance_milli IS NULL) = (balance_at IS NULL))
) WITH (fillfactor = 50);

-- The last balance of each hour, by hours since 1970.
CREATE TABLE balances (
    provider text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    hour     bigint      NOT NULL,
    at       timestamptz NOT NULL,
    milli    bigint      NOT NULL,
    PRIMARY KEY (provider, kind, name, hour)
) WITH (fillfactor = 50);

-- The last slots of each bucket, as many as its limit, in a list that rises.
CREATE TABLE paces (
    bucket text COLLATE "C" PRIMARY KEY,
    slots  timestamptz[] NOT NULL
) WITH (fillfactor = 50);
