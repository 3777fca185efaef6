//! The card that is confirmed, and what may come instead of an order.

use neurocards::{Credits, Script, TemplateId};

use super::{WISHES_SHOWN, credits, support_button, template_name};
use crate::flow::action::Action;
use crate::flow::event::Placed;
use crate::flow::state::{Draft, State};
use crate::flow::step::Context;
use crate::screen::{Button, Screen};
use crate::text::{Text, clip};

pub(in crate::flow) fn confirm(
    context: &Context<'_>,
    draft: &Draft,
    template: TemplateId,
    count: u32,
) -> Screen {
    let id = || draft.id.clone();
    let cost = context.price.checked_mul(count).unwrap_or_default();
    let text =
        Text::new("confirm").text("template", template_name(template)).text("videos", Text::videos(count));
    let text = credits("credits", credits("cost", text, cost), context.available);
    let text = text.number("from", context.minutes.0.into()).number("to", context.minutes.1.into());
    let wishes = draft.wishes.as_deref().filter(|_| template != TemplateId::Own);
    let wishes = wishes.map(|wishes| Text::new("confirm-wishes").words("wishes", clip(wishes, WISHES_SHOWN)));
    let order = Text::new("btn-confirm").number("count", count.into());
    Screen::new(text)
        .lines(wishes.into_iter().collect())
        .paragraph(Text::new("confirm-promise"))
        .row([Button::acting(order, Action::Confirm { draft: id(), revision: draft.revision })])
        .row([
            Button::act("btn-draft", Action::Preview { draft: id() }),
            Button::act("btn-script", Action::Script { draft: id() }),
        ])
        .row([
            Button::act("btn-recount", Action::Recount { draft: id() }),
            match template {
                TemplateId::Own => Button::act("btn-edit-prompt", Action::EditPrompt { draft: id() }),
                TemplateId::Ugc | TemplateId::Ad => Button::act("btn-rewish", Action::Rewish { draft: id() }),
            },
        ])
        .menu()
}

pub(in crate::flow) fn not_enough(draft: &Draft, needed: Credits, available: Credits) -> Screen {
    let text = credits("available", credits("needed", Text::new("not-enough"), needed), available);
    let fewer = Button::act("btn-recount", Action::Recount { draft: draft.id.clone() });
    Screen::new(text).row([Button::act("btn-topup", Action::Topup)]).row([fewer]).menu()
}

pub(in crate::flow) fn refused(context: &Context<'_>, state: &State, refused: &Placed) -> Screen {
    let back = || {
        let draft = state.draft().map(|draft| draft.id.clone());
        draft.map(|draft| Button::act("btn-back", Action::Review { draft }))
    };
    match refused {
        Placed::NotEnough { needed, available } => match state.draft() {
            Some(draft) => not_enough(draft, *needed, *available),
            None => super::menu(context),
        },
        Placed::Busy { count } => {
            Screen::new(Text::new("refused-busy").number("count", (*count).into())).row(back()).menu()
        }
        Placed::TooLong { chars, limit } => {
            let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
            let text =
                Text::new("text-too-long").number("chars", number(*chars)).number("limit", number(*limit));
            Screen::new(text).row(back()).menu()
        }
        Placed::NoPhoto => Screen::new(Text::new("refused-photo")).menu(),
        Placed::NoModel | Placed::Order(_) => {
            Screen::new(Text::new("refused-model")).row([support_button(context)]).row(back()).menu()
        }
    }
}

pub(in crate::flow) fn cancelled(videos: u32, released: Credits, late: u32) -> Screen {
    let text = match (videos, late) {
        (0, _) => Text::new("cancel-too-late"),
        (_, 0) => credits("credits", Text::new("cancelled-order").number("count", videos.into()), released),
        _ => credits("credits", Text::new("cancelled-some"), released),
    };
    Screen::new(text).menu()
}

pub(in crate::flow) fn script(draft: &Draft, script: &Script) -> Screen {
    let id = || draft.id.clone();
    let text = Text::new("script").words("hook", &script.hook).words("benefit", &script.benefit);
    let wishes = draft.template != Some(TemplateId::Own);
    Screen::new(text.words("call", &script.call_to_action))
        .paragraph(Text::new("script-about"))
        .row([Button::act("btn-rewrite", Action::EditPrompt { draft: id() })])
        .row(wishes.then(|| Button::act("btn-rewish", Action::Rewish { draft: id() })))
        .row([Button::act("btn-back", Action::Review { draft: id() })])
        .menu()
}
