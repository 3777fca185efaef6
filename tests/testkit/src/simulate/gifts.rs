//! Workers that look after tasks whose jobs ended without them.

use std::time::Duration;

use neurocards_core::{
    Attempt, AttemptState, Credits, CreditsPost, EntryKind, Event, JobHistory, LateAttempt, LateClaim,
    LateEvent, LateOutcome, LateSettle, Stage, late,
};

use super::flaw::Flaw;
use super::world::{Luck, World, unexpected};
use super::{Broken, broken};
use crate::sample;

/// A late task in somebody's hands.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) worker: usize,
    late: LateAttempt,
    /// What came of looking, once somebody did, and whether something failed on the way.
    seen: Option<(LateEvent, bool)>,
}

/// How long a look may take.
const LEASE: Duration = Duration::from_secs(630);

impl World {
    /// `true` when the worker took something, or went on with what it had.
    pub(super) async fn look_after_late(&mut self, worker: usize) -> Result<bool, Broken> {
        if !self.is_awake(worker) {
            return Ok(false);
        }
        if let Some(index) = self.looks.iter().position(|look| look.worker == worker) {
            if self.chance.one_in(self.weather.crash) {
                self.crash(worker);
                return Ok(true);
            }
            let look = self.looks.swap_remove(index);
            self.go_on_looking(look).await?;
            return Ok(true);
        }
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            return Ok(false);
        }
        let claim = LateClaim { providers: vec![sample::PROVIDER.to_owned()], limit: 2, lease: LEASE };
        let mut claimed = self.store.late_claim(&claim).await.map_err(unexpected)?;
        claimed.sort_by_key(|late| late.attempt.id);
        let took = !claimed.is_empty();
        if matches!(luck, Luck::Unheard) {
            return Ok(took);
        }
        for late in claimed {
            let (name, job) = (self.workers[worker].name.clone(), self.job_name(late.job.id));
            self.note(format_args!("{name} looks after {job}, which is over, epoch {}", late.epoch));
            self.looks.push(Look { worker, late, seen: None });
        }
        Ok(took)
    }

    async fn go_on_looking(&mut self, mut look: Look) -> Result<(), Broken> {
        match look.seen.take() {
            None => {
                look.seen = Some(self.look_at(&look.late)?);
                self.looks.push(look);
                Ok(())
            }
            Some((event, unlucky)) => self.settle_late(&look.late, event, unlucky).await,
        }
    }

    fn look_at(&mut self, late: &LateAttempt) -> Result<(LateEvent, bool), Broken> {
        let Some(task) = late.attempt.known_task() else { return Ok((LateEvent::Waiting, false)) };
        let (weather, now) = (self.weather, self.now());
        let read = self.provider.read((late.attempt.id, task.task_id), now, weather, &mut self.chance);
        let (video, cost_milli) = match read {
            Event::Rendered { video, cost_milli } => (video, cost_milli),
            Event::RenderFailed(fault) => return Ok((LateEvent::Failed(fault), false)),
            Event::Running if self.flaw == Some(Flaw::GiftsUnseen) => {
                let artifact = sample::artifact();
                return Ok((LateEvent::Stored { artifact, video: String::new(), cost_milli: None }, false));
            }
            other => return Ok((LateEvent::Waiting, matches!(other, Event::ReadFailed(_)))),
        };
        Ok(match self.provider.fetch(task.task_id, &video, now, weather, &mut self.chance)? {
            Event::Stored(artifact) => (LateEvent::Stored { artifact, video, cost_milli }, false),
            Event::FetchFailed(fault) | Event::StorageFailed(fault) => (LateEvent::NotStored(fault), true),
            other => return broken(format!("a fetch brings {other:?}")),
        })
    }

    async fn settle_late(
        &mut self,
        looked: &LateAttempt,
        event: LateEvent,
        unlucky: bool,
    ) -> Result<(), Broken> {
        let (job, name) = (looked.job.id, self.job_name(looked.job.id));
        let failed = matches!(event, LateEvent::Failed(_));
        let outcome = late(looked, event, &self.policy, self.ids.notice());
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            self.note(format_args!("{name}: what came of looking cannot be written"));
            return Ok(());
        }
        let before = self.history(job).await?;
        let settle = LateSettle { attempt: looked.attempt.id, epoch: looked.epoch, outcome };
        let settled = self.store.late_settle(&settle).await.map_err(unexpected)?;
        let after = self.history(job).await?;
        self.books.touch();
        self.note(format_args!("{name}: {} is settled: {settled}", words(&settle.outcome)));
        if !settled {
            self.counts.refused += 1;
            return if before == after { Ok(()) } else { broken(format!("{name}: a lost look is visible")) };
        }
        match &settle.outcome {
            LateOutcome::Gift { .. } => {
                self.counts.gifts += 1;
                self.judge_gift(&before, &after, &looked.attempt)?;
                if self.flaw == Some(Flaw::GiftsCost) {
                    self.charge_for_it(&before).await?;
                }
            }
            LateOutcome::Over { .. } if failed && !self.provider.has_failed(looked.attempt.id) => {
                return broken(format!("{name}: the render did not fail"));
            }
            LateOutcome::Over { .. } if unlucky => self.books.given_up(looked.attempt.id),
            LateOutcome::Over { .. } | LateOutcome::Again(_) => {}
        }
        if before.ledger == after.ledger && before.record.job == after.record.job {
            return Ok(());
        }
        broken(format!("{name}: looking after a late task moved credits, or the job"))
    }

    /// A gift is the job's own video, comes once, and after the end.
    fn judge_gift(&self, before: &JobHistory, after: &JobHistory, attempt: &Attempt) -> Result<(), Broken> {
        let job = &after.record.job;
        let name = self.job_name(job.id);
        let given = after.attempts.iter().find(|known| known.id == attempt.id);
        if job.stage != Stage::Failed || given.is_none_or(|attempt| attempt.state != AttemptState::Gifted) {
            return broken(format!("{name}: a gift leaves the job or its attempt as they are not"));
        }
        if before.record.artifact.is_some() {
            return broken(format!("{name} has two videos"));
        }
        match &after.record.artifact {
            Some(video) if self.provider.has_stored(video, job.id) => Ok(()),
            _ => broken(format!("{name} is given a video that is not stored")),
        }
    }

    /// The planted bug: the credits that came back are taken again.
    async fn charge_for_it(&mut self, history: &JobHistory) -> Result<(), Broken> {
        let job = &history.record.job;
        let post = CreditsPost {
            id: self.ids.entry(),
            kind: EntryKind::Adjust,
            account: job.account.clone(),
            amount: Credits(-job.price.0),
            reference: None,
            reason: None,
            actor: None,
        };
        // Who has nothing left cannot be charged.
        let _ = self.store.credits_post(&post).await;
        Ok(())
    }

    /// Whether somebody may still come for a late task of this job.
    pub(super) fn is_late(&self, history: &JobHistory) -> bool {
        let (job, last) = (&history.record.job, history.attempts.last());
        let waits = |attempt: &Attempt| {
            attempt.is_known() && matches!(attempt.state, AttemptState::Abandoned | AttemptState::Succeeded)
        };
        let until =
            job.finished_at.map(|end| end + self.policy.late_window + self.policy.late_poll * 2 + LEASE);
        job.stage == Stage::Failed && last.is_some_and(waits) && until.is_some_and(|until| self.now() < until)
    }

    /// At the end: a task that we knew, and whose video came in time, was given away.
    pub(super) fn check_late(&self, history: &JobHistory) -> Result<(), Broken> {
        let job = &history.record.job;
        let name = self.job_name(job.id);
        for attempt in &history.attempts {
            let lied = self.provider.callbacks.was_lied_about(attempt.id);
            let known = attempt.task_id.as_deref().or(attempt.hint.as_deref());
            if self.provider.callbacks.was_heard(attempt.id) && known != self.provider.task_of(attempt.id) {
                return broken(format!("{name}: the provider called back, and nobody knows its task"));
            }
            let Some(ended) = job.finished_at.filter(|_| job.stage == Stage::Failed && !lied) else {
                continue;
            };
            let in_time = self.provider.has_video_by(attempt.id, ended + self.policy.late_window);
            let given = attempt.state == AttemptState::Gifted;
            if attempt.is_known() && in_time && !given && !self.books.was_given_up(attempt.id) {
                return broken(format!("{name}: its video came, and was not given away"));
            }
        }
        Ok(())
    }
}

fn words(outcome: &LateOutcome) -> &'static str {
    match outcome {
        LateOutcome::Again(_) => "another look",
        LateOutcome::Over { .. } => "the end of looking",
        LateOutcome::Gift { .. } => "a gift",
    }
}
