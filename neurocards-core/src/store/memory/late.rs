//! Tasks whose jobs do not wait for them any more.

use super::super::{JobEvent, LateAttempt, LateClaim, LateOutcome, LateSettle, Telling, Told};
use super::tables::Tables;
use super::upkeep::ArtifactRow;
use crate::attempt::AttemptState;
use crate::clock::{Timestamp, later};
use crate::ids::AttemptId;
use crate::lifecycle::JobEventBody;
use crate::notice::{NoticeBody, Subject};

/// When a late task is looked at.
#[derive(Debug)]
pub(super) struct LateRow {
    pub(super) wake_at: Timestamp,
    pub(super) epoch: i64,
}

impl Tables {
    pub(super) fn attempt_told(&mut self, id: AttemptId, task_id: &str, now: Timestamp) -> Told {
        let Some(attempt) = self.attempts.get(&id) else { return Told::Nothing };
        let telling = attempt.on_told(task_id);
        let (job, provider) = (attempt.job_id, attempt.provider.clone());
        let elsewhere = self.attempts.values().any(|other| {
            other.id != id && other.provider == provider && other.task_id.as_deref() == Some(task_id)
        });
        if elsewhere {
            return Told::Nothing;
        }
        let Some(attempt) = self.attempts.get_mut(&id) else { return Told::Nothing };
        match telling {
            Telling::Hint => attempt.hint = Some(task_id.to_owned()),
            Telling::Late => {
                if attempt.task_id.is_none() {
                    attempt.hint = Some(task_id.to_owned());
                }
                self.late.entry(id).or_insert(LateRow { wake_at: now, epoch: 0 }).wake_at = now;
            }
            Telling::Wake | Telling::Nothing => {}
        }
        if let Some(job) = self.jobs.get_mut(&job)
            && Told::from(telling) == Told::Woken
            && job.lease_owner.is_none()
        {
            job.wake_at = Some(now);
        }
        telling.into()
    }

    pub(super) fn late_claim(&mut self, claim: &LateClaim, now: Timestamp) -> Vec<LateAttempt> {
        let served = |id: &AttemptId| {
            self.attempts.get(id).is_some_and(|attempt| claim.providers.contains(&attempt.provider))
        };
        let due = self.late.iter().filter(|(id, row)| row.wake_at <= now && served(id));
        let mut due: Vec<_> = due.map(|(id, row)| (row.wake_at, *id)).collect();
        due.sort_unstable();
        due.truncate(claim.limit as usize);
        let taken = due.into_iter().filter_map(|(_, id)| {
            let attempt = self.attempts.get(&id)?.clone();
            let job = self.jobs.get(&attempt.job_id)?.clone();
            let row = self.late.get_mut(&id)?;
            row.epoch += 1;
            row.wake_at = later(now, claim.lease);
            Some(LateAttempt { job, attempt, epoch: row.epoch, claimed_at: now })
        });
        taken.collect()
    }

    pub(super) fn late_settle(&mut self, settle: &LateSettle, now: Timestamp) -> bool {
        let Some(row) = self.late.get_mut(&settle.attempt).filter(|row| row.epoch == settle.epoch) else {
            return false;
        };
        let Some(attempt) = self.attempts.get_mut(&settle.attempt) else { return false };
        let Some(job) = self.jobs.get(&attempt.job_id) else { return false };
        let named = || attempt.task_id.clone().or_else(|| attempt.hint.clone());
        match &settle.outcome {
            LateOutcome::Again(wait) => {
                row.wake_at = later(now, *wait);
                return true;
            }
            LateOutcome::Over { state, fault } => {
                if *state == AttemptState::Failed {
                    attempt.task_id = named();
                }
                attempt.state = *state;
                attempt.fault = fault.clone().or(attempt.fault.take());
                attempt.updated_at = now;
            }
            LateOutcome::Gift { artifact, video, cost_milli, notice } => {
                attempt.task_id = named();
                attempt.state = AttemptState::Gifted;
                attempt.video = Some(video.clone());
                attempt.cost_milli = cost_milli.or(attempt.cost_milli);
                attempt.updated_at = now;
                let (id, order_id, account) = (job.id, job.order_id, job.account.clone());
                let body = JobEventBody::Gifted { artifact: artifact.clone() };
                let event = JobEvent { at: now, stage: job.stage, epoch: job.lease_epoch, body };
                self.events.entry(id).or_default().push(event);
                self.artifacts.insert(id, ArtifactRow::new(artifact, now));
                let body = NoticeBody::Gift { artifact: artifact.clone() };
                self.notify(*notice, &account, Subject::Job(id), order_id, body, now);
            }
        }
        self.late.remove(&settle.attempt);
        true
    }
}
