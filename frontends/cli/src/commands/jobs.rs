//! `jobs`, `orders` and `audit`: looking at what is stored.

mod history;

use neurocards::{Artifact, Cancellation, Job, JobFilter, JobId, OrderId, Stage, Violation};
use serde::Serialize;

use super::wait::not_found;
use crate::app::App;
use crate::args::{CancelArgs, DocumentArgs, ListArgs, ShowArgs};
use crate::failure::{Exit, Failure};
use crate::output::{JobView, OrderView, Printer, moment, table};
use crate::report::{artifact_of, kept_at};

pub(super) async fn list(app: &App, args: &ListArgs, printer: &Printer) -> Result<Exit, Failure> {
    let account = args.account.as_deref().map(str::parse).transpose()?;
    let stages = args.state.map(|state| Stage::of_status(state).to_vec()).unwrap_or_default();
    let filter = JobFilter { account, order: None, stages, limit: args.limit };
    let jobs = with_artifacts(app, app.store().jobs_list(&filter).await?).await?;
    if args.json {
        printer.document(&views(app, &jobs));
    } else if jobs.is_empty() {
        printer.note("there are no such jobs");
    } else {
        printer.data(&job_table(&jobs));
    }
    Ok(Exit::Done)
}

pub(super) async fn show(app: &App, args: &ShowArgs, printer: &Printer) -> Result<Exit, Failure> {
    let id: JobId = args.id.parse()?;
    let history = app.store().job_history(id).await?.ok_or_else(|| not_found("job", &args.id))?;
    let path = history.record.artifact.as_ref().map(|artifact| kept_at(app, artifact));
    if args.json {
        printer.document(&history::HistoryView::new(&history, path.as_deref()));
    } else {
        printer.data(&history::text(&history, path.as_deref()));
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
    let record = app.store().order_get(id).await?.ok_or_else(|| not_found("order", &args.id))?;
    let order = record.order;
    let jobs = with_artifacts(app, record.jobs).await?;
    if args.json {
        let jobs = views(app, &jobs);
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
        ("product", order.brief.description.replace('\n', " ")),
    ];
    for (name, value) in facts {
        printer.data(&format!("{name:<10} {value}"));
    }
    printer.data("");
    printer.data(&job_table(&jobs));
    Ok(Exit::Done)
}

/// What came of a wish to cancel.
#[derive(Debug, Serialize)]
struct CancelView {
    id: JobId,
    status: &'static str,
}

pub(super) async fn cancel(app: &App, args: &CancelArgs, printer: &Printer) -> Result<Exit, Failure> {
    let id: JobId = args.id.parse()?;
    let refused = |what: &str, hint: &str| {
        Failure::new(Exit::Failed, "too_late", format!("the job {id} {what}"))
            .spent("Nothing changed.")
            .hint(hint)
    };
    match app.engine.cancel(id).await? {
        Cancellation::Cancelled | Cancellation::Final(Stage::Cancelled) => {
            if args.json {
                printer.document(&CancelView { id, status: "cancelled" });
            } else {
                printer.data(&format!("cancelled {id}; its credit is back"));
            }
            Ok(Exit::Done)
        }
        Cancellation::TooLate(_) => Err(refused(
            "is at the provider already and goes on",
            &format!("`neurocards jobs wait {id}` waits for its video."),
        )),
        Cancellation::Final(stage) => Err(refused(
            &format!("ended before: {stage}"),
            &format!("`neurocards jobs show {id}` tells how."),
        )),
        Cancellation::Missing => Err(not_found("job", &args.id)),
    }
}

/// What the audit found.
#[derive(Debug, Serialize)]
struct AuditView<'a> {
    ok: bool,
    violations: &'a [Violation],
}

pub(super) async fn audit(app: &App, args: &DocumentArgs, printer: &Printer) -> Result<Exit, Failure> {
    let violations = app.store().audit().await?;
    if args.json {
        printer.document(&AuditView { ok: violations.is_empty(), violations: &violations });
    } else {
        for violation in &violations {
            printer.data(&format!("{}: {}", violation.key, violation.invariant));
        }
        if violations.is_empty() {
            printer.note("every invariant holds");
        }
    }
    Ok(if violations.is_empty() { Exit::Done } else { Exit::Failed })
}

async fn with_artifacts(app: &App, jobs: Vec<Job>) -> Result<Vec<(Job, Option<Artifact>)>, Failure> {
    let mut found = Vec::with_capacity(jobs.len());
    for job in jobs {
        let artifact = if job.stage == Stage::Done { artifact_of(app, job.id).await? } else { None };
        found.push((job, artifact));
    }
    Ok(found)
}

/// The jobs as scripts read them.
fn views<'a>(app: &App, jobs: &'a [(Job, Option<Artifact>)]) -> Vec<JobView<'a>> {
    let view = |(job, artifact): &'a (Job, Option<Artifact>)| {
        let path = artifact.as_ref().map(|artifact| kept_at(app, artifact));
        JobView::new(job, path.as_deref().zip(artifact.as_ref()))
    };
    jobs.iter().map(view).collect()
}

fn job_table(jobs: &[(Job, Option<Artifact>)]) -> String {
    let rows = jobs.iter().map(|(job, artifact)| {
        let told = match (&job.error, artifact) {
            (Some(fault), _) => fault.to_string(),
            (None, Some(artifact)) => format!("{} kB", artifact.bytes / 1_000),
            (None, None) => String::new(),
        };
        vec![
            job.id.to_string(),
            job.status().to_string(),
            job.stage.to_string(),
            job.model.clone(),
            job.account.to_string(),
            moment(job.created_at),
            told,
        ]
    });
    table(&["JOB", "STATUS", "STAGE", "MODEL", "ACCOUNT", "CREATED", ""], rows)
}
