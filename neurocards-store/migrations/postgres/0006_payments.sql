-- Payments: our row is there before anybody is asked for money. Amounts are in the smallest unit of the currency.

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    account text COLLATE "C" NOT NULL REFERENCES accounts (key),
    bot bigint NOT NULL,
    provider text COLLATE "C" NOT NULL CHECK (provider IN ('stars', 'yookassa')),
    credits bigint NOT NULL CHECK (credits > 0),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text COLLATE "C" NOT NULL CHECK (currency IN ('XTR', 'RUB')),
    state text COLLATE "C" NOT NULL
        CHECK (state IN ('pending', 'paid', 'refunding', 'refunded', 'cancelled', 'expired')),
    provider_id text COLLATE "C" CHECK (provider_id <> ''),
    page text,
    refunds integer NOT NULL CHECK (refunds >= 0),
    taken_back bigint NOT NULL CHECK (taken_back BETWEEN 0 AND credits),
    refund_actor text,
    refund_reason text,
    told text COLLATE "C" NOT NULL
        CHECK (told IN ('pending', 'paid', 'refunding', 'refunded', 'cancelled', 'expired')),
    lease_epoch bigint NOT NULL CHECK (lease_epoch >= 0),
    -- When it is due, or the end of its lease.
    wake_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    paid_at timestamptz,
    CONSTRAINT payments_one_for_each_charge UNIQUE (provider, provider_id),
    CONSTRAINT what_was_paid_has_an_id CHECK (state IN ('pending', 'cancelled', 'expired')
        OR (provider_id IS NOT NULL AND paid_at IS NOT NULL)),
    CONSTRAINT a_refund_is_somebodys CHECK ((state IN ('refunding', 'refunded'))
        = (refund_actor IS NOT NULL AND refund_reason IS NOT NULL)),
    CONSTRAINT only_refunds_take_back CHECK (taken_back = 0 OR state IN ('refunding', 'refunded'))
);

-- Pressing twice makes no second one.
CREATE UNIQUE INDEX payments_one_open ON payments (account, bot, provider, credits, amount) WHERE state = 'pending';
CREATE INDEX payments_due ON payments (bot, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX payments_by_account ON payments (account, id);

CREATE FUNCTION payments_keep_their_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.account, OLD.bot, OLD.provider, OLD.credits, OLD.amount, OLD.currency)
            IS DISTINCT FROM (NEW.id, NEW.account, NEW.bot, NEW.provider, NEW.credits, NEW.amount, NEW.currency)
        OR OLD.provider_id IS NOT NULL AND NEW.provider_id IS DISTINCT FROM OLD.provider_id THEN
        RAISE EXCEPTION 'what a payment is for does not change';
    END IF;
    IF OLD.state <> NEW.state AND OLD.state || '-' || NEW.state NOT IN (
        'pending-paid', 'pending-cancelled', 'pending-expired', 'cancelled-paid', 'expired-paid',
        'paid-refunding', 'refunding-refunded', 'refunding-paid') THEN
        RAISE EXCEPTION 'there is no such way between states of a payment';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_keep_their_word BEFORE UPDATE ON payments
FOR EACH ROW EXECUTE FUNCTION payments_keep_their_word();

CREATE FUNCTION payments_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payments are kept';
END $$;
CREATE TRIGGER payments_are_kept BEFORE DELETE OR TRUNCATE ON payments
FOR EACH STATEMENT EXECUTE FUNCTION payments_are_kept();
