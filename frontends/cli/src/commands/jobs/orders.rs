//! `orders list`: what was ordered, and how far it is.

use std::collections::BTreeMap;

use neurocards::{JobFilter, OrderId, OrderRecord};
use serde::Serialize;

use super::table::first_words;
use crate::app::App;
use crate::args::OrdersListArgs;
use crate::failure::{Exit, Failure};
use crate::output::{OrderView, Printer, moment, table};

/// Jobs that are read at once: some orders have twenty.
const PAGE: u32 = 500;

/// Jobs of an order by status.
type Counts = BTreeMap<&'static str, usize>;

/// An order, and how many of its jobs are where.
#[derive(Debug, Serialize)]
struct OrderLine<'a> {
    #[serde(flatten)]
    order: OrderView<'a>,
    /// By status, those that there are.
    jobs: Counts,
}

pub(in crate::commands) async fn list(
    app: &App,
    args: &OrdersListArgs,
    printer: &Printer,
) -> Result<Exit, Failure> {
    let account = args.account.as_deref().map(str::parse).transpose()?;
    let records = newest(app, JobFilter { account, limit: PAGE, ..JobFilter::default() }, args.limit).await?;
    if args.json {
        let lines = records
            .iter()
            .map(|record| OrderLine { order: OrderView::from(&record.order), jobs: counts(record) });
        printer.document(&lines.collect::<Vec<_>>());
    } else if records.is_empty() {
        printer.note("there are no such orders");
    } else {
        let rows = records.iter().map(|record| {
            let order = &record.order;
            vec![
                order.id.to_string(),
                moment(order.created_at),
                order.account.to_string(),
                order.brief.template.to_string(),
                order.model.clone(),
                told(&counts(record)),
                first_words(&order.brief.description),
            ]
        });
        printer
            .data(&table(&["ORDER", "CREATED", "ACCOUNT", "TEMPLATE", "MODEL", "VIDEOS", "PRODUCT"], rows));
    }
    Ok(Exit::Done)
}

/// The newest orders that have jobs like these. The jobs of an order were placed together, so they stand together.
async fn newest(app: &App, mut filter: JobFilter, limit: u32) -> Result<Vec<OrderRecord>, Failure> {
    let mut ids: Vec<OrderId> = Vec::new();
    loop {
        let page = app.store().jobs_list(&filter).await?;
        for job in &page {
            if !ids.contains(&job.order_id) {
                ids.push(job.order_id);
            }
        }
        filter.before = page.last().map(|job| job.id);
        // The last one found may have jobs on the next page, and is found by its id all the same.
        if page.len() < filter.limit as usize || ids.len() >= limit as usize {
            break;
        }
    }
    ids.truncate(limit as usize);
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        records.extend(app.store().order_get(id).await?);
    }
    Ok(records)
}

fn counts(record: &OrderRecord) -> Counts {
    let mut counts = Counts::new();
    for job in &record.jobs {
        *counts.entry(job.status().as_str()).or_default() += 1;
    }
    counts
}

/// `2 done, 1 failed`.
fn told(counts: &Counts) -> String {
    counts.iter().map(|(status, count)| format!("{count} {status}")).collect::<Vec<_>>().join(", ")
}
