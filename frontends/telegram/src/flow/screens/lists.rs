//! Lists: videos, movements of credits.

use neurocards::{EntryKind, Status};

use super::moment;
use crate::flow::action::Action;
use crate::flow::event::{HistoryItem, VideosPage};
use crate::screen::{Button, Screen};
use crate::text::{Text, clip};

/// Most characters of a product's name in a list.
const TITLE_SHOWN: usize = 40;

/// A page of videos. The numbers are those of the page: buttons need room.
pub(in crate::flow) fn videos(page: &VideosPage) -> Screen {
    if page.items.is_empty() && !page.behind {
        return Screen::new(Text::new("videos-empty")).row([Button::act("btn-make", Action::Make)]).menu();
    }
    let numbered = || page.items.iter().zip(1_i64..);
    let lines = numbered().map(|(item, number)| {
        let state = Text::new(match item.status {
            Status::Queued => "state-queued",
            Status::Processing => "state-render",
            Status::Done => "state-done",
            Status::Failed => "state-failed",
            Status::Cancelled => "state-cancelled",
        });
        Text::new("videos-line")
            .number("number", number)
            .words("date", moment(item.at))
            .words("title", clip(&item.title, TITLE_SHOWN))
            .text("state", state)
    });
    let label = |key, number| Text::new(key).number("number", number);
    let done = numbered().filter(|(item, _)| item.status == Status::Done);
    let resend = done.map(|(item, number)| {
        Button::acting(label("btn-video", number), Action::ResendOne { job: item.job })
    });
    let repeat = numbered().map(|(item, number)| {
        Button::acting(label("btn-repeat", number), Action::Again { order: item.order })
    });
    let newer = page.behind.then(|| Button::act("btn-newer", Action::Videos { after: None }));
    let last = page.items.last().filter(|_| page.more).map(|item| item.job);
    let older = last.map(|job| Button::act("btn-older", Action::Videos { after: Some(job) }));
    Screen::new(Text::new("videos"))
        .lines(lines.collect())
        .paragraph(Text::new("videos-hint"))
        .row(resend)
        .row(repeat)
        .row(newer.into_iter().chain(older))
        .menu()
}

/// The latest movements of credits. What a finished video kept was taken when it was ordered.
pub(in crate::flow) fn history(items: &[HistoryItem]) -> Screen {
    let lines = items.iter().filter_map(|item| {
        let what = match item.kind {
            EntryKind::Topup if item.paid.is_some() => "entry-paid",
            EntryKind::Revoke if item.paid.is_some() => "entry-paid-back",
            EntryKind::Topup => "entry-topup",
            EntryKind::Bonus => "entry-bonus",
            EntryKind::Hold => "entry-hold",
            EntryKind::Release => "entry-release",
            EntryKind::Adjust => "entry-adjust",
            EntryKind::Revoke => "entry-revoke",
            EntryKind::Capture => return None,
        };
        let what = match item.paid {
            Some((price, by)) => Text::new(what)
                .words("price", price.to_string())
                .text("by", Text::new(format!("by-{}", by.as_str()))),
            None => Text::new(what),
        };
        let line = Text::new("history-line").words("date", moment(item.at));
        Some(line.words("change", format!("{:+}", item.change.0)).text("what", what))
    });
    let lines: Vec<_> = lines.collect();
    let head = if lines.is_empty() { "history-empty" } else { "history" };
    Screen::new(Text::new(head)).lines(lines).row([Button::act("btn-topup", Action::Topup)]).menu()
}
