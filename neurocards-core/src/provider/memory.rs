//! A provider that renders nothing and remembers everything: for tests and examples.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;

use super::{
    Lookup, Opening, PhotoUpload, ProviderCapabilities, Submission, Submitted, TaskRef, TaskState,
    UploadError, UploadedPhoto, VideoProvider, VideoStream,
};
use crate::fault::{Fault, FaultClass};
use crate::ids::AttemptId;
use crate::model::{Catalogue, Model, ModelStatus};
use crate::prompt::PromptLimits;

/// A call that [`MemoryProvider`] saw, in the order in which it saw them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderCall {
    /// It was asked whether an account is open.
    Opening,
    /// A photo was handed over.
    Upload(AttemptId),
    /// The paid call.
    Submit(AttemptId),
    /// A submission was looked up.
    Lookup(AttemptId),
    /// A task was read.
    Read(String),
    /// A video was fetched.
    Fetch(String),
}

/// A scripted answer. Each is used once, by the next call of its kind; then the provider behaves well again.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The next question whether an account is open is answered like this; else none is.
    Opening(Opening),
    /// The next upload fails.
    Upload(Fault),
    /// The next upload may not leave yet.
    NotNow {
        /// For how long.
        wait: Duration,
        /// Why.
        why: Fault,
    },
    /// The next upload chooses this key.
    Key {
        /// Its name.
        key: String,
        /// Why this one.
        reason: Option<String>,
    },
    /// The next submission is refused: no task.
    Reject(Fault),
    /// The next submission makes a task, and its answer is lost.
    AcceptAndTimeOut(Fault),
    /// The next submission makes no task, and looks as if it might have.
    VanishAndTimeOut(Fault),
    /// The next read fails.
    ReadError(Fault),
    /// The next read says this.
    Read(TaskState),
    /// The next fetch fails.
    Fetch(Fault),
    /// The next fetch gives these bytes.
    FetchBytes(Bytes),
    /// The next fetch gives the first byte of the video, and then nothing more for ever.
    FetchHangs,
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<ProviderCall>,
    script: VecDeque<Reply>,
    /// What every submission to a model is refused with.
    refusals: HashMap<String, Fault>,
    tasks: HashMap<AttemptId, String>,
}

/// A provider that renders nothing and remembers everything. Tasks succeed at the first read, with the video that
/// it was made with.
#[derive(Debug)]
pub struct MemoryProvider {
    catalogue: Catalogue,
    capabilities: ProviderCapabilities,
    video: Bytes,
    state: Mutex<State>,
}

impl MemoryProvider {
    /// The name of the provider and of its one model, unless it was given others.
    pub const NAME: &str = "memory";

    /// A provider whose every video has these bytes.
    pub fn new(video: Bytes) -> Self {
        let model = Model {
            id: Self::NAME.to_owned(),
            provider: Self::NAME.to_owned(),
            title: "Memory".to_owned(),
            vendor: "neurocards".to_owned(),
            status: ModelStatus::Active,
            since: None,
            successor: None,
            prompt: PromptLimits { min_chars: 3, max_chars: 1_000 },
            seconds: 8,
            price_milli_usd: None,
        };
        Self {
            catalogue: Catalogue::new(vec![model], Some(Self::NAME.to_owned())),
            capabilities: ProviderCapabilities {
                lookup: false,
                poll: Some(Duration::from_millis(1)),
                shared: false,
                free: false,
            },
            video,
            state: Mutex::default(),
        }
    }

    /// The same provider with other capabilities.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: ProviderCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The same provider with other models. They must be its own.
    #[must_use]
    pub fn with_catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// From now on every submission to this model is refused; without a fault it is not any more.
    pub fn refuse(&self, model: &str, fault: Option<Fault>) {
        let mut state = self.state();
        match fault {
            Some(fault) => state.refusals.insert(model.to_owned(), fault),
            None => state.refusals.remove(model),
        };
    }

    /// Scripts an answer.
    pub fn script(&self, reply: Reply) {
        self.state().script.push_back(reply);
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<ProviderCall> {
        self.state().calls.clone()
    }

    /// How many tasks exist: what a real provider would charge for.
    pub fn tasks(&self) -> usize {
        self.state().tasks.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the call and takes the next scripted answer that fits it.
    fn called(&self, call: ProviderCall, fits: impl Fn(&Reply) -> bool) -> Option<Reply> {
        let mut state = self.state();
        state.calls.push(call);
        let place = state.script.iter().position(fits)?;
        state.script.remove(place)
    }

    fn make_task(&self, attempt: AttemptId) -> String {
        let task_id = format!("task-{attempt}");
        self.state().tasks.insert(attempt, task_id.clone());
        task_id
    }
}

#[async_trait]
impl VideoProvider for MemoryProvider {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn capabilities(&self) -> ProviderCapabilities {
        self.capabilities
    }

    async fn opening(&self, _: &Model) -> Opening {
        match self.called(ProviderCall::Opening, |reply| matches!(reply, Reply::Opening(_))) {
            Some(Reply::Opening(opening)) => opening,
            _ => Opening::Never,
        }
    }

    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError> {
        let fits =
            |reply: &Reply| matches!(reply, Reply::Upload(_) | Reply::NotNow { .. } | Reply::Key { .. });
        let uploaded = UploadedPhoto::at(photo.sha256);
        match self.called(ProviderCall::Upload(photo.attempt), fits) {
            Some(Reply::Upload(fault)) => Err(fault.into()),
            Some(Reply::NotNow { wait, why }) => Err(UploadError::NotNow { wait, why }),
            Some(Reply::Key { key, reason }) => Ok(UploadedPhoto { key: Some(key), reason, ..uploaded }),
            _ => Ok(uploaded),
        }
    }

    async fn submit(&self, submission: &Submission<'_>) -> Submitted {
        let attempt = submission.attempt;
        let fits = |reply: &Reply| {
            matches!(reply, Reply::Reject(_) | Reply::AcceptAndTimeOut(_) | Reply::VanishAndTimeOut(_))
        };
        let refused = self.state().refusals.get(&submission.model.id).cloned();
        match self.called(ProviderCall::Submit(attempt), fits) {
            Some(Reply::Reject(fault)) => Submitted::Rejected(fault),
            Some(Reply::AcceptAndTimeOut(fault)) => {
                self.make_task(attempt);
                Submitted::Unknown(fault)
            }
            Some(Reply::VanishAndTimeOut(fault)) => Submitted::Unknown(fault),
            _ => match refused {
                Some(fault) => Submitted::Rejected(fault),
                None => Submitted::Accepted { task_id: self.make_task(attempt) },
            },
        }
    }

    async fn lookup(&self, attempt: AttemptId) -> Lookup {
        self.called(ProviderCall::Lookup(attempt), |_| false);
        match self.state().tasks.get(&attempt) {
            Some(task_id) => Lookup::Found { task_id: task_id.clone() },
            None => Lookup::Absent,
        }
    }

    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault> {
        let task_id = task.task_id;
        let fits = |reply: &Reply| matches!(reply, Reply::ReadError(_) | Reply::Read(_));
        match self.called(ProviderCall::Read(task_id.to_owned()), fits) {
            Some(Reply::ReadError(fault)) => return Err(fault),
            Some(Reply::Read(state)) => return Ok(state),
            _ => {}
        }
        let owner = |(owner, known): (&AttemptId, &String)| (known == task_id).then_some(*owner);
        match self.state().tasks.iter().find_map(owner) {
            Some(owner) if owner == task.attempt => {
                Ok(TaskState::Succeeded { video: format!("video-of-{task_id}"), cost_milli: Some(1_000) })
            }
            Some(_) => Err(Fault::new(FaultClass::Unknown, "the task was made for another attempt")),
            None => Err(Fault::new(FaultClass::Unknown, "no such task")),
        }
    }

    async fn fetch(&self, _: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault> {
        let fits =
            |reply: &Reply| matches!(reply, Reply::Fetch(_) | Reply::FetchBytes(_) | Reply::FetchHangs);
        let bytes = match self.called(ProviderCall::Fetch(video.to_owned()), fits) {
            Some(Reply::Fetch(fault)) => return Err(fault),
            Some(Reply::FetchBytes(bytes)) => bytes,
            Some(Reply::FetchHangs) => {
                let first = futures::stream::iter([Ok(self.video.slice(..self.video.len().min(1)))]);
                return Ok(first.chain(futures::stream::pending()).boxed());
            }
            _ => self.video.clone(),
        };
        Ok(futures::stream::iter([Ok(bytes)]).boxed())
    }
}
