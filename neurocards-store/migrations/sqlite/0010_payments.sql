-- Payments: our row is there before anybody is asked for money. Amounts are in the smallest unit of the currency.

CREATE TABLE payments (
    id            TEXT    NOT NULL PRIMARY KEY,
    account       TEXT    NOT NULL REFERENCES accounts (key),
    bot           INTEGER NOT NULL,
    provider      TEXT    NOT NULL CHECK (provider IN ('stars', 'yookassa')),
    credits       INTEGER NOT NULL CHECK (credits > 0),
    amount        INTEGER NOT NULL CHECK (amount > 0),
    currency      TEXT    NOT NULL CHECK (currency IN ('XTR', 'RUB')),
    state         TEXT    NOT NULL CHECK (state IN (
        'pending', 'paid', 'refunding', 'refunded', 'cancelled', 'expired')),
    provider_id   TEXT             CHECK (provider_id <> ''),
    page          TEXT,
    refunds       INTEGER NOT NULL CHECK (refunds >= 0),
    taken_back    INTEGER NOT NULL CHECK (taken_back BETWEEN 0 AND credits),
    refund_actor  TEXT,
    refund_reason TEXT,
    told          TEXT    NOT NULL CHECK (told IN (
        'pending', 'paid', 'refunding', 'refunded', 'cancelled', 'expired')),
    lease_epoch   INTEGER NOT NULL CHECK (lease_epoch >= 0),
    -- When it is due, or the end of its lease.
    wake_at       INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    paid_at       INTEGER,
    UNIQUE (provider, provider_id),
    CONSTRAINT what_was_paid_has_an_id CHECK (state IN ('pending', 'cancelled', 'expired')
        OR (provider_id IS NOT NULL AND paid_at IS NOT NULL)),
    CONSTRAINT a_refund_is_somebodys CHECK ((state IN ('refunding', 'refunded'))
        = (refund_actor IS NOT NULL AND refund_reason IS NOT NULL)),
    CONSTRAINT only_refunds_take_back CHECK (taken_back = 0 OR state IN ('refunding', 'refunded'))
) STRICT, WITHOUT ROWID;

-- Pressing twice makes no second one.
CREATE UNIQUE INDEX payments_one_open ON payments (account, bot, provider, credits, amount) WHERE state = 'pending';
CREATE INDEX payments_due ON payments (bot, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX payments_by_account ON payments (account, id);

CREATE TRIGGER payments_follow_the_graph BEFORE UPDATE OF state ON payments
WHEN OLD.state <> NEW.state AND OLD.state || '-' || NEW.state NOT IN (
    'pending-paid', 'pending-cancelled', 'pending-expired', 'cancelled-paid', 'expired-paid',
    'paid-refunding', 'refunding-refunded', 'refunding-paid')
BEGIN
    SELECT RAISE (ABORT, 'there is no such way between states of a payment');
END;

CREATE TRIGGER payments_keep_what_was_agreed BEFORE UPDATE ON payments
WHEN OLD.id <> NEW.id OR OLD.account <> NEW.account OR OLD.bot <> NEW.bot OR OLD.provider <> NEW.provider
    OR OLD.credits <> NEW.credits OR OLD.amount <> NEW.amount OR OLD.currency <> NEW.currency
    OR OLD.provider_id IS NOT NULL AND NEW.provider_id IS NOT OLD.provider_id
BEGIN
    SELECT RAISE (ABORT, 'what a payment is for does not change');
END;

CREATE TRIGGER payments_never_shrink BEFORE DELETE ON payments
BEGIN
    SELECT RAISE (ABORT, 'payments are kept');
END;
-- INSERT OR REPLACE would delete the row in its way without asking the trigger above.
CREATE TRIGGER payments_are_never_replaced BEFORE INSERT ON payments
WHEN EXISTS (SELECT 1 FROM payments WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM payments WHERE provider = NEW.provider AND provider_id = NEW.provider_id)
    OR EXISTS (SELECT 1 FROM payments WHERE state = 'pending' AND NEW.state = 'pending' AND account = NEW.account
        AND bot = NEW.bot AND provider = NEW.provider AND credits = NEW.credits AND amount = NEW.amount)
BEGIN
    SELECT RAISE (ABORT, 'the payment is there already');
END;
