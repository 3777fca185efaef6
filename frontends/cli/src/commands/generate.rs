//! `generate`: the main job.

use neurocards::{BriefTexts, OrderEvent, OrderRequest, Plan};
use serde::Serialize;

use crate::app::App;
use crate::args::GenerateArgs;
use crate::config::Config;
use crate::delivery::{VideoName, check_folder};
use crate::failure::{Exit, Failure};
use crate::follow::{Ending, Target, follow};
use crate::intake::take_photo;
use crate::output::{Bars, EventLine, Printer, ProgressLine, Shape, WarningLine, warning_words};
use crate::report::Report;
use crate::signals::Interrupt;

/// What a dry run says.
#[derive(Debug, Serialize)]
struct PlanLine<'a> {
    event: &'static str,
    dry_run: bool,
    exit_code: u8,
    model: &'a str,
    provider: &'a str,
    template: &'a str,
    lang: &'a str,
    count: u32,
    seconds: u32,
    credits: i64,
    error: Option<()>,
}

pub(super) async fn run(config: Config, args: GenerateArgs, printer: &Printer, shape: Shape) -> Exit {
    let report = match generate(config, args, printer, shape).await {
        Ok(Some(report)) => report,
        Ok(None) => return Exit::Done,
        Err(failure) => Report::refused(failure),
    };
    report.print(printer, shape)
}

/// `None`: everything was said already.
async fn generate(
    config: Config,
    args: GenerateArgs,
    printer: &Printer,
    shape: Shape,
) -> Result<Option<Report>, Failure> {
    let interrupt = Interrupt::watch();
    let account = args.account.parse()?;
    let folder = check_folder(&args.out)?;
    let photo = take_photo(&args.photo).await?;
    for warning in photo.warnings() {
        match shape {
            Shape::Lines => printer.json_line(&WarningLine::from(*warning)),
            _ => printer.warning(&warning_words(warning)),
        }
    }
    let request = OrderRequest {
        account,
        photo,
        texts: BriefTexts {
            description: args.description,
            wishes: args.wishes,
            own_prompt: args.prompt,
            lang: args.lang,
        },
        template: args.template,
        count: args.count,
        model: args.model,
        idempotency_key: args.idempotency_key,
        max_credits: args.max_credits,
    };
    let app = App::open(config).await?;
    let plan = app.engine.plan(&request)?;
    if args.dry_run {
        print_plan(&plan, printer, shape);
        return Ok(None);
    }
    app.open_account(&request.account).await?;
    app.say_how(printer);
    let name = VideoName::after_photo(&args.photo, request.template);
    let order = app.engine.order(request).await?.id();
    let target = Target { order, only: None };
    if args.no_wait {
        return placed(&app, target, printer, shape).await.map(Some);
    }
    let ending = watch(&app, target, None, &interrupt, printer, shape).await;
    Ok(Some(Report::settle(&app, target, ending, &folder, &name).await))
}

/// Follows a target, with bars on a terminal or events on stdout.
pub(super) async fn watch(
    app: &App,
    target: Target,
    timeout: Option<std::time::Duration>,
    interrupt: &Interrupt,
    printer: &Printer,
    shape: Shape,
) -> Ending {
    let mut bars = Bars::new(printer.is_quiet() || shape == Shape::Lines);
    let ending = follow(app, target, timeout, interrupt, |event| {
        bars.show(event);
        if shape == Shape::Lines {
            print_event(target, event, printer);
        }
    });
    let ending = ending.await;
    bars.clear();
    ending
}

fn print_event(target: Target, event: &OrderEvent, printer: &Printer) {
    match event {
        OrderEvent::Progress(progress) => printer.json_line(&ProgressLine::from(*progress)),
        OrderEvent::Job { job_id, index, event } => {
            let (order_id, job_id, index) = (target.order, *job_id, *index);
            printer.json_line(&EventLine { order_id, job_id, index, event });
        }
    }
}

/// The order stands; somebody else carries it on.
async fn placed(app: &App, target: Target, printer: &Printer, shape: Shape) -> Result<Report, Failure> {
    let record = app.store().order_get(target.order).await?;
    if let (Shape::Text, Some(record)) = (shape, &record) {
        printer.data(&format!("order {}", record.order.id));
        for job in &record.jobs {
            printer.data(&format!("job   {}  {}", job.id, job.status()));
        }
    }
    printer.note(&format!("`neurocards worker` or `neurocards jobs wait {}` makes the videos", target.order));
    Ok(Report { record, ..Report::default() })
}

fn print_plan(plan: &Plan, printer: &Printer, shape: Shape) {
    let (template, lang) = (plan.brief.template.as_str(), plan.brief.lang.as_str());
    if shape == Shape::Lines {
        printer.json_line(&PlanLine {
            event: "result",
            dry_run: true,
            exit_code: Exit::Done.code(),
            model: &plan.model.id,
            provider: &plan.model.provider,
            template,
            lang,
            count: plan.count,
            seconds: plan.model.seconds,
            credits: plan.credits.0,
            error: None,
        });
    } else {
        let videos = if plan.count == 1 { "video" } else { "videos" };
        printer.data(&format!(
            "would order {} {videos} of {} s for {} (model {}, template {template}, language {lang})",
            plan.count, plan.model.seconds, plan.credits, plan.model.id
        ));
    }
}
