//! `generate`: the main job.

use std::collections::BTreeMap;
use std::path::Path;

use neurocards::{
    AccountKey, BriefTexts, Credits, OrderError, OrderEvent, OrderId, OrderRecord, OrderRequest, Plan,
    Script, Stage,
};
use serde::Serialize;

use crate::app::App;
use crate::args::GenerateArgs;
use crate::config::Config;
use crate::delivery::{VideoName, check_folder, make_folder};
use crate::failure::{Exit, Failure};
use crate::follow::{Ending, Target, follow};
use crate::intake::take_photo;
use crate::output::{Bars, EventLine, Printer, ProgressLine, Shape, WarningLine, warning_words};
use crate::paused::{holding, tell_pauses, words};
use crate::report::{Report, key_is_spent, over_for_nothing};
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
    /// What it would hold: nothing, if the key belongs to an order already.
    credits: i64,
    account: &'a str,
    /// What the account can spend, its credit limit included.
    spendable: i64,
    /// The order that the idempotency key belongs to already: it would come back, and nothing would be held.
    order_id: Option<OrderId>,
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

fn warn(warning: impl Serialize, words: String, printer: &Printer, shape: Shape) {
    match shape {
        Shape::Lines => printer.json_line(&WarningLine::new(warning, words)),
        _ => printer.warning(&words),
    }
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
    let name = VideoName::new(Some(&args.photo), args.template);
    let folder = check_folder(args.out.as_deref().unwrap_or(Path::new(".")), &name)?;
    let photo = take_photo(&args.photo).await?;
    for warning in photo.warnings() {
        warn(*warning, warning_words(warning), printer, shape);
    }
    if let Some(warning) = Script::warning(&args.description) {
        warn(warning, format!("{warning}."), printer, shape);
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
    if args.dry_run {
        return rehearse(config, &request, printer, shape).await.map(|()| None);
    }
    let app = App::open(config).await?;
    app.engine.plan(&request)?;
    app.warn_if_lost(printer).await;
    if !args.no_wait {
        make_folder(&folder, &name, app.clock.now())?;
    }
    app.spendable(&request.account).await?;
    app.open_account(&request.account).await?;
    app.say_how(printer);
    let (has_key, payer) = (request.idempotency_key.is_some(), request.account.clone());
    let order = app.engine.order(request).await.map_err(|error| refused(error, &payer))?.id();
    let target = Target { order, only: None };
    let record = app.store().order_get(order).await?;
    if args.no_wait {
        if let Some(pause) = holding(&app, target).await? {
            warn(PAUSED, format!("{}: the order waits", words(&pause)), printer, shape);
        }
        return Ok(Some(placed(record, args.out.is_some(), printer, shape)));
    }
    if shape == Shape::Text && record.as_ref().is_some_and(is_open) {
        printer
            .note(&format!("order {order}: after an interruption, `neurocards jobs wait {order}` goes on"));
    }
    let over = record.as_ref().and_then(|record| over_for_nothing(record).map(|stage| (record, stage)));
    let ending = watch(&app, target, None, &interrupt, printer, shape).await;
    let is_final = matches!(ending, Ending::Final);
    let mut report = Report::settle(&app, target, ending, &folder, &name).await;
    report.failure = report.failure.map(|failure| match over {
        Some((record, stage)) => {
            let (what, hint) = key_is_spent(record, stage);
            let why = if stage == Stage::Failed { format!(": {failure}") } else { String::new() };
            failure.told_as(format!("{what}{why}")).hint(hint)
        }
        None if has_key && is_final => failure.and_hint("With a new --idempotency-key it is a new order."),
        None => failure,
    });
    Ok(Some(report))
}

/// Whether anything is left to be waited for.
fn is_open(record: &OrderRecord) -> bool {
    record.jobs.iter().any(|job| !job.stage.is_final())
}

/// Why an order was not taken; where credits lack, whose.
fn refused(error: OrderError, payer: &AccountKey) -> Failure {
    let lacking = matches!(error, OrderError::NotEnough { .. });
    let failure = Failure::from(error);
    if !lacking {
        return failure;
    }
    failure.hint(format!("Add credits with `neurocards credits grant {payer} N`, or lower --count."))
}

/// Checks everything that can be checked without writing.
async fn rehearse(
    config: Config,
    request: &OrderRequest,
    printer: &Printer,
    shape: Shape,
) -> Result<(), Failure> {
    let app = App::open_to_plan(config).await?;
    let plan = app.engine.plan(request)?;
    app.warn_if_lost(printer).await;
    let spendable = app.spendable(&request.account).await?;
    let before = app.engine.placed_before(request).await?;
    if before.is_none() {
        plan.check_credits(spendable).map_err(|error| refused(error, &request.account))?;
    }
    print_plan(&plan, (&request.account, spendable), before.as_ref(), printer, shape);
    Ok(())
}

/// The name of the warning that a pause holds an order back.
const PAUSED: &str = "queue_paused";

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
    let mut told = BTreeMap::new();
    let ending = follow(app, target, timeout, interrupt, |event| {
        bars.show(event);
        if shape == Shape::Lines && is_new(event, &mut told) {
            print_event(target, event, printer);
        }
    });
    let pauses = tell_pauses(app, target, |told| warn(PAUSED, told, printer, shape));
    let ending = tokio::select! {
        ending = ending => ending,
        never = pauses => match never {},
    };
    bars.clear();
    ending
}

/// Whether an event says more than the one before it: a render that stands where it stood does not.
fn is_new(event: &OrderEvent, told: &mut BTreeMap<u32, u32>) -> bool {
    let OrderEvent::Progress(progress) = event else { return true };
    let done = ProgressLine::thousandths(progress.done);
    told.insert(progress.index, done) != Some(done)
}

fn print_event(target: Target, event: &OrderEvent, printer: &Printer) {
    match event {
        OrderEvent::Progress(progress) => printer.json_line(&ProgressLine::from(*progress)),
        OrderEvent::Job { job_id, index, event, .. } => {
            let (order_id, job_id, index) = (target.order, *job_id, *index);
            printer.json_line(&EventLine { order_id, job_id, index, event });
        }
    }
}

/// The order stands; somebody else carries it on.
fn placed(record: Option<OrderRecord>, out: bool, printer: &Printer, shape: Shape) -> Report {
    let Some(record) = record else { return Report::default() };
    let order = record.order.id;
    if shape == Shape::Text {
        printer.data(&format!("order {order}"));
        for job in &record.jobs {
            printer.data(&format!("job   {}  {}", job.id, job.status()));
        }
    }
    match over_for_nothing(&record) {
        Some(stage) => {
            let (what, hint) = key_is_spent(&record, stage);
            printer.warning(&format!("{what}. {hint}"));
        }
        None if out => printer.warning(&format!(
            "--out is not kept with the order: `neurocards jobs wait {order} --out DIR` fetches the videos"
        )),
        None if record.jobs.iter().all(|job| job.stage.is_final()) => {
            printer.note(&format!("`neurocards jobs wait {order}` fetches the videos"));
        }
        None => {
            printer.note(&format!("`neurocards worker` or `neurocards jobs wait {order}` makes the videos"));
        }
    }
    Report { record: Some(record), ..Report::default() }
}

fn print_plan(
    plan: &Plan,
    (account, spendable): (&AccountKey, Credits),
    before: Option<&OrderRecord>,
    printer: &Printer,
    shape: Shape,
) {
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
            credits: if before.is_some() { 0 } else { plan.credits.0 },
            account: account.as_str(),
            spendable: spendable.0,
            order_id: before.map(|record| record.order.id),
            error: None,
        });
    } else if let Some(record) = before {
        let order = record.order.id;
        printer
            .data(&format!("would order nothing: this idempotency key already belongs to the order {order}"));
        match over_for_nothing(record) {
            Some(stage) => {
                let (what, hint) = key_is_spent(record, stage);
                printer.note(&format!("{what}. {hint}"));
            }
            None => printer.note(&format!(
                "placing it again costs nothing and goes on with the same videos; so does `neurocards jobs wait {order}`"
            )),
        }
    } else {
        let videos = if plan.count == 1 { "video" } else { "videos" };
        printer.data(&format!(
            "would order {} {videos} of {} s for {} (model {}, template {template}, language {lang})",
            plan.count, plan.model.seconds, plan.credits, plan.model.id
        ));
        printer.note(&format!("{account} can spend {spendable}"));
    }
}

#[cfg(test)]
mod tests {
    use neurocards::{JobId, Progress, Timestamp};

    use super::*;

    #[test]
    fn progress_is_told_when_it_moves() {
        let (order_id, job_id) =
            (OrderId::new(Timestamp::default(), [1; 10]), JobId::new(Timestamp::default(), [2; 10]));
        let mut told = BTreeMap::new();
        let mut check = |index, done, expect| {
            let event = OrderEvent::Progress(Progress { order_id, job_id, index, done });
            assert_eq!(is_new(&event, &mut told), expect, "video {index} at {done}");
        };
        check(0, 0.5, true);
        check(0, 0.5001, false);
        check(1, 0.5, true);
        check(0, 0.502, true);
        check(0, 0.502, false);
    }
}
