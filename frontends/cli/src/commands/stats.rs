//! `stats`: what a stretch of time brought.

use neurocards::kie::CREDIT_MICRO_USD;
use neurocards::{Cost, EntryKind, Quantiles, Span, Stage, Stats};
use serde::Serialize;

use crate::app::App;
use crate::args::StatsArgs;
use crate::failure::{Exit, Failure};
use crate::output::{Printer, moment, seconds_of, table};

/// The statistics as scripts read them.
#[derive(Debug, Serialize)]
struct StatsView<'a> {
    #[serde(flatten)]
    stats: &'a Stats,
    /// Done, of those that were done or failed, in percent; null when there are none.
    success_percent: Option<f64>,
    /// What KIE charged.
    cost_usd: f64,
    /// What the captured credits are worth, at the worth of a credit that was given.
    value_usd: Option<f64>,
    /// `value_usd` less `cost_usd`.
    margin_usd: Option<f64>,
}

pub(super) async fn run(app: &App, args: &StatsArgs, printer: &Printer) -> Result<Exit, Failure> {
    let until = app.store().now().await?;
    let since = chrono::Duration::from_std(args.since).ok().and_then(|span| until.checked_sub_signed(span));
    let since =
        since.ok_or_else(|| Failure::usage("--since lies before all time").hint("Try --since 30d."))?;
    let stats = app.store().stats(&Span { since, until }).await?;
    let view = StatsView::new(&stats, args.credit_usd);
    if args.json {
        printer.document(&view);
    } else {
        printer.data(&view.text());
    }
    Ok(Exit::Done)
}

impl<'a> StatsView<'a> {
    fn new(stats: &'a Stats, credit_usd: Option<f64>) -> Self {
        let cost_usd = stats.costs.iter().filter_map(usd).sum();
        let captured = stats.moved(EntryKind::Capture).0 as f64;
        let value_usd = credit_usd.map(|usd| captured * usd);
        Self {
            stats,
            success_percent: percent(stats.jobs(Stage::Done), stats.jobs(Stage::Failed)),
            cost_usd,
            value_usd,
            margin_usd: value_usd.map(|value| value - cost_usd),
        }
    }

    fn text(&self) -> String {
        let Stats { span, ordered, start, whole, .. } = self.stats;
        let count = |stage| self.stats.jobs(stage);
        let success = self.success_percent.map_or("-".to_owned(), |percent| format!("{percent:.1} %"));
        let mut lines = vec![
            format!("{} until {}", moment(span.since), moment(span.until)),
            String::new(),
            format!(
                "jobs      {ordered} ordered; {} done, {} failed, {} cancelled; success {success}",
                count(Stage::Done),
                count(Stage::Failed),
                count(Stage::Cancelled)
            ),
            format!("start     {}", times(start)),
            format!("video     {}", times(whole)),
            format!("credits   {}", self.credits()),
        ];
        lines.extend(self.stats.costs.iter().map(|cost| format!("cost      {}", cost_words(cost))));
        for taken in &self.stats.payments {
            let back = if taken.refunded > 0 { ", some of it given back" } else { "" };
            lines.push(format!("revenue   {} in {} payments{back}", taken.paid, taken.payments));
        }
        if let (Some(value), Some(margin)) = (self.value_usd, self.margin_usd) {
            lines.push(format!(
                "margin    ${value:.2} of captured credits - ${:.2} = ${margin:.2}",
                self.cost_usd
            ));
        }
        for rows in [self.models(), self.classes()].into_iter().flatten() {
            lines.extend([String::new(), rows]);
        }
        lines.join("\n")
    }

    fn credits(&self) -> String {
        let moved: Vec<_> =
            self.stats.ledger.iter().map(|it| format!("{} {}", it.credits.0, it.kind.as_str())).collect();
        if moved.is_empty() { "nothing moved".to_owned() } else { moved.join(", ") }
    }

    /// One row for each model and template.
    fn models(&self) -> Option<String> {
        let mut rows: Vec<(&str, &str, [u64; 3])> = Vec::new();
        for ended in &self.stats.ended {
            let (model, template) = (ended.model.as_str(), ended.template.as_str());
            let at = match ended.stage {
                Stage::Done => 0,
                Stage::Failed => 1,
                _ => 2,
            };
            match rows.iter_mut().find(|row| (row.0, row.1) == (model, template)) {
                Some(row) => row.2[at] += ended.jobs,
                None => {
                    let mut counts = [0; 3];
                    counts[at] = ended.jobs;
                    rows.push((model, template, counts));
                }
            }
        }
        let row = |(model, template, counts): &(&str, &str, [u64; 3])| {
            let success =
                percent(counts[0], counts[1]).map_or(String::new(), |percent| format!("{percent:.1} %"));
            let counts = counts.map(|count| count.to_string());
            [(*model).to_owned(), (*template).to_owned()].into_iter().chain(counts).chain([success]).collect()
        };
        let header = ["MODEL", "TEMPLATE", "DONE", "FAILED", "CANCELLED", "SUCCESS"];
        (!rows.is_empty()).then(|| table(&header, rows.iter().map(row)))
    }

    fn classes(&self) -> Option<String> {
        let mut rows: Vec<(&str, u64)> = Vec::new();
        for ended in &self.stats.ended {
            let Some(class) = ended.class.map(|class| class.as_str()) else { continue };
            match rows.iter_mut().find(|row| row.0 == class) {
                Some(row) => row.1 += ended.jobs,
                None => rows.push((class, ended.jobs)),
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.1));
        let row = |(class, jobs): &(&str, u64)| vec![(*class).to_owned(), jobs.to_string()];
        (!rows.is_empty()).then(|| table(&["FAILED BY CLASS", "JOBS"], rows.iter().map(row)))
    }
}

fn percent(done: u64, failed: u64) -> Option<f64> {
    (done + failed > 0).then(|| done as f64 * 100.0 / (done + failed) as f64)
}

/// What KIE's charges are in dollars; of other providers nobody knows.
fn usd(cost: &Cost) -> Option<f64> {
    (cost.provider == "kie").then(|| cost.milli as f64 / 1_000.0 * CREDIT_MICRO_USD as f64 / 1_000_000.0)
}

fn times(times: &Quantiles) -> String {
    if times.count == 0 {
        return "-".to_owned();
    }
    let [half, most, nearly] = [times.p50_ms, times.p90_ms, times.p99_ms].map(seconds_of);
    format!("p50 {half}, p90 {most}, p99 {nearly} after the order ({} jobs)", times.count)
}

fn cost_words(cost: &Cost) -> String {
    let dollars = usd(cost).map_or(String::new(), |usd| format!(" (${usd:.2})"));
    let unknown = match cost.unknown {
        0 => String::new(),
        unknown => format!("; of {unknown} more it is not known"),
    };
    let credits = cost.milli as f64 / 1_000.0;
    format!("{}: {credits:.1} of its credits{dollars} for {} attempts{unknown}", cost.provider, cost.attempts)
}
