//! What must hold after each action, and at the end: the store's own audit, and what only somebody can check who
//! knows what is true at the provider and what people saw.

use std::collections::{BTreeMap, BTreeSet};

use neurocards_core::{
    Attempt, AttemptId, AttemptState, Event, JobEventBody, JobHistory, JobId, JobState, NoticeState, OrderId,
    Stage, Transition,
};

use super::world::{World, unexpected};
use super::{Broken, broken};

/// What was seen so far, to compare with.
#[derive(Debug, Default)]
pub(super) struct Books {
    epochs: BTreeMap<JobId, i64>,
    placed: BTreeMap<String, OrderId>,
    ends: BTreeMap<JobId, Stage>,
    captured: BTreeMap<JobId, i64>,
    /// Late tasks whose last look met with a fault.
    given_up: BTreeSet<AttemptId>,
    /// How often something was written since the last look.
    touched: u64,
}

impl Books {
    /// Each claim has an epoch of its own, above all before it.
    pub(super) fn claimed(&mut self, job: JobId, epoch: i64) -> Result<(), Broken> {
        self.touched += 1;
        match self.epochs.insert(job, epoch) {
            Some(before) if before >= epoch => broken(format!("epoch {epoch} of {job} follows {before}")),
            _ => Ok(()),
        }
    }

    /// Something was written.
    pub(super) fn touch(&mut self) {
        self.touched += 1;
    }

    pub(super) fn given_up(&mut self, attempt: AttemptId) {
        self.given_up.insert(attempt);
    }

    pub(super) fn was_given_up(&self, attempt: AttemptId) -> bool {
        self.given_up.contains(&attempt)
    }

    /// One key is one order.
    pub(super) fn placed(&mut self, key: &str, order: OrderId) -> Result<(), Broken> {
        self.touched += 1;
        let first = *self.placed.entry(key.to_owned()).or_insert(order);
        if first == order { Ok(()) } else { broken(format!("{key} is two orders: {first} and {order}")) }
    }
}

impl World {
    pub(super) async fn history(&self, job: JobId) -> Result<JobHistory, Broken> {
        let history = self.store.job_history(job).await.map_err(unexpected)?;
        history.ok_or_else(|| Broken(format!("{} is gone", self.job_name(job))))
    }

    /// Applies a step, and judges it by what is true.
    pub(super) async fn apply(
        &mut self,
        state: &JobState,
        write: &Transition,
        epoch: i64,
        event: &Event,
    ) -> Result<bool, Broken> {
        let name = self.job_name(write.job_id);
        let before = self.history(write.job_id).await?;
        // Two attempts never want one task, whatever a callback said.
        let applied = self.store.job_apply(write).await.map_err(unexpected)?;
        let after = self.history(write.job_id).await?;
        self.books.touched += 1;
        let current = before.record.job.lease_epoch == epoch && before.record.job.lease_owner.is_some();
        if !current && before != after {
            return broken(format!("a zombie's write to {name} is visible"));
        }
        if !applied && before != after {
            return broken(format!("a refused write to {name} is visible"));
        }
        if applied {
            self.judge(state, write, event)?;
        }
        Ok(applied)
    }

    /// A capture needs the job's own video on our side; a release needs a reason.
    fn judge(&mut self, state: &JobState, write: &Transition, event: &Event) -> Result<(), Broken> {
        let name = self.job_name(write.job_id);
        if let Some(artifact) = &write.artifact
            && !self.provider.has_stored(artifact, write.job_id)
        {
            return broken(format!("{name} is captured, and its video is not stored"));
        }
        if write.to == Stage::Done {
            self.books.captured.insert(write.job_id, state.job.price.0);
        }
        let attempt = state.attempt.as_ref();
        match event {
            Event::Claimed if write.to == Stage::Failed && !self.is_over(state) => {
                broken(format!("{name} ended before its time"))
            }
            Event::RenderFailed(_) if attempt.is_some_and(|one| !self.provider.has_failed(one.id)) => {
                broken(format!("{name}: the render did not fail"))
            }
            Event::Rejected(_) | Event::Absent if attempt.is_some_and(|one| self.provider.knows(one.id)) => {
                broken(format!("{name}: the provider has the task that was written off"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a timer or the limit of crashes ends the job, by the store's time.
    fn is_over(&self, state: &JobState) -> bool {
        let (job, now) = (&state.job, self.now());
        let grace = if job.stage == Stage::Store { self.policy.store_grace } else { Default::default() };
        let in_doubt = state.live_attempt().filter(|attempt| attempt.state == AttemptState::Unknown);
        let sent_at = in_doubt.and_then(|attempt| attempt.sent_at);
        job.crashes > self.policy.crash_limit
            || now >= job.deadline_at + grace
            || sent_at.is_some_and(|sent_at| now >= sent_at + self.policy.unknown_grace)
    }

    /// The paid call was written down before it leaves.
    pub(super) async fn check_sent(&self, job: JobId, attempt: AttemptId) -> Result<Attempt, Broken> {
        let attempts = self.history(job).await?.attempts;
        let known = attempts.into_iter().find(|known| known.id == attempt && known.sent_at.is_some());
        known.ok_or_else(|| Broken(format!("{attempt} leaves before it is written as sent")))
    }

    /// After each action.
    pub(super) async fn check(&mut self) -> Result<(), Broken> {
        if self.books.touched < self.audit_every {
            return Ok(());
        }
        self.look().await
    }

    async fn look(&mut self) -> Result<(), Broken> {
        self.books.touched = 0;
        let violations = self.store.audit().await.map_err(unexpected)?;
        if let Some(first) = violations.first() {
            return broken(format!("audit: {}: {}", first.invariant, first.key));
        }
        self.check_purses().await?;
        for job in self.jobs.clone() {
            let record = self.store.job_get(job).await.map_err(unexpected)?;
            let Some(record) = record else { return broken(format!("{} is gone", self.job_name(job))) };
            let stage = record.job.stage;
            if let Some(end) = self.books.ends.get(&job)
                && *end != stage
            {
                return broken(format!("{} was {end} and is {stage}", self.job_name(job)));
            }
            if stage.is_final() {
                self.books.ends.insert(job, stage);
            }
        }
        Ok(())
    }

    /// What was paid in is there, held, or captured.
    async fn check_purses(&self) -> Result<(), Broken> {
        let mut total = 0;
        for purse in &self.buyers.accounts {
            let account = self.store.account_get(&purse.account).await.map_err(unexpected)?;
            let Some(account) = account else { return broken("an account is gone") };
            if account.available < -purse.limit {
                return broken(format!("{} owes more than it may: {}", account.key, account.available));
            }
            total += purse.posted - account.available.0 - account.held.0;
        }
        let captured: i64 = self.books.captured.values().sum();
        if total == captured {
            return Ok(());
        }
        broken(format!("{total} credits left the purses, {captured} were captured"))
    }

    /// Whether everything that must come to an end has.
    pub(super) async fn is_settled(&self) -> Result<bool, Broken> {
        for job in &self.jobs {
            let history = self.history(*job).await?;
            let ended = |state| !matches!(state, NoticeState::Pending | NoticeState::Sending);
            let told = history.notices.iter().all(|notice| ended(notice.state));
            if !history.record.job.stage.is_final() || !told || self.is_late(&history) {
                return Ok(false);
            }
        }
        Ok(self.post.is_idle())
    }

    /// At rest: everything is settled, and what is true at the provider was delivered.
    pub(super) async fn check_end(&mut self) -> Result<(), Broken> {
        self.look().await?;
        for job in self.jobs.clone() {
            let (history, name) = (self.history(job).await?, self.job_name(job));
            let stage = history.record.job.stage;
            match stage {
                Stage::Done => self.counts.done += 1,
                Stage::Failed => self.counts.failed += 1,
                Stage::Cancelled => self.counts.cancelled += 1,
                _ => return broken(format!("{name} is still in {stage}")),
            }
            for attempt in &history.attempts {
                let known = self.provider.knows(attempt.id);
                let charged = attempt.state.may_be_charged();
                if known && !charged && !self.provider.has_failed(attempt.id) {
                    return broken(format!("{name}: a task that may be charged is written off"));
                }
            }
            self.check_late(&history)?;
            let stored = history.record.artifact.as_ref();
            if stage == Stage::Done && !stored.is_some_and(|video| self.provider.has_stored(video, job)) {
                return broken(format!("{name} is done without its video"));
            }
            let endings = self.post.shown_of(job).iter().filter(|kind| kind.supersedes_earlier()).count();
            let sent = history.notices.iter().filter(|notice| {
                notice.body.kind().supersedes_earlier() && notice.state == NoticeState::Sent
            });
            if sent.count() > endings {
                return broken(format!("{name}: the end counts as told, and nobody saw it"));
            }
            let submissions =
                history.events.iter().filter(|line| matches!(line.body, JobEventBody::Sent { .. }));
            let retries = usize::try_from(self.policy.max_attempts).unwrap_or_default();
            let absent = history.attempts.iter().filter(|one| one.state == AttemptState::Rejected).count();
            if submissions.count() > retries + absent {
                return broken(format!("{name} was sent too often"));
            }
        }
        for purse in &self.buyers.accounts {
            let account = self.store.account_get(&purse.account).await.map_err(unexpected)?;
            if account.is_none_or(|account| account.held.0 != 0) {
                return broken(format!("{} still holds credits", purse.account));
            }
        }
        Ok(())
    }
}
