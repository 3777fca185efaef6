//! What came of an order: the videos, the credits, and what went wrong.

use std::path::Path;

use neurocards::{Credits, Fault, FaultClass, Job, Objection, OrderRecord, Stage, StoreError, Timestamp};
use serde::Serialize;

use crate::app::App;
use crate::config::Keep;
use crate::delivery::{VIDEO_LOST, VideoName, hand_over};
use crate::failure::{Exit, Failure, FailureView};
use crate::follow::{Ending, Target};
use crate::output::{JobView, OrderView, Printer, Shape, VideoFile, VideoView, clean_path, moment, spent};
use crate::video::Video;

/// What scripts read when a video was removed because it was old.
const VIDEO_REMOVED: &str = "video_removed";

/// What came of an order, or of a wish for one.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The order, when it was placed.
    pub(crate) record: Option<OrderRecord>,
    /// The videos that were handed over.
    pub(crate) videos: Vec<VideoFile>,
    /// What went wrong.
    pub(crate) failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
struct ResultLine<'a> {
    event: &'static str,
    exit_code: u8,
    order: Option<OrderView<'a>>,
    jobs: Vec<JobView<'a>>,
    videos: &'a [VideoFile],
    credits: CreditsView,
    error: Option<FailureView<'a>>,
}

/// What became of the credits of an order.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct CreditsView {
    held: Credits,
    captured: Credits,
    released: Credits,
}

impl Report {
    /// Nothing was ordered.
    pub(crate) fn refused(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Self::default() }
    }

    /// Hands over what is ready, and finds words for the rest.
    pub(crate) async fn settle(
        app: &App,
        target: Target,
        ending: Ending,
        folder: &Path,
        name: &VideoName,
    ) -> Self {
        let record = match app.store().order_get(target.order).await {
            Ok(record) => record,
            Err(error) => return Self::refused(unreachable_store(target, error)),
        };
        let mut report = Self { record, ..Self::default() };
        let handed = report.hand_over(app, target, folder, name).await;
        let jobs: Vec<&Job> = report.jobs().filter(|job| target.covers(job.id)).collect();
        let failure = match (ending, handed) {
            (Ending::Interrupted, _) => Some(interrupted(target)),
            (Ending::TimedOut, _) => Some(timed_out(target)),
            (Ending::StorageStuck { message }, _) => Some(storage_stuck(target, &message)),
            (Ending::StoreFailed(error), _) => Some(unreachable_store(target, error)),
            (Ending::Final, Err(failure)) => Some(failure),
            (Ending::Final, Ok(())) => failed_jobs(&jobs),
        };
        let credits = CreditsView::of(jobs.into_iter());
        report.failure =
            failure.map(|failure| failure.spent(spent(credits.held, credits.captured, credits.released)));
        report
    }

    async fn hand_over(
        &mut self,
        app: &App,
        target: Target,
        folder: &Path,
        name: &VideoName,
    ) -> Result<(), Failure> {
        let done: Vec<Job> =
            self.jobs().filter(|job| target.covers(job.id) && job.stage == Stage::Done).cloned().collect();
        let mut lost = None;
        for job in done {
            let Some(video) = Video::of(app, job.id).await? else { continue };
            let handed = match video.removed_at {
                Some(at) => Err(removed(app, &job, at)),
                None => hand_over(app.engine.media(), (&job, &video.facts), folder, name).await,
            };
            let path = match handed {
                // The others may be there.
                Err(failure) if matches!(failure.class, VIDEO_LOST | VIDEO_REMOVED) => {
                    lost.get_or_insert(failure);
                    continue;
                }
                answer => answer?,
            };
            self.videos.push(VideoFile {
                job_id: job.id,
                index: job.index,
                path: path.display().to_string(),
                media_path: video.kept_at.display().to_string(),
                facts: video.facts,
            });
        }
        lost.map_or(Ok(()), Err)
    }

    fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.record.iter().flat_map(|record| &record.jobs)
    }

    /// Prints it, and answers the exit code.
    pub(crate) fn print(&self, printer: &Printer, shape: Shape) -> Exit {
        match shape {
            Shape::Lines => self.print_line(printer),
            _ => self.videos.iter().for_each(|video| printer.data(&clean_path(Path::new(&video.path)))),
        }
        if let Some(failure) = &self.failure {
            printer.failure(failure, Shape::Text);
        }
        self.exit()
    }

    /// Prints the last of the JSON lines.
    pub(crate) fn print_line(&self, printer: &Printer) {
        printer.json_line(&self.result());
    }

    fn exit(&self) -> Exit {
        self.failure.as_ref().map_or(Exit::Done, |failure| failure.exit)
    }

    fn result(&self) -> ResultLine<'_> {
        let jobs = self.jobs().map(|job| {
            let video = self.videos.iter().find(|video| video.job_id == job.id);
            JobView::new(job, video.map(VideoView::from))
        });
        ResultLine {
            event: "result",
            exit_code: self.exit().code(),
            order: self.record.as_ref().map(|record| OrderView::from(&record.order)),
            jobs: jobs.collect(),
            videos: &self.videos,
            credits: CreditsView::of(self.jobs()),
            error: self.failure.as_ref().map(Failure::view),
        }
    }
}

impl CreditsView {
    fn of<'a>(jobs: impl Iterator<Item = &'a Job>) -> Self {
        let mut sums = Self::default();
        for job in jobs {
            let sum = match job.stage {
                Stage::Done => &mut sums.captured,
                Stage::Failed | Stage::Cancelled => &mut sums.released,
                _ => &mut sums.held,
            };
            *sum = sum.checked_add(job.price).unwrap_or(*sum);
        }
        sums
    }
}

/// How an order ended that is over without a single video, if it did.
pub(crate) fn over_for_nothing(record: &OrderRecord) -> Option<Stage> {
    let ended = record.jobs.iter().all(|job| matches!(job.stage, Stage::Failed | Stage::Cancelled));
    let failed = record.jobs.iter().any(|job| job.stage == Stage::Failed);
    ended.then_some(if failed { Stage::Failed } else { Stage::Cancelled })
}

/// What the key of such an order is told.
pub(crate) fn key_is_spent(record: &OrderRecord, stage: Stage) -> (String, &'static str) {
    let how = if stage == Stage::Failed { "failed" } else { "was cancelled" };
    let what = format!("the order {} of this idempotency key {how}; nothing is held for it", record.order.id);
    (what, "A new --idempotency-key makes a new order.")
}

/// The video was made, paid, kept for as long as was set, and removed.
fn removed(app: &App, job: &Job, at: Timestamp) -> Failure {
    let keep = Keep(app.config.retention.videos);
    let what = format!(
        "the video of the job {} was removed on {}, because it was old; nothing was copied",
        job.id,
        moment(at)
    );
    Failure::new(Exit::Failed, VIDEO_REMOVED, what).hint(format!(
        "Order again to have it made anew. Videos are kept {keep} here: NEUROCARDS_KEEP_VIDEOS."
    ))
}

fn resume(target: Target) -> String {
    format!(
        "`neurocards jobs wait {}` goes on, and so does `neurocards worker`; nothing is paid twice.",
        target.id()
    )
}

fn interrupted(target: Target) -> Failure {
    Failure::new(Exit::Interrupted, "interrupted", "interrupted; the order is kept").hint(resume(target))
}

fn timed_out(target: Target) -> Failure {
    Failure::new(Exit::Running, "timeout", "the time is over and the videos are not ready")
        .hint(resume(target))
}

fn storage_stuck(target: Target, message: &str) -> Failure {
    let what = format!("a finished video could not be stored: {message}");
    let hint =
        format!("The render is kept. Free some disk space or mend the media folder; then {}", resume(target));
    Failure::new(Exit::Running, "storage", what).hint(hint)
}

fn unreachable_store(target: Target, error: StoreError) -> Failure {
    let failure = Failure::from(error);
    let hint = format!("The order is kept. {}", resume(target));
    failure.exit(Exit::Running).spent("Nothing was spent beyond what the order set aside.").hint(hint)
}

/// What went wrong with the jobs of an order, if anything did.
fn failed_jobs(jobs: &[&Job]) -> Option<Failure> {
    let failed: Vec<&&Job> = jobs.iter().filter(|job| job.stage != Stage::Done).collect();
    let first = failed.first()?;
    let several = jobs.len() > 1;
    let failure = match &first.error {
        Some(fault) if first.stage == Stage::Failed => by_class(fault),
        _ => Failure::new(Exit::Failed, "cancelled", "the job was cancelled")
            .hint("`neurocards generate` orders again."),
    };
    let some = failed.len() < jobs.len();
    if !several {
        return Some(failure);
    }
    let made = jobs.len() - failed.len();
    let what = format!("{made} of {} videos were made; the first missing one: {failure}", jobs.len());
    let exit = if some { Exit::Partly } else { failure.exit };
    let hint = failure.view().hint_text().to_owned();
    Some(Failure::new(exit, failure.class, what).hint(hint))
}

fn by_class(fault: &Fault) -> Failure {
    let (exit, what, hint) = match fault.class {
        FaultClass::UserViolation if Objection::of(fault).is_some() => (
            Exit::Failed,
            "the photo or the text was refused before anything was rendered",
            "Take another photo or other words.",
        ),
        FaultClass::UserViolation => (
            Exit::Failed,
            "the provider refused the photo or the text",
            "Take another photo or other words: no people, brands or claims that break its rules.",
        ),
        FaultClass::InvalidInput => (
            Exit::Failed,
            "the model did not take the order as it is",
            "Try another photo or a shorter text; `neurocards jobs show` has the details.",
        ),
        FaultClass::Auth => {
            (Exit::Auth, "the provider refused the key", "Check the provider's key, then order again.")
        }
        FaultClass::Billing => (
            Exit::Provider,
            "our account at the provider has no money",
            "Top it up at the provider, then order again.",
        ),
        FaultClass::ModelUnavailable => {
            (Exit::Provider, "the model does not serve now", "Choose another one: `neurocards models list`.")
        }
        FaultClass::RateLimit | FaultClass::Temporary => {
            (Exit::Provider, "the provider did not make the video", "Order again in a while.")
        }
        FaultClass::Unknown => (
            Exit::Failed,
            "the video was not made",
            "`neurocards jobs show` tells what happened; order again if that helps.",
        ),
    };
    // Our own storage is not the provider's fault.
    let (exit, class, what, hint) = match (fault.code.as_deref(), fault.class) {
        (Some("storage"), FaultClass::InvalidInput) => (
            Exit::Failed,
            "storage",
            "the stored photo cannot be used",
            "Order again with the photo: it is stored again then. `neurocards audit` looks at the videos.",
        ),
        (Some("storage"), _) => (Exit::Failed, "storage", what, hint),
        _ => (exit, fault.class.as_str(), what, hint),
    };
    Failure::new(exit, class, format!("{what}: {}", fault.message)).hint(hint)
}
