//! A worker's turn with one job, taken apart: it can stop, stand still or die between any two moves.

use std::time::Duration;

use neurocards_core::{
    AttemptId, ClaimedJob, Clock, Context, Effect, Event, Fault, FaultClass, JobId, JobState, Policy, Route,
    Timestamp, Transition, step,
};

use super::flaw::Flaw;
use super::world::{Luck, World, unexpected};
use super::{Broken, broken};
use crate::sample;

/// A job in somebody's hands.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) worker: usize,
    pub(super) trusted_until: Duration,
    state: JobState,
    claimed_at: Timestamp,
    asked_at: Duration,
    next: Next,
}

/// What comes next.
#[derive(Debug)]
enum Next {
    /// Something was heard.
    Decide(Event),
    /// A decision is to be written.
    Write { write: Box<Transition>, then: Option<Effect>, event: Event, tries: u32 },
    /// May the call still begin?
    Ask(Effect),
    /// The request leaves.
    Call(Effect),
}

const WRITE_TRIES: u32 = 5;

impl Turn {
    pub(super) fn claimed(worker: usize, job: ClaimedJob, asked_at: Duration, policy: &Policy) -> Self {
        Self::with(worker, job, asked_at, policy, Event::Claimed)
    }

    pub(super) fn with(
        worker: usize,
        job: ClaimedJob,
        asked_at: Duration,
        policy: &Policy,
        event: Event,
    ) -> Self {
        let ClaimedJob { state, claimed_at, .. } = job;
        let trusted_until = Self::trust(asked_at, policy);
        Self { worker, trusted_until, state, claimed_at, asked_at, next: Next::Decide(event) }
    }

    /// Until when a lease may be trusted that was asked for at this moment.
    pub(super) fn trust(asked_at: Duration, policy: &Policy) -> Duration {
        asked_at + policy.lease * 5 / 6
    }

    fn attempt(&self) -> Option<AttemptId> {
        self.state.attempt.as_ref().map(|attempt| attempt.id)
    }

    pub(super) fn lease(&self) -> (JobId, i64) {
        (self.state.job.id, self.state.job.lease_epoch)
    }
}

impl World {
    /// One move; `None` ends the turn.
    pub(super) async fn go_on(&mut self, mut turn: Turn) -> Result<Option<Turn>, Broken> {
        let next = std::mem::replace(&mut turn.next, Next::Decide(Event::Claimed));
        match next {
            Next::Decide(event) => self.decide(turn, event).await,
            Next::Write { write, then, event, tries } => self.write(turn, *write, then, event, tries).await,
            Next::Ask(effect) => self.ask(turn, effect).await,
            Next::Call(effect) => self.call(turn, effect).await.map(Some),
        }
    }

    async fn decide(&mut self, mut turn: Turn, event: Event) -> Result<Option<Turn>, Broken> {
        let now = self.time_of(&turn);
        let context =
            Context { policy: &self.policy, now, jitter: self.chance.unit(), fresh: self.ids.fresh() };
        let decided = step(&turn.state, event.clone(), context);
        turn.next = match (decided.write, decided.then) {
            (None, None) => {
                self.give_back(&turn).await?;
                return Ok(None);
            }
            (Some(_), Some(then @ Effect::Submit { .. }))
                if self.flaw == Some(Flaw::SubmitsBeforeWriting) =>
            {
                Next::Call(then)
            }
            (Some(write), then) => Next::Write { write: Box::new(write), then, event, tries: 1 },
            (None, Some(effect)) => Next::Ask(effect),
        };
        Ok(Some(turn))
    }

    /// The store's time, as the worker knows it: from the claim on by its monotonic clock.
    fn time_of(&self, turn: &Turn) -> Timestamp {
        if self.flaw == Some(Flaw::UsesWallClock) {
            return self.wall_clock(turn.worker);
        }
        turn.claimed_at + self.clock.monotonic().saturating_sub(turn.asked_at)
    }

    async fn write(
        &mut self,
        mut turn: Turn,
        mut write: Transition,
        then: Option<Effect>,
        event: Event,
        tries: u32,
    ) -> Result<Option<Turn>, Broken> {
        let (from, to) = (write.from, write.to);
        let name = format!("{} {}", self.workers[turn.worker].name, self.job_name(write.job_id));
        let luck = self.luck();
        if matches!(luck, Luck::Away) {
            self.note(format_args!("{name}: {from} -> {to} cannot be written, try {tries}"));
            turn.next = Next::Write { write: Box::new(write), then, event, tries: tries + 1 };
            return Ok((tries < WRITE_TRIES).then_some(turn));
        }
        let own = write.epoch;
        if self.flaw == Some(Flaw::IgnoresEpochs)
            && let Some(record) = self.store.job_get(write.job_id).await.map_err(unexpected)?
        {
            write.epoch = record.job.lease_epoch;
        }
        let applied = match luck {
            Luck::Undone => false,
            _ => self.apply(&turn.state, &write, own, &event).await?,
        };
        if matches!(luck, Luck::Undone | Luck::Unheard) && self.flaw != Some(Flaw::TrustsLostWrites) {
            self.note(format_args!("{name}: {from} -> {to} is not confirmed, written: {applied}"));
            return Ok(None);
        }
        if matches!(luck, Luck::Fine) && !applied {
            self.counts.refused += 1;
            self.note(format_args!("{name}: {from} -> {to} is refused: somebody else has the job"));
            return Ok(None);
        }
        if applied {
            self.settle(&turn.state, &event).await?;
        }
        self.note(format_args!("{name}: {from} -> {to} after {}", words(&event)));
        if !matches!(event, Event::Claimed) && self.chance.one_in(self.weather.echo) {
            self.turns.push(Turn {
                worker: turn.worker,
                trusted_until: turn.trusted_until,
                state: turn.state.clone(),
                claimed_at: turn.claimed_at,
                asked_at: turn.asked_at,
                next: Next::Decide(event),
            });
        }
        let now = self.time_of(&turn);
        turn.state = turn.state.after(&write, now);
        let Some(effect) = then else { return Ok(None) };
        turn.next = Next::Ask(effect);
        Ok(Some(turn))
    }

    async fn ask(&mut self, mut turn: Turn, effect: Effect) -> Result<Option<Turn>, Broken> {
        if self.clock.monotonic() >= turn.trusted_until {
            let name = format!("{} {}", self.workers[turn.worker].name, self.job_name(turn.state.job.id));
            self.note(format_args!("{name}: the lease ran out"));
            return Ok(None);
        }
        if self.chance.one_in(self.weather.stop) && !matches!(effect, Effect::Submit { .. }) {
            self.give_back(&turn).await?;
            return Ok(None);
        }
        turn.next = Next::Call(effect);
        Ok(Some(turn))
    }

    /// The other side does it; from here on its answer is on the way.
    async fn call(&mut self, mut turn: Turn, effect: Effect) -> Result<Turn, Broken> {
        let (weather, now, job) = (self.weather, self.now(), turn.state.job.id);
        let name = format!("{} {}", self.workers[turn.worker].name, self.job_name(job));
        let called = words(&effect);
        let event = match effect {
            Effect::BuildPrompt => self.build_prompt(&turn).await?,
            Effect::Route => Event::Routed(self.route(&turn.state, self.time_of(&turn)).await?),
            Effect::Upload => self.provider.upload(now, weather, &mut self.chance),
            Effect::Submit { attempt } => {
                let sent = self.check_sent(job, attempt).await?;
                let answer = self.provider.submit(&sent, now, weather, &mut self.chance)?;
                if self.flaw == Some(Flaw::SubmitsAgain) && matches!(answer, Event::InDoubt(_)) {
                    self.provider.submit(&sent, now, weather, &mut self.chance)?
                } else {
                    answer
                }
            }
            Effect::Lookup { attempt } => self.provider.look_up(attempt, weather, &mut self.chance),
            Effect::Verify { task_id } if self.flaw == Some(Flaw::AdoptsUnread) => Event::Found { task_id },
            Effect::Verify { task_id } => {
                self.provider.show((turn.attempt(), &task_id), weather, &mut self.chance)
            }
            Effect::Read { task_id } => self.read(&turn, &task_id),
            Effect::Fetch { task_id, video, .. } => {
                self.provider.fetch(&task_id, &video, now, weather, &mut self.chance)?
            }
            other => return broken(format!("the simulator does not know the effect {other:?}")),
        };
        if matches!(event, Event::InDoubt(_)) {
            self.counts.in_doubt += 1;
        }
        self.note(format_args!("{name}: {called} brings {}", words(&event)));
        turn.next = Next::Decide(event);
        Ok(turn)
    }

    fn read(&mut self, turn: &Turn, task_id: &str) -> Event {
        let (weather, now) = (self.weather, self.now());
        match &turn.state.attempt {
            Some(attempt) if attempt.hint.is_some() && self.flaw == Some(Flaw::BelievesHints) => {
                Event::Rendered { video: format!("video-of-{task_id}"), cost_milli: None }
            }
            Some(attempt) => self.provider.read((attempt.id, task_id), now, weather, &mut self.chance),
            None => Event::ReadFailed(Fault::new(FaultClass::Unknown, "there is no attempt")),
        }
    }

    async fn build_prompt(&mut self, turn: &Turn) -> Result<Event, Broken> {
        if self.chance.one_in(self.weather.wire) && self.chance.one_in(4) {
            return Ok(Event::PromptRefused(Fault::new(FaultClass::UserViolation, "not for sale")));
        }
        Ok(match self.route(&turn.state, self.time_of(turn)).await? {
            nowhere @ Route::Nowhere(_) => Event::Routed(nowhere),
            route => Event::PromptBuilt { prompt: sample::prompt(), fault: None, route: Box::new(route) },
        })
    }

    async fn give_back(&mut self, turn: &Turn) -> Result<(), Broken> {
        let name = format!("{} {}", self.workers[turn.worker].name, self.job_name(turn.state.job.id));
        if !matches!(self.luck(), Luck::Fine) {
            return Ok(());
        }
        self.note(format_args!("{name}: given back"));
        self.store.jobs_give_back(&[turn.lease()]).await.map_err(unexpected)
    }
}

/// The name of an event or effect, without what it carries.
fn words(thing: &impl std::fmt::Debug) -> String {
    let mut text = format!("{thing:?}");
    if let Some(end) = text.find([' ', '(']) {
        text.truncate(end);
    }
    text
}
