//! Applying steps of the lifecycle: job, attempt, artifact, ledger, notices and history, each batch in one statement.

use std::collections::HashSet;
use std::sync::Arc;

use neurocards_core::{
    Artifact, AttemptWrite, Clock, Fault as JobFault, JobEventBody, JobId, NoticeBody, Prompt, StoreError,
    Transition, Wake,
};
use serde::Serialize;
use sqlx::Row;
use sqlx::types::Uuid;

use super::connections::Connections;
use super::error::Fault;
use super::rows::{json, micros};
use super::time;
use crate::batch::Write;

/// Applies steps. `false`: the step is lost.
pub(super) struct Apply {
    pub(super) db: Connections,
    pub(super) clock: Option<Arc<dyn Clock>>,
}

/// A step as the statement reads it.
#[derive(Serialize)]
struct StepRow<'a> {
    id: Uuid,
    epoch: i64,
    stage: &'static str,
    target: &'static str,
    keep: bool,
    wait: Option<i64>,
    prompt: Option<&'a Prompt>,
    retries: u32,
    stumbles: u32,
    error: Option<&'a JobFault>,
    slow_told: bool,
    attempt_new: Option<Uuid>,
    attempt_seq: Option<u32>,
    attempt_model: Option<&'a str>,
    attempt_key: Option<&'a str>,
    attempt_reason: Option<&'a str>,
    attempt: Option<Uuid>,
    attempt_from: Option<&'static str>,
    attempt_to: Option<&'static str>,
    task_id: Option<&'a str>,
    video: Option<&'a str>,
    fault: Option<&'a JobFault>,
    cost_milli: Option<i64>,
    entry: Option<Uuid>,
    kind: Option<&'static str>,
    artifact: Option<&'a Artifact>,
    notice: Option<Uuid>,
    notice_kind: Option<&'static str>,
    notice_body: Option<&'a NoticeBody>,
    silences: bool,
    event: Option<&'a JobEventBody>,
    late: Option<i64>,
}

impl Write for Apply {
    type Item = Transition;
    type Answer = bool;
    type Key = JobId;

    fn key(item: &Transition) -> JobId {
        item.job_id
    }

    async fn write(&self, items: &[Transition]) -> Vec<Result<bool, StoreError>> {
        match self.apply(items).await {
            Ok(moved) => items.iter().map(|item| Ok(moved.contains(&item.job_id))).collect(),
            // One of them is at fault: each is applied alone.
            Err(fault) if fault.is_of_one() || fault.is_a_deadlock() => {
                let mut answers = Vec::with_capacity(items.len());
                for item in items {
                    answers.push(match self.apply(std::slice::from_ref(item)).await {
                        Ok(moved) => Ok(moved.contains(&item.job_id)),
                        // An attempt that breaks "one live" or "one that may be charged" is a lost race.
                        Err(fault) if fault.is_taken() => Ok(false),
                        Err(fault) => Err(fault.told()),
                    });
                }
                answers
            }
            Err(fault) => items.iter().map(|_| Err(fault.told())).collect(),
        }
    }
}

impl Apply {
    /// One statement; answers which jobs' fences held.
    async fn apply(&self, steps: &[Transition]) -> Result<HashSet<JobId>, Fault> {
        // In one order, whoever writes: two batches never wait for each other's jobs.
        let mut rows: Vec<_> = steps.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| row.id);
        let rows = json(&rows).map_err(|error| Fault::of(sqlx::Error::Encode(Box::new(error))))?;
        let apply = sqlx::query(include_str!("sql/apply.sql")).bind(rows).bind(time(&self.clock));
        let mut db = self.db.warm().await.map_err(Fault::of)?;
        let moved = apply.fetch_all(&mut *db).await.map_err(Fault::of_write)?;
        self.db.keep(db);
        moved
            .iter()
            .map(|row| row.try_get(0).map(JobId::from_uuid))
            .collect::<Result<_, _>>()
            .map_err(Fault::of)
    }
}

fn row(step: &Transition) -> StepRow<'_> {
    let (mut attempt_new, mut attempt_seq) = (None, None);
    let (mut attempt, mut attempt_from, mut attempt_to) = (None, None, None);
    let (mut attempt_model, mut attempt_key, mut attempt_reason) = (None, None, None);
    let (mut task, mut place, mut trouble, mut cost) = (None, None, None, None);
    match &step.attempt {
        None => {}
        Some(AttemptWrite::Insert { id, seq, model, reason }) => {
            (attempt_new, attempt_seq) = (Some(id.as_uuid()), Some(*seq));
            (attempt_model, attempt_reason) = (Some(model.as_str()), Some(reason.as_str()));
        }
        Some(AttemptWrite::Update { id, from, to, key, reason, task_id, video, fault, cost_milli }) => {
            (attempt_key, attempt_reason) = (key.as_deref(), reason.as_deref());
            (attempt, attempt_from, attempt_to) =
                (Some(id.as_uuid()), Some(from.as_str()), Some(to.as_str()));
            (task, place) = (task_id.as_deref(), video.as_deref());
            (trouble, cost) = (fault.as_ref(), *cost_milli);
        }
    }
    let (keep, wait) = match step.wake {
        Wake::Keep => (true, None),
        Wake::After(wait) => (false, Some(micros(wait))),
        Wake::Never => (false, None),
    };
    let notice = step.notice.as_ref();
    StepRow {
        id: step.job_id.as_uuid(),
        epoch: step.epoch,
        stage: step.from.as_str(),
        target: step.to.as_str(),
        keep,
        wait,
        prompt: step.prompt.as_ref(),
        retries: step.retries,
        stumbles: step.stumbles,
        error: step.error.as_ref(),
        slow_told: step.slow_told,
        attempt_new,
        attempt_seq,
        attempt_model,
        attempt_key,
        attempt_reason,
        attempt,
        attempt_from,
        attempt_to,
        task_id: task,
        video: place,
        fault: trouble,
        cost_milli: cost,
        entry: step.settlement.map(|(id, _)| id.as_uuid()),
        kind: step.settlement.map(|(_, settlement)| settlement.kind().as_str()),
        artifact: step.artifact.as_ref(),
        notice: notice.map(|(id, _)| id.as_uuid()),
        notice_kind: notice.map(|(_, body)| body.kind().as_str()),
        notice_body: notice.map(|(_, body)| body),
        silences: notice.is_some_and(|(_, body)| body.kind().supersedes_earlier()),
        event: step.event.as_ref(),
        late: step.late.map(micros),
    }
}
