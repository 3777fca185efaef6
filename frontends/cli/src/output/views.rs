//! What scripts read. DESIGN section 6 binds the fields of a job.

use neurocards::{
    Account, Artifact, Credits, Fault, Job, JobEvent, JobId, Model, ModelStatus, Order, OrderId, Progress,
    Stage, Status, Timestamp,
};
use serde::Serialize;

use crate::failure::{Failure, FailureView};
use crate::video::Video;

/// A job.
#[derive(Debug, Serialize)]
pub(crate) struct JobView<'a> {
    id: JobId,
    order_id: OrderId,
    account: &'a str,
    status: Status,
    stage: Stage,
    model: &'a str,
    attempts: u32,
    error: Option<ErrorView<'a>>,
    video: Option<VideoView<'a>>,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct ErrorView<'a> {
    class: &'a str,
    message: &'a str,
}

/// A job's video.
#[derive(Debug, Serialize)]
pub(crate) struct VideoView<'a> {
    /// The copy that this command handed over; `None` when it made none.
    path: Option<&'a str>,
    /// The video in the media folder; `None` when it was removed.
    media_path: Option<String>,
    /// When it was removed because it was old.
    removed_at: Option<Timestamp>,
    #[serde(flatten)]
    facts: &'a Artifact,
}

impl<'a> From<&'a Video> for VideoView<'a> {
    fn from(video: &'a Video) -> Self {
        let Video { facts, kept_at, removed_at } = video;
        let media_path = removed_at.is_none().then(|| kept_at.display().to_string());
        Self { path: None, media_path, removed_at: *removed_at, facts }
    }
}

impl<'a> From<&'a VideoFile> for VideoView<'a> {
    fn from(video: &'a VideoFile) -> Self {
        let media_path = Some(video.media_path.clone());
        Self { path: Some(&video.path), media_path, removed_at: None, facts: &video.facts }
    }
}

impl<'a> JobView<'a> {
    pub(crate) fn new(job: &'a Job, video: Option<VideoView<'a>>) -> Self {
        let error = |fault: &'a Fault| ErrorView { class: fault.class.as_str(), message: &fault.message };
        Self {
            id: job.id,
            order_id: job.order_id,
            account: job.account.as_str(),
            status: job.status(),
            stage: job.stage,
            model: &job.model,
            attempts: job.attempts,
            error: job.error.as_ref().map(error),
            video,
            created_at: job.created_at,
            finished_at: job.finished_at,
        }
    }
}

/// An order.
#[derive(Debug, Serialize)]
pub(crate) struct OrderView<'a> {
    id: OrderId,
    account: &'a str,
    idempotency_key: &'a str,
    template: &'a str,
    lang: &'a str,
    description: &'a str,
    count: u32,
    model: &'a str,
    created_at: Timestamp,
}

impl<'a> From<&'a Order> for OrderView<'a> {
    fn from(order: &'a Order) -> Self {
        Self {
            id: order.id,
            account: order.account.as_str(),
            idempotency_key: &order.idempotency_key,
            template: order.brief.template.as_str(),
            lang: order.brief.lang.as_str(),
            description: &order.brief.description,
            count: order.count,
            model: &order.model,
            created_at: order.created_at,
        }
    }
}

/// A video that was handed over.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct VideoFile {
    pub(crate) job_id: JobId,
    pub(crate) index: u32,
    /// The copy that was handed over.
    pub(crate) path: String,
    /// The video in the media folder.
    pub(crate) media_path: String,
    #[serde(flatten)]
    pub(crate) facts: Artifact,
}

/// A line of a job's history, as it happens.
#[derive(Debug, Serialize)]
pub(crate) struct EventLine<'a> {
    pub(crate) order_id: OrderId,
    pub(crate) job_id: JobId,
    pub(crate) index: u32,
    #[serde(flatten)]
    pub(crate) event: &'a JobEvent,
}

/// How far a render is.
#[derive(Debug, Serialize)]
pub(crate) struct ProgressLine {
    event: &'static str,
    order_id: OrderId,
    job_id: JobId,
    index: u32,
    done: f32,
}

impl From<Progress> for ProgressLine {
    fn from(progress: Progress) -> Self {
        let Progress { order_id, job_id, index, done } = progress;
        Self { event: "progress", order_id, job_id, index, done: Self::thousandths(done) as f32 / 1000.0 }
    }
}

impl ProgressLine {
    /// How finely progress is told.
    pub(crate) fn thousandths(done: f32) -> u32 {
        (done.clamp(0.0, 1.0) * 1000.0).round() as u32
    }
}

/// A doubt about the photo or the description.
#[derive(Debug, Serialize)]
pub(crate) struct WarningLine<W> {
    event: &'static str,
    warning: W,
    message: String,
}

impl<W> WarningLine<W> {
    pub(crate) fn new(warning: W, message: String) -> Self {
        Self { event: "warning", warning, message }
    }
}

/// An account.
#[derive(Debug, Serialize)]
pub(crate) struct AccountView<'a> {
    account: &'a str,
    pub(crate) available: Credits,
    pub(crate) held: Credits,
    pub(crate) credit_limit: Credits,
}

impl<'a> AccountView<'a> {
    /// An account that nobody opened yet.
    pub(crate) fn unopened(account: &'a str, credit_limit: Credits) -> Self {
        Self { account, available: Credits::ZERO, held: Credits::ZERO, credit_limit }
    }
}

impl<'a> From<&'a Account> for AccountView<'a> {
    fn from(account: &'a Account) -> Self {
        let Account { available, held, credit_limit, .. } = *account;
        Self { account: account.key.as_str(), available, held, credit_limit }
    }
}

/// A model.
#[derive(Debug, Serialize)]
pub(crate) struct ModelView<'a> {
    #[serde(flatten)]
    pub(crate) model: &'a Model,
    /// Whether it is used when none is asked for.
    pub(crate) default: bool,
    /// Whether it can be ordered here and now.
    pub(crate) available: bool,
}

impl<'a> ModelView<'a> {
    pub(crate) fn new(model: &'a Model, default: Option<&str>, served: bool) -> Self {
        let usable = matches!(model.status, ModelStatus::Active | ModelStatus::Sunset);
        Self { model, default: default == Some(&model.id), available: served && usable }
    }
}

/// A failure where scripts look for the answer.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorDocument<'a> {
    exit_code: u8,
    error: FailureView<'a>,
}

impl<'a> ErrorDocument<'a> {
    pub(crate) fn new(failure: &'a Failure) -> Self {
        Self { exit_code: failure.exit.code(), error: failure.view() }
    }
}
