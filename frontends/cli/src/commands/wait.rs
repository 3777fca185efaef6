//! `jobs wait`: goes on with what was ordered.

use neurocards::{JobId, OrderId};

use super::generate::watch;
use crate::app::App;
use crate::args::WaitArgs;
use crate::config::Config;
use crate::delivery::{VideoName, check_folder, make_folder};
use crate::failure::{Exit, Failure};
use crate::follow::Target;
use crate::output::{Printer, Shape};
use crate::report::Report;
use crate::signals::Interrupt;

pub(super) async fn run(config: Config, args: WaitArgs, printer: &Printer, shape: Shape) -> Exit {
    let report = wait(config, args, printer, shape).await;
    report.unwrap_or_else(Report::refused).print(printer, shape)
}

async fn wait(config: Config, args: WaitArgs, printer: &Printer, shape: Shape) -> Result<Report, Failure> {
    let interrupt = Interrupt::watch();
    let (as_job, as_order): (JobId, OrderId) = (args.id.parse()?, args.id.parse()?);
    let app = App::open_to_read(config, printer).await?;
    let found = match app.store().job_get(as_job).await? {
        Some(record) => Some((Target { order: record.order.id, only: Some(as_job) }, record.order)),
        None => {
            let record = app.store().order_get(as_order).await?;
            record.map(|record| (Target { order: as_order, only: None }, record.order))
        }
    };
    let Some((target, order)) = found else {
        return Err(not_found("job or order", &args.id));
    };
    let name = VideoName::new(None, order.brief.template);
    let folder = check_folder(&args.out, &name)?;
    make_folder(&folder, &name, app.clock.now())?;
    let ending = watch(&app, target, args.timeout, &interrupt, printer, shape).await;
    Ok(Report::settle(&app, target, ending, &folder, &name).await)
}

/// There is no such thing in this data folder.
pub(super) fn not_found(what: &str, id: &str) -> Failure {
    Failure::new(Exit::Failed, "not_found", format!("there is no {what} {id} in this data folder"))
        .hint("`neurocards jobs list` shows what is there; --data-dir chooses another folder.")
}
