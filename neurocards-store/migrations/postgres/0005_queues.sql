-- The queue of each model is read by itself: what queues for a paused model costs the claims of others nothing.
CREATE INDEX jobs_queued_by_model ON jobs (model, turn, id) WHERE stage = 'prompt';
DROP INDEX jobs_queued;
