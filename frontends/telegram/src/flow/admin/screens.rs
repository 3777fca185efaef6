//! What admins see.

use neurocards::{
    Broadcast, BroadcastState, Credits, EntryKind, Lang, PauseScope, Payment, PaymentState, PersonId, Stage,
};

use super::super::action::Action;
use super::super::event::{PhotoSent, VideoSent};
use super::super::screens::moment;
use super::super::state::DraftId;
use super::super::step::Context;
use super::{AdminAction, Did, KeyFacts, Overview, PersonFacts};
use crate::alerts::what;
use crate::screen::{Button, Screen};
use crate::text::{Text, clip};

fn act(label: &str, admin: AdminAction) -> Button {
    Button::act(label, Action::Admin { admin })
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A question, with the way back.
pub(super) fn asked(text: Text) -> Screen {
    Screen::new(text).row([act("btn-admin", AdminAction::Home)])
}

pub(super) fn overview(facts: &Overview) -> Screen {
    let close = match &facts.maintenance {
        Some(_) => act("btn-admin-reopen", AdminAction::Reopen),
        None => act("btn-admin-close", AdminAction::Close),
    };
    let closed = facts.maintenance.as_ref().map(|closed| {
        Text::new("admin-closed").words("actor", &closed.actor).words("since", moment(closed.since))
    });
    Screen::new(Text::new("admin"))
        .lines(closed.into_iter().collect())
        .lines(
            facts
                .alarms
                .iter()
                .take(10)
                .map(|alarm| Text::new("admin-alarm").text("what", what(alarm)))
                .collect(),
        )
        .lines(queue(facts))
        .lines(facts.keys.iter().map(key).collect())
        .lines(today(facts))
        .row([act("btn-admin-refresh", AdminAction::Home), act("btn-admin-find", AdminAction::Find)])
        .row([close, act("btn-admin-spread", AdminAction::Spread)])
        .menu()
}

fn queue(facts: &Overview) -> Vec<Text> {
    let of = |stage| facts.queue.stage(stage);
    let begins = [of(Stage::Prompt), of(Stage::Submit)];
    let sum = |of: fn(&neurocards::StageStatus) -> u64| number(begins.iter().map(of).sum());
    let line = Text::new("admin-queue")
        .number("due", sum(|stage| stage.due))
        .number("later", sum(|stage| stage.waiting()))
        .number("leased", sum(|stage| stage.leased))
        .number("paused", sum(|stage| stage.paused))
        .number("render", number(of(Stage::Wait).jobs + of(Stage::Store).jobs));
    let mut lines = vec![line];
    if let Some(waited) = facts.queue.oldest_due() {
        lines.push(Text::new("admin-oldest").number("minutes", number(waited.as_secs() / 60)));
    }
    lines.extend(facts.queue.pauses.iter().map(|record| {
        let text = Text::new("admin-pause").words("actor", &record.pause.actor);
        match &record.pause.scope {
            PauseScope::Everything => text.text("scope", Text::new("admin-everything")),
            PauseScope::Model(model) => text.words("scope", model),
        }
    }));
    let held: u64 = facts.queue.workers_alive().map(|worker| u64::from(worker.beat.in_flight)).sum();
    let alive = facts.queue.workers_alive().count() as u64;
    lines.push(Text::new("admin-workers").number("count", number(alive)).number("jobs", number(held)));
    lines
}

fn key(key: &KeyFacts) -> Text {
    let state = match key.closed {
        None => Text::new("admin-key-open"),
        Some(None) => Text::new("admin-key-closed"),
        Some(Some(until)) => Text::new("admin-key-until").words("until", moment(until)),
    };
    let text = Text::new("admin-key").words("name", &key.name).text("state", state);
    let left = match (key.balance, key.days) {
        (None, _) => Text::new("admin-no-balance"),
        (Some(left), None) => Text::new("admin-balance").number("left", left),
        (Some(left), Some(days)) => {
            Text::new("admin-balance-days").number("left", left).number("days", number(days))
        }
    };
    text.text("left", left)
}

fn today(facts: &Overview) -> Vec<Text> {
    let sum = |kind: EntryKind| facts.money.get(kind.as_str()).copied().unwrap_or_default();
    let failed: u64 = facts.failed.values().sum();
    let mut lines = vec![
        Text::new(if facts.more { "admin-today-more" } else { "admin-today" }),
        Text::new("admin-videos").number("done", number(facts.done)).number("failed", number(failed)),
    ];
    lines.extend(facts.failed.iter().map(|(class, count)| {
        Text::new("admin-failure").words("class", *class).number("count", number(*count))
    }));
    lines.push(
        Text::new("admin-money")
            .number("topup", sum(EntryKind::Topup))
            .number("bonus", sum(EntryKind::Bonus))
            .number("adjust", sum(EntryKind::Adjust))
            .number("revoke", sum(EntryKind::Revoke))
            .number("capture", sum(EntryKind::Capture))
            .number("release", sum(EntryKind::Release)),
    );
    lines
}

pub(super) fn person(context: &Context<'_>, facts: &PersonFacts) -> Screen {
    let person = facts.id;
    let known = facts.person.as_ref();
    let name =
        known.and_then(|known| known.username.as_deref()).map_or("—".to_owned(), |name| format!("@{name}"));
    let head = Text::new("admin-person").words("id", person.to_string()).words("name", name);
    let head = head.text("credits", Text::credits(facts.available)).number("held", facts.held.0);
    let seen = known.map(|known| {
        Text::new("admin-seen")
            .words("first", moment(known.first_seen_at))
            .words("last", moment(known.last_seen_at))
            .words("lang", known.lang.as_str())
    });
    let blocked = known.and_then(|known| known.blocked_at);
    let blocked = blocked.map(|at| Text::new("admin-blocked").words("since", moment(at)));
    let banned = known.and_then(|known| known.banned_at.zip(known.banned_by.as_ref()));
    let is_banned = banned.is_some();
    let banned = banned.map(|(at, (actor, reason))| {
        Text::new("admin-banned").words("since", moment(at)).words("actor", actor).words("reason", reason)
    });
    let jobs = facts.jobs.iter().map(|job| {
        Text::new("admin-job").words("date", moment(job.created_at)).words("state", job.status().as_str())
    });
    let entries = facts.entries.iter().map(|entry| {
        let why = entry.reason.as_deref().unwrap_or_default();
        let line = Text::new("admin-entry").words("date", moment(entry.created_at));
        line.words("change", format!("{:+}", entry.change_to_available().0))
            .words("kind", entry.kind.as_str())
            .words("why", clip(why, 60))
            .words("actor", entry.actor.as_deref().unwrap_or_default())
    });
    let payments = facts.payments.iter().map(|payment| {
        paid("admin-payment", payment)
            .words("date", moment(payment.created_at))
            .words("by", payment.provider.as_str())
            .words("state", payment.state.as_str())
    });
    let refund = |payment: &Payment| {
        let label = paid("btn-admin-refund", payment)
            .words("date", moment(payment.paid_at.unwrap_or(payment.created_at)));
        let admin = AdminAction::Refund { payment: payment.id, person };
        [Button::acting(label, Action::Admin { admin })]
    };
    let refunds = facts.payments.iter().filter(|payment| payment.state == PaymentState::Paid).map(refund);
    let ban = match is_banned {
        true => Some(act("btn-admin-unban", AdminAction::Unban { person })),
        false if known.is_none() || context.settings.is_admin(person) => None,
        false => Some(act("btn-admin-ban", AdminAction::Ban { person })),
    };
    let screen = Screen::new(head)
        .lines(seen.into_iter().chain(blocked).chain(banned).collect())
        .lines(jobs.collect())
        .lines(entries.collect())
        .lines(payments.collect());
    refunds
        .fold(screen, Screen::row)
        .row([act("btn-admin-adjust", AdminAction::Adjust { person })])
        .row(ban)
        .row([act("btn-admin-refresh", AdminAction::Open { person }), act("btn-admin", AdminAction::Home)])
}

pub(super) fn sure(id: &DraftId, person: PersonId, credits: Credits, reason: &str) -> Screen {
    let key = if credits < Credits::ZERO { "admin-take-sure" } else { "admin-give-sure" };
    let amount = Credits(credits.0.saturating_abs());
    let text = Text::new(key).text("credits", Text::credits(amount)).words("id", person.to_string());
    Screen::new(text.words("reason", reason))
        .row([act("btn-admin-sure", AdminAction::AdjustSure { id: id.clone() })])
        .row([act("btn-admin-no", AdminAction::Open { person })])
}

/// A payment in a line.
fn paid(key: &str, payment: &Payment) -> Text {
    Text::new(key).words("price", payment.price.to_string()).text("credits", Text::credits(payment.credits))
}

/// What giving a payment back takes; credits that were spent are named before anything happens.
pub(super) fn refund_sure(payment: &Payment, available: Credits, person: PersonId, reason: &str) -> Screen {
    let taken = payment.credits.min(available.max(Credits::ZERO));
    let spent = payment.credits.checked_sub(taken).filter(|spent| spent.is_positive());
    let spent = spent.map(|spent| Text::new("admin-refund-spent").text("credits", Text::credits(spent)));
    let text = paid("admin-refund-sure", payment).words("id", person.to_string()).words("reason", reason);
    Screen::new(text.text("taken", Text::credits(taken)))
        .lines(spent.into_iter().collect())
        .row([act("btn-admin-sure", AdminAction::RefundSure { payment: payment.id })])
        .row([act("btn-admin-no", AdminAction::Open { person })])
}

pub(super) fn ban_sure(id: &DraftId, person: PersonId, reason: &str) -> Screen {
    Screen::new(Text::new("admin-ban-sure").words("id", person.to_string()).words("reason", reason))
        .row([act("btn-admin-ban", AdminAction::BanSure { id: id.clone() })])
        .row([act("btn-admin-no", AdminAction::Open { person })])
}

/// What a photo is known by: for the settings that name files.
pub(crate) fn photo(sent: &PhotoSent) -> Screen {
    let about = Text::new("admin-file-photo").number("kb", number(sent.bytes.div_ceil(1_024)));
    file(about, &sent.file_id, "admin-file-menu")
}

/// What a video is known by.
pub(crate) fn video(sent: &VideoSent) -> Screen {
    let about = Text::new("admin-file-video")
        .words("width", sent.shape.0.to_string())
        .words("height", sent.shape.1.to_string())
        .number("seconds", sent.seconds.into())
        .number("kb", number(sent.bytes.div_ceil(1_024)));
    file(about, &sent.file_id, "admin-file-demo")
}

fn file(about: Text, id: &str, hint: &str) -> Screen {
    Screen::new(about)
        .paragraph(Text::new("admin-file-id").words("id", id))
        .paragraph(Text::new(hint))
        .row([act("btn-admin", AdminAction::Home)])
        .menu()
}

pub(super) fn close() -> Screen {
    Screen::new(Text::new("admin-close"))
        .row([act("btn-admin-close-open", AdminAction::CloseSure { pause: false })])
        .row([act("btn-admin-close-pause", AdminAction::CloseSure { pause: true })])
        .row([act("btn-admin-no", AdminAction::Home)])
}

/// How the last broadcast stands.
pub(crate) fn spread(last: Option<&Broadcast>) -> Screen {
    let lines = match last {
        None => vec![Text::new("admin-spread-none")],
        Some(last) => vec![
            Text::new(format!("admin-spread-{}", last.state.as_str()))
                .number("sent", number(last.sent))
                .number("total", number(last.total)),
            Text::new("admin-spread-rest")
                .number("blocked", number(last.blocked))
                .number("failed", number(last.failed))
                .number("unknown", number(last.unknown)),
        ],
    };
    let goes_on = last.filter(|last| last.state == BroadcastState::Sending);
    let stop =
        goes_on.map(|last| act("btn-admin-spread-stop", AdminAction::SpreadStop { id: last.id.clone() }));
    Screen::new(Text::new("admin-spread"))
        .lines(lines)
        .row([act("btn-admin-refresh", AdminAction::Spread)])
        .row(stop)
        .row([act("btn-admin-spread-new", AdminAction::SpreadNew)])
        .row([act("btn-admin", AdminAction::Home)])
}

pub(super) fn spread_sure(id: &DraftId, all: u64, ru: u64, en: u64) -> Screen {
    let to = |key: &str, count, lang| {
        let admin = AdminAction::SpreadSure { id: id.clone(), lang };
        [Button::acting(Text::new(key).number("count", number(count)), Action::Admin { admin })]
    };
    Screen::new(Text::new("admin-spread-sure"))
        .row(to("btn-admin-spread-all", all, None))
        .row(to("btn-admin-spread-ru", ru, Some(Lang::Ru)))
        .row(to("btn-admin-spread-en", en, Some(Lang::En)))
        .row([act("btn-admin-spread-new", AdminAction::SpreadNew)])
        .row([act("btn-admin-no", AdminAction::Home)])
}

pub(super) fn did(did: Did) -> Text {
    match did {
        Did::Adjusted(credits) => Text::new("admin-adjusted").words("change", format!("{:+}", credits.0)),
        Did::NotEnough => Text::new("admin-not-enough"),
        Did::TooOften => Text::new("admin-too-often"),
        Did::Banned => Text::new("admin-did-ban"),
        Did::Unbanned => Text::new("admin-did-unban"),
        Did::Refunded { taken, short } => Text::new("admin-refunded")
            .text("taken", Text::credits(taken))
            .text("short", Text::credits(short)),
        Did::Refunding => Text::new("admin-refunding"),
        Did::NotRefunded(why) => Text::new("admin-not-refunded").words("why", clip(&why, 200)),
    }
}
