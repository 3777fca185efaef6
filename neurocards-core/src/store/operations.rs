//! What operators ask and tell: pauses, the state of the queue, who works, what happened since.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::JobEvent;
use crate::clock::{Timestamp, later};
use crate::ids::JobId;
use crate::job::Stage;

/// What a pause holds back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseScope {
    /// Every job.
    Everything,
    /// The jobs of this model.
    Model(String),
}

/// Holds jobs back before they cost anything: those in the stages `prompt` and `submit` are not claimed. Jobs in
/// `wait` and `store` go on, because they are paid for. Deadlines go on too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// What it holds back.
    pub scope: PauseScope,
    /// Who says so.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// A pause that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseRecord {
    /// The pause.
    #[serde(flatten)]
    pub pause: Pause,
    /// Since when, by the store's time.
    pub since: Timestamp,
}

/// What a worker tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerBeat {
    /// Its name, as in leases.
    pub name: String,
    /// The machine that it runs on; empty when nobody said.
    pub host: String,
    /// The version of neurocards.
    pub version: String,
    /// How many jobs it carries on at this moment.
    pub in_flight: u32,
    /// When it began, by its own clock.
    pub started_at: Timestamp,
}

/// A worker, as last heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerRecord {
    /// What it said.
    #[serde(flatten)]
    pub beat: WorkerBeat,
    /// When, by the store's time. A worker that died says nothing any more, and is forgotten after a day.
    pub seen_at: Timestamp,
}

/// How long a worker is remembered that says nothing.
pub const WORKER_REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// A worker says something at every heartbeat; one that says nothing for this long is not counted as alive.
pub const WORKER_ALIVE: Duration = Duration::from_secs(60);

/// The jobs of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StageStatus {
    /// The stage: an unfinished one.
    pub stage: Stage,
    /// All of them.
    pub jobs: u64,
    /// Those that a worker may take now.
    pub due: u64,
    /// Those that a worker holds under a lease that has not run out.
    pub leased: u64,
    /// Those that a pause holds back, due or not.
    pub paused: u64,
}

/// The queue at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueStatus {
    /// The moment, by the store's time.
    pub at: Timestamp,
    /// The unfinished stages in the order of a job's life, also those without jobs.
    pub stages: Vec<StageStatus>,
    /// Since when the job is due that waits the longest; those that are paused do not count.
    pub due_since: Option<Timestamp>,
    /// The pauses, that of everything first.
    pub pauses: Vec<PauseRecord>,
    /// The workers, by name.
    pub workers: Vec<WorkerRecord>,
}

/// How far an order's history was read: enough to go on in another process. Numbers of one store mean nothing to
/// another one.
///
/// It holds the number of the last line of each job, by the job's index. One number for the whole order would not do:
/// lines of two jobs may become visible in another order than the one in which they got their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventCursor {
    last: Vec<i64>,
}

/// A line of the history of one of an order's jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderLine {
    /// The job.
    pub job_id: JobId,
    /// 0-based index of the job in its order.
    pub index: u32,
    /// Its number: rises within the job.
    pub seq: i64,
    /// The line.
    pub event: JobEvent,
}

impl Pause {
    /// Whether jobs of this stage and model are held back.
    pub fn holds(&self, stage: Stage, model: &str) -> bool {
        let covers = match &self.scope {
            PauseScope::Everything => true,
            PauseScope::Model(paused) => paused == model,
        };
        covers && matches!(stage, Stage::Prompt | Stage::Submit)
    }
}

impl PauseScope {
    /// The scope as two words, as stored: its kind, and the model or nothing.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Everything => ("everything", ""),
            Self::Model(model) => ("model", model),
        }
    }

    /// The scope of two words that were stored.
    pub fn from_words(kind: &str, model: &str) -> Option<Self> {
        match kind {
            "everything" => Some(Self::Everything),
            "model" => Some(Self::Model(model.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for PauseScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Model(model) => write!(f, "model {model}"),
        }
    }
}

impl StageStatus {
    /// Those that wait for their time: a backoff, the next look at a provider.
    pub fn waiting(&self) -> u64 {
        self.jobs.saturating_sub(self.due + self.leased + self.paused)
    }

    /// A stage without jobs.
    pub fn empty(stage: Stage) -> Self {
        Self { stage, jobs: 0, due: 0, leased: 0, paused: 0 }
    }
}

impl QueueStatus {
    /// Jobs that a worker holds, that a provider has, or whose video is not stored yet: what is left to end before
    /// nothing happens any more in a paused queue.
    pub fn under_way(&self) -> u64 {
        let left = |stage: &StageStatus| match stage.stage {
            Stage::Wait | Stage::Store => stage.jobs,
            _ => stage.leased,
        };
        self.stages.iter().map(left).sum()
    }

    /// For how long the job is due that waits the longest; `None` when none is.
    pub fn oldest_due(&self) -> Option<Duration> {
        self.due_since.map(|since| (self.at - since).to_std().unwrap_or_default())
    }

    /// The workers that said something within [`WORKER_ALIVE`].
    pub fn workers_alive(&self) -> impl Iterator<Item = &WorkerRecord> {
        self.workers.iter().filter(|worker| later(worker.seen_at, WORKER_ALIVE) > self.at)
    }

    /// The jobs of an unfinished stage.
    pub fn stage(&self, stage: Stage) -> StageStatus {
        let found = self.stages.iter().find(|status| status.stage == stage);
        found.copied().unwrap_or(StageStatus::empty(stage))
    }
}

impl EventCursor {
    /// The number of the last line of the job with this index; 0 before the first one.
    pub fn last(&self, index: u32) -> i64 {
        self.last.get(index as usize).copied().unwrap_or_default()
    }

    /// The numbers of all jobs, by index; those that are missing are 0.
    pub fn numbers(&self) -> &[i64] {
        &self.last
    }

    /// Goes on behind this line.
    pub fn pass(&mut self, line: &OrderLine) {
        let index = line.index as usize;
        if self.last.len() <= index {
            self.last.resize(index + 1, 0);
        }
        self.last[index] = self.last[index].max(line.seq);
    }
}
