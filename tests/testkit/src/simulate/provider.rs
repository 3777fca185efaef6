//! A provider with a truth of its own, which the workers only learn through answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use neurocards_core::{Artifact, Attempt, AttemptId, Event, Fault, FaultClass, JobId, Timestamp};

use super::callbacks::Callbacks;
use super::chance::Chance;
use super::flaw::Flaw;
use super::market::{Market, dry};
use super::weather::Weather;
use super::{Broken, broken};
use crate::sample;

/// What happens at the provider, and what it charges for.
#[derive(Debug, Default)]
pub(super) struct Provider {
    flaw: Option<Flaw>,
    pub(super) market: Market,
    pub(super) callbacks: Callbacks,
    tasks: BTreeMap<String, Task>,
    /// Requests that reached the wire, by attempt.
    posts: BTreeMap<AttemptId, u32>,
    /// Attempts of which it said that they never arrived: it will not take them any more.
    absent: BTreeSet<AttemptId>,
    /// Requests that are still on their way.
    late: Vec<(AttemptId, JobId)>,
    /// Videos that are durable on our side, by hash.
    media: BTreeMap<String, JobId>,
}

#[derive(Debug)]
struct Task {
    attempt: AttemptId,
    job: JobId,
    done_at: Timestamp,
    end: End,
    /// Somebody was told that it failed.
    told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Video,
    Fault(FaultClass),
    Never,
}

fn lost() -> Fault {
    Fault::new(FaultClass::Temporary, "the answer was lost")
}

impl Provider {
    pub(super) fn new(flaw: Option<Flaw>, callbacks: Callbacks) -> Self {
        Self { flaw, callbacks, ..Self::default() }
    }

    pub(super) fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// A task is born, and with it a charge.
    fn create(
        &mut self,
        (attempt, job): (AttemptId, JobId),
        now: Timestamp,
        weather: Weather,
        chance: &mut Chance,
    ) -> Result<String, Broken> {
        for (id, task) in &self.tasks {
            if task.attempt == attempt {
                return broken(format!("two tasks for one attempt: {id} and another"));
            }
            if task.job == job && !(matches!(task.end, End::Fault(_)) && task.told) {
                return broken(format!("a second task for a job whose first one, {id}, never failed"));
            }
        }
        let end = match (chance.one_in(weather.render), chance.below(8)) {
            (false, _) => End::Video,
            (true, 0) => End::Never,
            (true, 1) => End::Fault(FaultClass::UserViolation),
            (true, _) => End::Fault(FaultClass::Temporary),
        };
        let longest = chance.pick(&[20, 200, 4_000]);
        let task_id = format!("task-{}", self.tasks.len() + 1);
        let done_at = now + chance.up_to(Duration::from_secs(longest));
        self.callbacks.born((attempt, job), &task_id, (now, done_at), chance);
        self.tasks.insert(task_id.clone(), Task { attempt, job, done_at, end, told: false });
        Ok(task_id)
    }

    pub(super) fn upload(&self, now: Timestamp, weather: Weather, chance: &mut Chance) -> Event {
        if !chance.one_in(weather.wire) {
            return match self.market.key(now) {
                Ok(key) => Event::Uploaded { key: Some(key.to_owned()), reason: None },
                Err(wait) => Event::NotNow { wait, why: dry() },
            };
        }
        let class = chance.pick(&[FaultClass::Temporary, FaultClass::Temporary, FaultClass::RateLimit]);
        Event::UploadFailed(Fault::new(class, "the upload failed"))
    }

    /// The paid call reaches the wire.
    pub(super) fn submit(
        &mut self,
        sent: &Attempt,
        now: Timestamp,
        weather: Weather,
        chance: &mut Chance,
    ) -> Result<Event, Broken> {
        let (attempt, job) = (sent.id, sent.job_id);
        let posts = self.posts.entry(attempt).or_default();
        *posts += 1;
        if *posts > 1 {
            return broken(format!("the submission {attempt} was sent twice"));
        }
        if self.absent.contains(&attempt) {
            return Ok(Event::Rejected(Fault::new(FaultClass::Temporary, "too late")));
        }
        if let Some(fault) = self.market.refusal(&sent.model, sent.key.as_deref(), now, weather, chance) {
            return Ok(Event::Rejected(fault));
        }
        if !chance.one_in(weather.submit) {
            return Ok(Event::Accepted { task_id: self.create((attempt, job), now, weather, chance)? });
        }
        let rejected = |class| Event::Rejected(Fault::new(class, "refused"));
        Ok(match chance.below(9) {
            0 => rejected(FaultClass::RateLimit),
            1 => rejected(FaultClass::UserViolation),
            2 | 3 => rejected(FaultClass::Temporary),
            4 | 5 => {
                self.create((attempt, job), now, weather, chance)?;
                Event::InDoubt(lost())
            }
            6 | 7 => {
                self.late.push((attempt, job));
                Event::InDoubt(lost())
            }
            _ => Event::InDoubt(lost()),
        })
    }

    /// A request that was under way for long arrives.
    pub(super) fn arrive(
        &mut self,
        now: Timestamp,
        weather: Weather,
        chance: &mut Chance,
    ) -> Result<Option<String>, Broken> {
        if self.late.is_empty() {
            return Ok(None);
        }
        let (attempt, job) = self.late.swap_remove(chance.index(self.late.len()));
        if self.absent.contains(&attempt) {
            return Ok(None);
        }
        self.create((attempt, job), now, weather, chance).map(Some)
    }

    pub(super) fn look_up(&mut self, attempt: AttemptId, weather: Weather, chance: &mut Chance) -> Event {
        if chance.one_in(weather.wire) {
            return Event::InDoubt(lost());
        }
        if let Some((id, _)) = self.tasks.iter().find(|(_, task)| task.attempt == attempt) {
            return Event::Found { task_id: id.clone() };
        }
        // From now on the attempt is refused, wherever its request may be.
        if self.flaw != Some(Flaw::LookupGuesses) {
            self.absent.insert(attempt);
        }
        Event::Absent
    }

    /// Whether a task is there, and this attempt's.
    pub(super) fn show(
        &self,
        (attempt, task_id): (Option<AttemptId>, &str),
        weather: Weather,
        chance: &mut Chance,
    ) -> Event {
        let owner = self.tasks.get(task_id).map(|task| task.attempt);
        if chance.one_in(weather.wire) {
            return Event::ReadFailed(lost());
        }
        if owner.is_some() && (owner == attempt || self.flaw == Some(Flaw::ReadsAnybodysTask)) {
            return Event::Found { task_id: task_id.to_owned() };
        }
        Event::ReadFailed(Fault::new(FaultClass::Unknown, "no task of this attempt"))
    }

    /// A task says whose it is: one of another attempt is not read.
    pub(super) fn read(
        &mut self,
        (attempt, task_id): (AttemptId, &str),
        now: Timestamp,
        weather: Weather,
        chance: &mut Chance,
    ) -> Event {
        let failed = Fault::new(FaultClass::Temporary, "the task could not be read");
        if chance.one_in(weather.wire) {
            return match self.flaw {
                Some(Flaw::TakesReadErrorsForFailures) => Event::RenderFailed(failed),
                _ => Event::ReadFailed(failed),
            };
        }
        match self.tasks.get_mut(task_id) {
            None => Event::ReadFailed(Fault::new(FaultClass::Unknown, "no such task")),
            Some(task) if task.attempt != attempt && self.flaw != Some(Flaw::ReadsAnybodysTask) => {
                Event::ReadFailed(Fault::new(FaultClass::Unknown, "somebody else's task"))
            }
            Some(task) if now < task.done_at || task.end == End::Never => Event::Running,
            Some(Task { end: End::Fault(class), told, .. }) => {
                *told = true;
                Event::RenderFailed(Fault::new(*class, "the render failed"))
            }
            Some(_) => Event::Rendered { video: format!("video-of-{task_id}"), cost_milli: Some(1_000) },
        }
    }

    /// Fetches a video and stores it on our side.
    pub(super) fn fetch(
        &mut self,
        task_id: &str,
        video: &str,
        now: Timestamp,
        weather: Weather,
        chance: &mut Chance,
    ) -> Result<Event, Broken> {
        let Some(task) = self.tasks.get(task_id).filter(|_| video == format!("video-of-{task_id}")) else {
            return broken(format!("{video} is fetched for {task_id}"));
        };
        if task.end != End::Video || now < task.done_at {
            return broken(format!("{video} is fetched, and is not there"));
        }
        let number = task_id.trim_start_matches("task-");
        let artifact = Artifact { sha256: format!("{number:0>64}"), ..sample::artifact() };
        if chance.one_in(weather.wire) {
            let fault = |what| Fault::new(FaultClass::Temporary, what);
            return Ok(match (self.flaw, chance.below(3)) {
                (Some(Flaw::CapturesWithoutVideo), _) => Event::Stored(artifact),
                (_, 0) => Event::FetchFailed(fault("the connection broke")),
                (_, 1) => Event::FetchFailed(fault("what was fetched is no video")),
                _ => Event::StorageFailed(fault("the media store is full").with_code("storage")),
            });
        }
        self.media.insert(artifact.sha256.clone(), task.job);
        Ok(Event::Stored(artifact))
    }

    /// Whether this video is durable, and the job's own.
    pub(super) fn has_stored(&self, artifact: &Artifact, job: JobId) -> bool {
        self.media.get(&artifact.sha256) == Some(&job)
    }

    /// Another task than this one: somebody's, or nobody's.
    pub(super) fn another_task(&self, task_id: &str, chance: &mut Chance) -> String {
        let others: Vec<_> = self.tasks.keys().filter(|other| *other != task_id).collect();
        if others.is_empty() || chance.one_in(2) {
            return format!("nobodys-{task_id}");
        }
        others[chance.index(others.len())].clone()
    }

    /// The id of the attempt's task.
    pub(super) fn task_of(&self, attempt: AttemptId) -> Option<&str> {
        self.tasks.iter().find(|(_, task)| task.attempt == attempt).map(|(id, _)| id.as_str())
    }

    /// Whether the attempt's video was there at this moment.
    pub(super) fn has_video_by(&self, attempt: AttemptId, moment: Timestamp) -> bool {
        let there = |task: &Task| task.attempt == attempt && task.end == End::Video && task.done_at <= moment;
        self.tasks.values().any(there)
    }

    /// Whether the provider has, or had, a task for the attempt.
    pub(super) fn knows(&self, attempt: AttemptId) -> bool {
        self.tasks.values().any(|task| task.attempt == attempt)
    }

    /// Whether the provider's own word on this attempt is that it failed.
    pub(super) fn has_failed(&self, attempt: AttemptId) -> bool {
        self.tasks.values().any(|task| task.attempt == attempt && task.told)
    }
}
