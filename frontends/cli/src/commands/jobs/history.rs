//! Everything that is known of a job.

use neurocards::{Attempt, JobEvent, JobEventBody, JobHistory, LedgerEntry, Notice, Prompt, PromptUsage};
use serde::Serialize;

use crate::output::{JobView, OrderView, VideoView, clean_line, clean_path, moment, seconds_of, table};
use crate::video::Video;

/// Everything that is known of a job, for scripts.
#[derive(Debug, Serialize)]
pub(super) struct HistoryView<'a> {
    #[serde(flatten)]
    job: JobView<'a>,
    order: OrderView<'a>,
    prompt: &'a Option<Prompt>,
    events: &'a [JobEvent],
    attempt_list: &'a [Attempt],
    notices: &'a [Notice],
    ledger: &'a [LedgerEntry],
}

impl<'a> HistoryView<'a> {
    pub(super) fn new(history: &'a JobHistory, video: Option<&'a Video>) -> Self {
        let record = &history.record;
        Self {
            job: JobView::new(&record.job, video.map(VideoView::from)),
            order: OrderView::from(&record.order),
            prompt: &record.job.prompt,
            events: &history.events,
            attempt_list: &history.attempts,
            notices: &history.notices,
            ledger: &history.ledger,
        }
    }
}

/// The same for people.
pub(super) fn text(history: &JobHistory, video: Option<&Video>) -> String {
    let (job, order) = (&history.record.job, &history.record.order);
    let mut lines = Vec::new();
    let mut fact = |name: &str, value: String| lines.push(format!("{name:<10} {}", clean_line(&value)));
    fact("job", job.id.to_string());
    fact("order", order.id.to_string());
    fact("account", job.account.to_string());
    fact("status", format!("{} ({})", job.status(), job.stage));
    fact("model", job.model.clone());
    fact("template", order.brief.template.to_string());
    fact("product", order.brief.description.clone());
    fact("created", moment(job.created_at));
    if let Some(at) = job.finished_at {
        fact("finished", moment(at));
    }
    if let Some(fault) = &job.error {
        fact("error", fault.to_string());
    }
    if let Some(Video { facts, kept_at, removed_at }) = video {
        fact(
            "video",
            match removed_at {
                Some(at) => format!("removed on {}, because it was old", moment(*at)),
                None => clean_path(kept_at),
            },
        );
        let (width, height, codec) = (facts.width, facts.height, &facts.codec);
        let length = seconds_of(facts.duration_ms);
        fact("", format!("{width}x{height}, {length}, {} kB, {codec}", facts.bytes / 1_000));
        fact("sha256", facts.sha256.clone());
    }
    if let Some(prompt) = &job.prompt {
        fact("script", prompt.script.hook.clone());
        fact("", prompt.script.benefit.clone());
        fact("", prompt.script.call_to_action.clone());
        fact("prompt", format!("{} (by {})", prompt.text, prompt.source));
        if let Some(usage) = &prompt.usage {
            fact("", usage_words(usage));
        }
    }
    section(&mut lines, "Timeline", &["TIME", "STAGE", "EVENT"], history.events.iter().map(event_row));
    section(
        &mut lines,
        "Attempts",
        &["#", "STATE", "MODEL", "KEY", "TASK", "SENT", "WHY", "FAULT"],
        history.attempts.iter().map(attempt_row),
    );
    section(&mut lines, "Notices", &["TIME", "KIND", "STATE"], history.notices.iter().map(notice_row));
    section(&mut lines, "Ledger", &["TIME", "KIND", "CREDITS"], history.ledger.iter().map(ledger_row));
    lines.join("\n")
}

/// What the language model took: `2 requests, 1204 tokens read, 310 written, $0.000276`.
fn usage_words(usage: &PromptUsage) -> String {
    let PromptUsage { requests, input_tokens, output_tokens, cost_micro_usd, .. } = usage;
    let plural = if *requests == 1 { "" } else { "s" };
    let cost = cost_micro_usd
        .map(|cost| format!(", ${}.{:06}", cost / 1_000_000, cost % 1_000_000))
        .unwrap_or_default();
    format!("{requests} request{plural}, {input_tokens} tokens read, {output_tokens} written{cost}")
}

fn section(lines: &mut Vec<String>, title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        lines.push(format!("\n{title}\n{}", table(header, rows)));
    }
}

fn event_row(event: &JobEvent) -> Vec<String> {
    vec![moment(event.at), event.stage.to_string(), event_words(&event.body)]
}

fn event_words(body: &JobEventBody) -> String {
    match body {
        JobEventBody::Placed { held } => format!("placed, {held} held"),
        JobEventBody::Prompted { source, fault: None } => format!("prompt written by {source}"),
        JobEventBody::Prompted { source, fault: Some(fault) } => {
            format!("prompt written by {source} after {fault}")
        }
        JobEventBody::Sent { attempt, model, key, reason } => {
            let to = if model.is_empty() { String::new() } else { format!(" to {model}") };
            let with = key.as_ref().map(|key| format!(" with key {key}")).unwrap_or_default();
            let why = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            format!("attempt {attempt} sent{to}{with}{why}")
        }
        JobEventBody::Accepted { task_id } => format!("accepted as {task_id}"),
        JobEventBody::InDoubt { fault } => format!("in doubt: {fault}"),
        JobEventBody::Retrying { fault, after_ms } => {
            format!("sent again in {}: {fault}", seconds_of(*after_ms))
        }
        JobEventBody::Stumbled { fault, after_ms } => {
            format!("tried again in {}: {fault}", seconds_of(*after_ms))
        }
        JobEventBody::Refused { fault } => format!("refused: {fault}"),
        JobEventBody::Rerouted { from, to, reason } => format!("moves from {from} to {to}: {reason}"),
        JobEventBody::Waiting { fault, after_ms } => {
            format!("waits {}: {fault}", seconds_of(*after_ms))
        }
        JobEventBody::Rendered => "rendered".to_owned(),
        JobEventBody::Gifted { .. } => "the video came after all, and costs nothing".to_owned(),
        JobEventBody::Done { captured, .. } => format!("done, {captured} captured"),
        JobEventBody::Failed { fault, released, provider_may_charge } => {
            let may = if *provider_may_charge { ", the provider may charge all the same" } else { "" };
            format!("failed, {released} released{may}: {fault}")
        }
        JobEventBody::Cancelled { released } => format!("cancelled, {released} released"),
        other => format!("{other:?}"),
    }
}

fn attempt_row(attempt: &Attempt) -> Vec<String> {
    vec![
        attempt.seq.to_string(),
        attempt.state.as_str().to_owned(),
        attempt.model.clone(),
        attempt.key.clone().unwrap_or_default(),
        attempt.task_id.clone().unwrap_or_default(),
        attempt.sent_at.map(moment).unwrap_or_default(),
        attempt.reason.clone().unwrap_or_default(),
        attempt.fault.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

fn notice_row(notice: &Notice) -> Vec<String> {
    vec![moment(notice.created_at), notice.body.kind().as_str().to_owned(), notice.state.as_str().to_owned()]
}

fn ledger_row(entry: &LedgerEntry) -> Vec<String> {
    vec![moment(entry.created_at), entry.kind.as_str().to_owned(), entry.amount.0.to_string()]
}
