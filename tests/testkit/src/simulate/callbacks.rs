//! The provider calls back: early, late, several times, not at all, and now and then about another task.

use std::collections::BTreeSet;
use std::time::Duration;

use neurocards_core::{AttemptId, JobHistory, JobId, Timestamp, Told};

use super::chance::Chance;
use super::flaw::Flaw;
use super::world::{Luck, World, unexpected};
use super::{Broken, broken};

/// What the provider still has to say.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    /// Whether anybody can call us at all.
    open: bool,
    waiting: Vec<Callback>,
    /// Attempts whose task was named to us.
    heard: BTreeSet<AttemptId>,
    /// Attempts of which something else was said last: their own task may be lost to us. Nobody else's is.
    lied: BTreeSet<AttemptId>,
}

#[derive(Debug, Clone)]
struct Callback {
    attempt: AttemptId,
    job: JobId,
    task_id: String,
    due: Timestamp,
}

impl Callbacks {
    pub(super) fn new(open: bool) -> Self {
        Self { open, ..Self::default() }
    }

    /// A task is born. Its callback may be faster than the reply, and comes when it ends.
    pub(super) fn born(
        &mut self,
        (attempt, job): (AttemptId, JobId),
        task_id: &str,
        (now, done_at): (Timestamp, Timestamp),
        chance: &mut Chance,
    ) {
        if !self.open {
            return;
        }
        let callback = |due| Callback { attempt, job, task_id: task_id.to_owned(), due };
        if chance.one_in(3) {
            self.waiting.push(callback(now));
        }
        self.waiting.push(callback(done_at + chance.up_to(Duration::from_secs(120))));
    }

    pub(super) fn was_heard(&self, attempt: AttemptId) -> bool {
        self.heard.contains(&attempt) && !self.lied.contains(&attempt)
    }

    pub(super) fn was_lied_about(&self, attempt: AttemptId) -> bool {
        self.lied.contains(&attempt)
    }
}

impl World {
    /// One callback that is due; `false` when there is none.
    pub(super) async fn call_back(&mut self) -> Result<bool, Broken> {
        let now = self.now();
        let due = |callback: &Callback| callback.due <= now;
        let waiting = &mut self.provider.callbacks.waiting;
        let ready: Vec<_> = (0..waiting.len()).filter(|index| due(&waiting[*index])).collect();
        if ready.is_empty() {
            return Ok(false);
        }
        let callback = waiting.swap_remove(self.chance.pick(&ready));
        if self.chance.one_in(self.weather.wire) {
            self.note(format_args!("the callback about {} is lost", callback.task_id));
            return Ok(true);
        }
        if self.chance.one_in(4) {
            let again = now + self.chance.up_to(Duration::from_secs(300));
            self.provider.callbacks.waiting.push(Callback { due: again, ..callback.clone() });
        }
        let named = match self.chance.one_in(self.weather.lies) {
            false => callback.task_id.clone(),
            true => self.provider.another_task(&callback.task_id, &mut self.chance),
        };
        self.hear(&callback, &named).await?;
        Ok(true)
    }

    async fn hear(&mut self, callback: &Callback, named: &str) -> Result<(), Broken> {
        let Callback { attempt, job, task_id, .. } = callback;
        let name = self.job_name(*job);
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            self.note(format_args!("{name} is called back about {named}, and the store is away"));
            return Ok(());
        }
        let before = self.history(*job).await?;
        let told = match self.flaw {
            Some(Flaw::ForgetsHints) => Told::Nothing,
            _ => self.store.attempt_told(*attempt, named).await.map_err(unexpected)?,
        };
        let after = self.history(*job).await?;
        self.books.touch();
        self.note(format_args!("{name} is called back about {named}: {told:?}"));
        if told != Told::Nothing {
            self.counts.hints += 1;
        }
        if named == task_id {
            self.provider.callbacks.heard.insert(*attempt);
            self.provider.callbacks.lied.remove(attempt);
        } else if told != Told::Nothing {
            self.provider.callbacks.lied.insert(*attempt);
        }
        self.judge_hint(before, &after)
    }

    /// A callback may name a task and wake somebody. It decides nothing.
    fn judge_hint(&self, before: JobHistory, after: &JobHistory) -> Result<(), Broken> {
        let mut expect = before;
        let job = &mut expect.record.job;
        if job.lease_owner.is_none() && job.wake_at.is_some() {
            job.wake_at = after.record.job.wake_at;
        }
        for (attempt, told) in expect.attempts.iter_mut().zip(&after.attempts) {
            attempt.hint.clone_from(&told.hint);
        }
        if expect == *after {
            return Ok(());
        }
        broken(format!(
            "{}: a callback was believed before the task was read",
            self.job_name(after.record.job.id)
        ))
    }
}
