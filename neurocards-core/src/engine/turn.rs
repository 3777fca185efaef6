//! One worker's turn with one job: decide, write, act, until there is nothing to do but wait.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::lanes::Place;
use super::route::Asking;
use super::run::Leases;
use super::{Parts, Progress};
use crate::alarm::AlarmKind;
use crate::clock::Timestamp;
use crate::fault::{Fault, FaultClass, Retry};
use crate::job::Stage;
use crate::lifecycle::{
    Effect, Event, JobState, Policy, Route, Transition, model_outcome, step, unsent_model,
};
use crate::media::{IngestError, MediaError};
use crate::metering::{self, Counts};
use crate::model::Model;
use crate::order::Order;
use crate::prompt::{Prompt, PromptError, PromptRequest};
use crate::provider::{
    Lookup, Opening, PhotoUpload, Submission, Submitted, TaskRef, TaskState, UploadError, UploadedPhoto,
    VideoProvider,
};
use crate::resource::ResourceOutcome;
use crate::store::{ClaimedJob, StoreError, Told};

/// No single call outside may take longer. Clients have shorter limits of their own.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(120);
/// Nor may the whole of a download.
const FETCH_LIMIT: Duration = Duration::from_secs(600);
/// How long a write is repeated while the store is away or full.
const WRITE_PATIENCE: Duration = Duration::from_secs(600);

/// What the effects of one turn need.
struct Turn<'a> {
    parts: &'a Parts,
    provider: &'a dyn VideoProvider,
    order: &'a Order,
    policy: &'a Policy,
    /// The photo as the provider knows it, between upload and submission.
    photo: Option<UploadedPhoto>,
}

impl Parts {
    pub(super) async fn turn(
        &self,
        claimed: ClaimedJob,
        asked_at: Duration,
        leases: &Leases,
        mut place: Place,
        stop: &CancellationToken,
    ) {
        let ClaimedJob { mut state, order, claimed_at } = claimed;
        let (job, epoch) = (state.job.id, state.job.lease_epoch);
        let policy = self.policy_for(&state.job.provider);
        let Some(provider) = self.provider(&state.job.provider).filter(|_| self.model(&state).is_some())
        else {
            let passed = self.clock.monotonic().saturating_sub(asked_at);
            return self.unserved(&state, &policy, claimed_at + passed).await;
        };
        let provider = provider.as_ref();
        let mut turn = Turn { parts: self, provider, order: &order, policy: &policy, photo: None };
        let mut event = Event::Claimed;
        let mut of_model: Option<(String, ResourceOutcome)> = None;
        loop {
            let passed = self.clock.monotonic().saturating_sub(asked_at);
            let now = claimed_at + passed;
            let decided = step(&state, event, self.context(&policy, now));
            if let Some(write) = &decided.write {
                if !self.apply(&state, write).await {
                    return;
                }
                let unsent = unsent_model(&state, write).map(str::to_owned);
                state = state.after(write, now);
                if state.job.stage.is_final() {
                    let error = state.job.error.as_ref().map(tracing::field::display);
                    tracing::info!(%job, stage = %state.job.stage, error, "a job has ended");
                }
                match (of_model.take(), unsent) {
                    (Some((model, outcome)), _) => {
                        self.settle_model(provider.name(), &model, outcome, now).await;
                    }
                    (None, Some(model)) => self.give_back_probation(provider.name(), &model, now).await,
                    (None, None) => {}
                }
            }
            let Some(effect) = decided.then else {
                if decided.write.is_none() {
                    self.give_back(&state).await;
                }
                return;
            };
            if !leases.trusts(job, epoch, self.clock.monotonic()) {
                tracing::warn!(%job, epoch, "the lease ran out: somebody else goes on");
                return;
            }
            // What was written as sent must be sent now: stopping here would leave it in doubt for nothing.
            if stop.is_cancelled() && !matches!(effect, Effect::Submit { .. }) {
                self.give_back(&state).await;
                return;
            }
            if lane(&effect).is_some_and(|lane| !place.change_to(lane)) {
                self.give_back(&state).await;
                return;
            }
            tracing::debug!(%job, ?effect, "acting");
            let of_submission = matches!(effect, Effect::Lookup { .. } | Effect::Verify { .. });
            event = turn.perform(effect, &state, now).await;
            let outcome = model_outcome(&event, &policy).filter(|_| !of_submission);
            of_model = state.live_attempt().map(|attempt| attempt.model.clone()).zip(outcome);
        }
    }

    /// Only possible when the catalogue changed.
    async fn unserved(&self, state: &JobState, policy: &Policy, now: Timestamp) {
        tracing::error!(job = %state.job.id, model = state.job.model, "the model of a job is not in the catalogue");
        let decided = step(state, Event::Unserved, self.context(policy, now));
        if let Some(write) = decided.write {
            self.apply(state, &write).await;
        }
    }

    /// The model of the job, if this process knows it.
    fn model(&self, state: &JobState) -> Option<&Model> {
        self.catalogue.get(&state.job.model)
    }

    /// Writes a step; `false` ends the turn. A store that is away or full is waited for: the step may say what was
    /// paid for, and its fence makes it safe to repeat, however late. When the store did not confirm, it is asked what
    /// is there: only this turn writes under its epoch, so a step that is there is this one.
    async fn apply(&self, before: &JobState, write: &Transition) -> bool {
        let (began, mut doubt, mut pause) = (self.clock.monotonic(), false, Duration::ZERO);
        loop {
            let answer = if doubt { self.is_written(before, write).await } else { Ok(None) };
            let answer = match answer {
                Ok(Some(written)) => Ok(written),
                Ok(None) => self.store.job_apply(write).await,
                Err(error) => Err(error),
            };
            let error = match answer {
                Ok(true) => {
                    metering::step_applied(write);
                    self.stepped(write);
                    return true;
                }
                Ok(false) => {
                    metering::fence_lost();
                    tracing::warn!(job = %write.job_id, epoch = write.epoch, "somebody else has the job now");
                    return false;
                }
                Err(error) => error,
            };
            metering::store_failed(&error);
            doubt |= error.retry() == Retry::Unknown;
            let spent = self.clock.monotonic().saturating_sub(began) >= WRITE_PATIENCE;
            if spent || error.retry() == Retry::Never {
                let error = &error as &dyn std::error::Error;
                tracing::error!(job = %write.job_id, error, "a step could not be written");
                self.raise_for_store(AlarmKind::StepLost);
                return false;
            }
            pause = (pause + Duration::from_millis(100)).min(Self::IDLE);
            self.clock.sleep(pause).await;
        }
    }

    /// Whether a step that was not confirmed is there; `None` when it is not, and can be written.
    async fn is_written(&self, before: &JobState, write: &Transition) -> Result<Option<bool>, StoreError> {
        let Some(history) = self.store.job_history(write.job_id).await? else { return Ok(Some(false)) };
        let there = JobState { job: history.record.job, attempt: history.attempts.last().cloned() };
        if there.job.lease_epoch != write.epoch {
            return Ok(Some(false));
        }
        let after = before.clone().after(write, before.job.created_at);
        let mark = |state: &JobState| {
            let attempt = state.attempt.as_ref().map(|attempt| (attempt.id, attempt.state));
            (state.job.stage, attempt, state.job.lease_owner.is_some())
        };
        if mark(&there) == mark(&after) && mark(&after) != mark(before) {
            return Ok(Some(true));
        }
        Ok(if mark(&there) == mark(before) { None } else { Some(false) })
    }

    pub(super) async fn give_back(&self, state: &JobState) {
        let lease = [(state.job.id, state.job.lease_epoch)];
        if let Err(error) = self.store.jobs_give_back(&lease).await {
            metering::store_failed(&error);
            tracing::warn!(error = &error as &dyn std::error::Error, "a lease could not be given back");
        }
        // Not at once: what it was given back for may last.
        self.due_in(Self::BREATH);
    }
}

impl Turn<'_> {
    async fn perform(&mut self, effect: Effect, state: &JobState, now: Timestamp) -> Event {
        match effect {
            Effect::BuildPrompt => match self.parts.objection(self.provider, &self.order.brief).await {
                Some(fault) => Event::PromptRefused(fault),
                None => self.build_prompt(state, now).await,
            },
            Effect::Route => Event::Routed(self.route(state, now).await),
            Effect::Upload => self.upload(state).await,
            Effect::Submit { .. } => self.submit(state).await,
            Effect::Lookup { attempt } => {
                match self.limited("lookup", CALL_LIMIT, self.provider.lookup(attempt)).await {
                    Ok(Lookup::Found { task_id }) => Event::Found { task_id },
                    Ok(Lookup::Absent) => Event::Absent,
                    Ok(Lookup::Unavailable(fault)) | Err(fault) => Event::InDoubt(fault),
                }
            }
            Effect::Verify { task_id } => self.verify(state, task_id).await,
            Effect::Read { .. } => self.read(state).await,
            Effect::Fetch { video, again, .. } => {
                let limit = FETCH_LIMIT.min(self.policy.store_grace);
                self.fetch(state, video, again, limit).await
            }
        }
    }

    /// A call outside, with a limit, counted under its name.
    async fn limited<T: Counts>(
        &self,
        name: &'static str,
        limit: Duration,
        call: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let clock = &self.parts.clock;
        let began = clock.monotonic();
        let answer = tokio::select! {
            answer = call => Ok(answer),
            () = self.parts.clock.sleep(limit) => {
                Err(Fault::new(FaultClass::Temporary, format!("no answer within {} s", limit.as_secs())))
            }
        };
        // What gets no answer in time may have arrived.
        let counts = match &answer {
            Ok(answer) => answer.counts_as(),
            Err(fault) => ("in_doubt", Some(fault.class)),
        };
        let took = clock.monotonic().saturating_sub(began);
        metering::provider_called((self.provider.name(), name), counts, took);
        answer
    }

    async fn route(&self, state: &JobState, now: Timestamp) -> Route {
        let Self { provider, order, policy, .. } = *self;
        let opening = self.opening(state).await;
        self.parts.route(Asking { provider, state, order, policy, opening, now }).await
    }

    /// Whether an account is open: asked only when the latest attempt ended because of one.
    async fn opening(&self, state: &JobState) -> Option<Opening> {
        let fault = state.attempt.as_ref()?.fault.as_ref()?;
        if !matches!(fault.class, FaultClass::Billing | FaultClass::Auth) {
            return None;
        }
        let asked =
            self.limited("opening", CALL_LIMIT, self.provider.opening(self.parts.model(state)?)).await;
        Some(asked.unwrap_or_else(|why| Opening::After { wait: self.policy.poll_max, why }))
    }

    async fn build_prompt(&self, state: &JobState, now: Timestamp) -> Event {
        let route = self.route(state, now).await;
        let model = match &route {
            Route::Go { model, .. } => model,
            Route::Wait { .. } => &state.job.model,
            Route::Nowhere(_) => return Event::Routed(route),
        };
        let Some(model) = self.parts.catalogue.get(model) else { return Event::PromptRefused(no_model()) };
        let request = PromptRequest {
            brief: &self.order.brief,
            variation: self.order.variation(state.job.index),
            limits: model.prompt,
            seconds: model.seconds,
        };
        let built = self.limited("prompt", CALL_LIMIT, self.parts.prompts.build(&request)).await;
        let built = built.unwrap_or_else(|fault| Err(fault.into()));
        let usage = built.as_ref().map_or_else(|error| error.usage, |prompt| prompt.usage);
        metering::language_model_used(usage.as_ref());
        let (mut prompt, fault) = match built {
            Ok(prompt) => (prompt, None),
            Err(PromptError { fault, .. }) if fault.class == FaultClass::UserViolation => {
                return Event::PromptRefused(fault);
            }
            Err(PromptError { fault, usage }) => {
                (Prompt { usage, ..self.parts.offline.write(&request) }, Some(fault))
            }
        };
        // The model's limit holds whoever wrote the prompt.
        prompt.text = Prompt::refit(&prompt.text, model.prompt);
        Event::PromptBuilt { prompt, fault, route: Box::new(route) }
    }

    async fn upload(&mut self, state: &JobState) -> Event {
        let Some(attempt) = state.live_attempt() else { return Event::Claimed };
        let Some(model) = self.parts.model(state) else { return Event::UploadFailed(no_model()) };
        let sha256 = &self.order.brief.photo.sha256;
        let jpeg = match self.parts.media.photo(sha256).await {
            Ok(jpeg) => jpeg,
            Err(error) => return Event::UploadFailed(media_fault(&error)),
        };
        let photo = PhotoUpload { attempt: attempt.id, sha256, jpeg: &jpeg, model };
        match self.limited("upload", CALL_LIMIT, self.provider.upload(&photo)).await {
            Ok(Ok(uploaded)) => {
                let (key, reason) = (uploaded.key.clone(), uploaded.reason.clone());
                self.photo = Some(uploaded);
                Event::Uploaded { key, reason }
            }
            Ok(Err(UploadError::NotNow { wait, why })) => Event::NotNow { wait, why },
            Ok(Err(UploadError::Fault(fault))) | Err(fault) => Event::UploadFailed(fault),
        }
    }

    /// The paid call. The attempt is committed as `sent`; whatever happens from here on is told, never repeated.
    async fn submit(&self, state: &JobState) -> Event {
        let (Some(attempt), Some(prompt), Some(photo), Some(model)) =
            (state.live_attempt(), &state.job.prompt, &self.photo, self.parts.model(state))
        else {
            return Event::Rejected(Fault::new(FaultClass::InvalidInput, "the job has no prompt or photo"));
        };
        let submission = Submission {
            attempt: attempt.id,
            model,
            prompt,
            photo,
            key: attempt.key.as_deref(),
            brief: &self.order.brief,
            variation: self.order.variation(state.job.index),
        };
        match self.limited("submit", CALL_LIMIT, self.provider.submit(&submission)).await {
            Ok(Submitted::Accepted { task_id }) => Event::Accepted { task_id },
            Ok(Submitted::Rejected(fault)) => Event::Rejected(fault),
            Ok(Submitted::Unknown(fault)) | Err(fault) => Event::InDoubt(fault),
        }
    }

    /// Whether the task that a callback named can be read as this attempt's, and is nobody else's.
    async fn verify(&self, state: &JobState, task_id: String) -> Event {
        let Some(attempt) = state.live_attempt() else { return Event::Claimed };
        let task = attempt.task_called(&task_id);
        let read = self.limited("read", CALL_LIMIT, self.provider.read(&task)).await;
        if let Err(fault) = read.and_then(|answer| answer) {
            tracing::warn!(job = %state.job.id, task_id, %fault, "what a callback named cannot be read");
            return Event::ReadFailed(fault);
        }
        // Not every provider says whose task it is. Another attempt may have got it since the callback came.
        match self.parts.store.attempt_told(attempt.id, &task_id).await {
            Ok(Told::Woken) => Event::Found { task_id },
            Ok(Told::Late | Told::Nothing) => {
                let message = "what a callback named is the task of another attempt";
                Event::ReadFailed(Fault::new(FaultClass::Unknown, message))
            }
            Err(error) => Event::ReadFailed(Fault::new(FaultClass::Temporary, error.to_string())),
        }
    }

    async fn read(&self, state: &JobState) -> Event {
        let Some(task) = task(state) else { return Event::Claimed };
        match self.limited("read", CALL_LIMIT, self.provider.read(&task)).await.and_then(|answer| answer) {
            Ok(TaskState::Running { progress }) => {
                if let Some(done) = progress {
                    let (order_id, job_id, index) = (state.job.order_id, state.job.id, state.job.index);
                    // Nobody may be watching.
                    let _ = self.parts.progress.send(Progress { order_id, job_id, index, done });
                }
                Event::Running
            }
            Ok(TaskState::Succeeded { video, cost_milli }) => Event::Rendered { video, cost_milli },
            Ok(TaskState::Failed(fault)) => Event::RenderFailed(fault),
            Err(fault) => Event::ReadFailed(fault),
        }
    }

    async fn fetch(&self, state: &JobState, video: String, again: bool, limit: Duration) -> Event {
        let Some(task) = task(state) else { return Event::Claimed };
        let mut video = video;
        if again
            && let Ok(Ok(TaskState::Succeeded { video: fresh, .. })) =
                self.limited("read", CALL_LIMIT, self.provider.read(&task)).await
        {
            video = fresh;
        }
        let fetched = async {
            let stream = self.provider.fetch(&task, &video).await?;
            self.parts.media.put_video(stream).await
        };
        match self.limited("fetch", limit, fetched).await {
            Ok(Ok(artifact)) => Event::Stored(artifact),
            Ok(Err(IngestError::Fetch(fault))) | Err(fault) => Event::FetchFailed(fault),
            Ok(Err(IngestError::Media(error))) => Event::StorageFailed(media_fault(&error)),
        }
    }
}

/// Reading goes over into fetching, or into the next submission; everything else stays in its lane.
fn lane(effect: &Effect) -> Option<Stage> {
    match effect {
        Effect::Fetch { .. } => Some(Stage::Store),
        Effect::Upload => Some(Stage::Submit),
        _ => None,
    }
}

/// A catalogue does not change while a process runs.
fn no_model() -> Fault {
    Fault::new(FaultClass::ModelUnavailable, "the model is in no catalogue")
}

/// The task that the job's latest attempt is.
fn task(state: &JobState) -> Option<TaskRef<'_>> {
    state.attempt.as_ref().and_then(|attempt| attempt.task())
}

/// A fault of our own storage. Its code is what frontends recognise it by. What is gone or damaged does not come
/// back.
fn media_fault(error: &MediaError) -> Fault {
    let class = match error {
        MediaError::Missing { .. } | MediaError::Damaged { .. } => FaultClass::InvalidInput,
        MediaError::Full { .. } | MediaError::Unavailable { .. } => FaultClass::Temporary,
    };
    Fault::new(class, error.to_string()).with_code("storage")
}

/// Why a video was not taken in, as a fault.
pub(super) fn ingest_fault(error: IngestError) -> Fault {
    match error {
        IngestError::Fetch(fault) => fault,
        IngestError::Media(error) => media_fault(&error),
    }
}
