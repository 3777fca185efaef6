-- The queue takes turns between accounts, and claims look at one stage at a time.

ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;

DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (stage, wake_at, id, provider) WHERE wake_at IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (turn, id, wake_at, provider) WHERE stage = 'prompt';
CREATE INDEX jobs_queued_by_account ON jobs (account, turn) WHERE stage = 'prompt';
