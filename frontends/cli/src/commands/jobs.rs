//! `jobs`, `orders` and `audit`: looking at what is stored.

mod cancel;
mod choice;
mod history;
mod many;
mod orders;
mod retry;
mod table;

use neurocards::{Job, JobId, OrderId, Stage, Violation};
use serde::Serialize;

use super::wait::not_found;
use crate::app::App;
use crate::args::{AuditArgs, ListArgs, ShowArgs};
use crate::failure::{Exit, Failure};
use crate::output::{JobView, OrderView, Printer, VideoView, clean_line, moment};
use crate::video::Video;
use table::{descriptions, job_table};

pub(super) use cancel::cancel;
pub(super) use orders::list as list_orders;
pub(super) use retry::retry;

pub(super) async fn list(app: &App, args: &ListArgs, printer: &Printer) -> Result<Exit, Failure> {
    let mut filter = choice::filter(&args.filter, app.clock.now())?;
    filter.before = args.before.as_deref().map(str::parse).transpose()?;
    filter.limit = args.limit;
    let jobs = with_videos(app, app.store().jobs_list(&filter).await?).await?;
    if args.json {
        printer.document(&views(&jobs));
    } else if jobs.is_empty() {
        printer.note("there are no such jobs");
    } else {
        let orders = descriptions(app, &jobs).await?;
        printer.data(&job_table(&jobs, Some(&orders)));
        if let Some((last, _)) = jobs.last().filter(|_| jobs.len() == args.limit as usize) {
            printer.note(&format!("older ones, if there are any: --before {}", last.id));
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn show(app: &App, args: &ShowArgs, printer: &Printer) -> Result<Exit, Failure> {
    let id: JobId = args.id.parse()?;
    let Some(history) = app.store().job_history(id).await? else { return Err(no_job(app, id).await?) };
    let video = Video::in_record(app, &history.record);
    if args.json {
        printer.document(&history::HistoryView::new(&history, video.as_ref()));
    } else {
        printer.data(&history::text(&history, video.as_ref()));
    }
    Ok(Exit::Done)
}

/// An order with its jobs.
#[derive(Debug, Serialize)]
struct OrderDocument<'a> {
    #[serde(flatten)]
    order: OrderView<'a>,
    jobs: Vec<JobView<'a>>,
}

pub(super) async fn show_order(app: &App, args: &ShowArgs, printer: &Printer) -> Result<Exit, Failure> {
    let id: OrderId = args.id.parse()?;
    let Some(record) = app.store().order_get(id).await? else { return Err(no_order(app, id).await?) };
    let order = record.order;
    let jobs = with_videos(app, record.jobs).await?;
    if args.json {
        let jobs = views(&jobs);
        printer.document(&OrderDocument { order: OrderView::from(&order), jobs });
        return Ok(Exit::Done);
    }
    let facts = [
        ("order", order.id.to_string()),
        ("account", order.account.to_string()),
        ("key", order.idempotency_key.clone()),
        ("template", order.brief.template.to_string()),
        ("model", order.model.clone()),
        ("created", moment(order.created_at)),
        ("product", order.brief.description.clone()),
    ];
    for (name, value) in facts {
        printer.data(&format!("{name:<10} {}", clean_line(&value)));
    }
    printer.data("");
    printer.data(&job_table(&jobs, None));
    Ok(Exit::Done)
}

/// Why there is no such job: perhaps the id is an order's.
async fn no_job(app: &App, id: JobId) -> Result<Failure, Failure> {
    let order = OrderId::from_uuid(id.as_uuid());
    let Some(record) = app.store().order_get(order).await? else {
        return Ok(not_found("job", &id.to_string()));
    };
    let jobs: Vec<String> = record.jobs.iter().map(|job| job.id.to_string()).collect();
    let what = format!("{id} is an order, not a job; its jobs are {}", jobs.join(", "));
    Ok(Failure::new(Exit::Failed, "not_found", what).hint(format!("Look at `neurocards orders show {id}`.")))
}

/// Why there is no such order: perhaps the id is a job's.
async fn no_order(app: &App, id: OrderId) -> Result<Failure, Failure> {
    let job = JobId::from_uuid(id.as_uuid());
    let Some(record) = app.store().job_get(job).await? else {
        return Ok(not_found("order", &id.to_string()));
    };
    let order = record.order.id;
    let what = format!("{id} is a job, not an order; its order is {order}");
    let hint = format!("Look at `neurocards jobs show {id}`, or at `neurocards orders show {order}`.");
    Ok(Failure::new(Exit::Failed, "not_found", what).hint(hint))
}

/// What the audit found.
#[derive(Debug, Serialize)]
struct AuditView<'a> {
    ok: bool,
    /// How many videos were made, and how many of them were removed because they were old.
    videos: u64,
    videos_removed: u64,
    violations: &'a [Violation],
}

pub(super) async fn audit(app: &App, args: &AuditArgs, printer: &Printer) -> Result<Exit, Failure> {
    let mut violations = app.store().audit().await?;
    let media = app.engine.audit_media(args.hashes).await?;
    violations.extend(media.violations);
    if app.lost_database().await {
        violations.push(Violation {
            invariant: "videos are kept for jobs that the database knows",
            key: app.config.media.to_string(),
        });
    }
    if args.json {
        printer.document(&AuditView {
            ok: violations.is_empty(),
            videos: media.videos,
            videos_removed: media.removed,
            violations: &violations,
        });
    } else {
        for violation in &violations {
            printer.data(&format!("{}: {}", violation.key, violation.invariant));
        }
        if violations.is_empty() {
            printer.note("every invariant holds");
        }
        if media.removed > 0 {
            let (removed, videos) = (media.removed, media.videos);
            printer.note(&format!("{removed} of {videos} videos were removed because they were old"));
        }
    }
    Ok(if violations.is_empty() { Exit::Done } else { Exit::Failed })
}

async fn with_videos(app: &App, jobs: Vec<Job>) -> Result<Vec<(Job, Option<Video>)>, Failure> {
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        let video = if job.stage == Stage::Done { Video::of(app, job.id).await? } else { None };
        found.push((job, video));
    }
    Ok(found)
}

/// The jobs as scripts read them.
fn views(jobs: &[(Job, Option<Video>)]) -> Vec<JobView<'_>> {
    jobs.iter().map(|(job, video)| JobView::new(job, video.as_ref().map(VideoView::from))).collect()
}
