//! The card of an order: one message that follows it, edited in place.

use neurocards::{Job, OrderRecord, Stage};

use crate::flow::Action;
use crate::screen::{Button, Screen};
use crate::text::Text;

/// What a card knows beside its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// How many minutes videos took lately: few, many.
    pub minutes: (u32, u32),
    /// How many videos of others go before the order's first that waits, when somebody counted.
    pub ahead: Option<u64>,
    /// Nothing new begins now.
    pub paused: bool,
}

/// What a card shows.
pub fn card(record: &OrderRecord, around: &Around) -> Screen {
    let jobs = &record.jobs;
    let head = head(record);
    let lines = jobs.iter().map(|job| line(job, jobs.len(), around));
    let screen = Screen::new(head).lines(lines.collect());
    let order = record.order.id;
    if is_over(record) {
        let done = jobs.iter().any(|job| job.stage == Stage::Done);
        let resend = done.then(|| Button::act("btn-resend", Action::Resend { order }));
        return screen.row(resend).row([Button::act("btn-again", Action::Again { order })]).menu();
    }
    let (from, to) = around.minutes;
    let range = Text::new("card-range").number("from", from.into()).number("to", to.into());
    let free = jobs.iter().any(|job| matches!(job.stage, Stage::Prompt | Stage::Submit));
    let cancel = free.then(|| Button::act("btn-cancel-order", Action::Cancel { order }));
    screen.paragraph(range).row(cancel).row([Button::act("btn-another", Action::Again { order })]).menu()
}

/// Nothing of the order is under way any more.
pub fn is_over(record: &OrderRecord) -> bool {
    record.jobs.iter().all(|job| job.stage.is_final())
}

fn head(record: &OrderRecord) -> Text {
    let all = |stage| record.jobs.iter().all(|job| job.stage == stage);
    if !is_over(record) {
        return Text::new("started").number("count", record.order.count.into());
    }
    Text::new(match () {
        () if all(Stage::Done) => "card-done",
        () if all(Stage::Failed) => "card-failed",
        () if all(Stage::Cancelled) => "card-cancelled",
        () => "card-mixed",
    })
}

fn line(job: &Job, of: usize, around: &Around) -> Text {
    let state = state(job, around);
    if of == 1 {
        return Text::new("card-one").text("state", state);
    }
    Text::new("card-line").number("number", i64::from(job.index) + 1).text("state", state)
}

fn state(job: &Job, around: &Around) -> Text {
    let begun = job.lease_owner.is_some();
    Text::new(match job.stage {
        Stage::Prompt | Stage::Submit if around.paused && !begun => "state-paused",
        Stage::Prompt if begun => "state-script",
        Stage::Prompt => match around.ahead {
            Some(ahead) => {
                let ahead = i64::try_from(ahead).unwrap_or(i64::MAX);
                return Text::new("state-queued-place").number("ahead", ahead);
            }
            None => "state-queued",
        },
        Stage::Submit => "state-submit",
        Stage::Wait if job.slow_told => "state-slow",
        Stage::Wait => "state-render",
        Stage::Store => "state-store",
        Stage::Done => "state-done",
        Stage::Failed => "state-failed",
        Stage::Cancelled => "state-cancelled",
    })
}
