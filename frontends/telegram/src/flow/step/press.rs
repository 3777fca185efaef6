//! Buttons.

use super::super::action::Action;
use super::super::event::Effect;
use super::super::screens;
use super::super::state::{Draft, State};
use super::{Context, Decision, Show, draft, welcome};
use crate::screen::Screen;
use crate::text::Text;

pub(super) fn press(context: &Context<'_>, state: State, action: Action) -> Decision {
    if let Some(id) = action.draft() {
        return match state.draft().filter(|draft| draft.id == *id).cloned() {
            Some(mine) => of_draft(context, state, mine, action),
            // A button of an earlier order, or of one that is placed.
            None => Decision::toast(state, Text::new("toast-old")),
        };
    }
    match action {
        Action::Menu => Decision::here(state.aside(), screens::menu(context)),
        Action::Consent => {
            let mut decision = welcome(context, State::Consent);
            decision.change.consents = true;
            decision
        }
        Action::Make => Decision::here(State::Photo, screens::ask_photo(context)),
        Action::Videos { after } => Decision::first(state.aside(), Effect::Videos { after }),
        Action::Cabinet => Decision::here(state.aside(), screens::cabinet(context)),
        Action::History => Decision::first(state.aside(), Effect::History),
        Action::Topup => {
            let screen = screens::topup(context, state.draft());
            Decision::here(state, screen)
        }
        Action::Buy { package, by } => {
            let sold = context.settings.packages.iter().find(|sold| sold.credits == package);
            match sold.filter(|sold| context.sold_by.contains(&by) && sold.price(by).is_some()) {
                Some(sold) => Decision::first(state, Effect::Buy { package: *sold, by }),
                // It was sold when the button was made.
                None => Decision::toast(state, Text::new("toast-old")),
            }
        }
        Action::PayCheck { payment } => Decision::first(state, Effect::PayCheck(payment)),
        Action::Support => Decision::here(state, screens::support(context)),
        Action::Language => Decision::here(state, screens::language()),
        Action::Cancel { order } => Decision::first(state, Effect::Cancel(order)),
        Action::Again { order } => Decision::first(state, Effect::Recall(order)),
        Action::Resend { order } => Decision::first(state, Effect::Resend(order)),
        Action::ResendOne { job } => Decision::first(state, Effect::ResendOne(job)),
        Action::Opinion { order, good } => {
            let thanks = vec![Show::Toast(Text::new("toast-thanks"))];
            Decision { show: thanks, ..Decision::first(state, Effect::Opinion { order, good }) }
        }
        Action::Forget => {
            let screen = Screen::new(Text::new("forgotten"));
            let mut decision = Decision::first(State::Menu, Effect::Forget);
            (decision.show, decision.change.forgets) = (vec![Show::Here(screen)], true);
            decision
        }
        // They have a draft, or are answered before.
        _ => Decision::stay(state),
    }
}

/// A button of the draft that the dialogue is about, wherever it stands: who goes back changes the draft.
fn of_draft(context: &Context<'_>, state: State, mine: Draft, action: Action) -> Decision {
    if mine.description.is_empty() {
        return Decision::here(State::Description(mine), screens::ask_description());
    }
    match action {
        Action::Template { template, .. } => draft::template(mine, template),
        Action::NoWishes { .. } => draft::wishes(context, mine, None),
        Action::EditPrompt { .. } => {
            Decision::here(State::OwnPrompt(mine.clone()), screens::ask_own_prompt(&mine))
        }
        Action::UsePrompt { .. } if mine.own_prompt.is_some() => draft::settled(context, mine),
        Action::Count { count, .. } if draft::is_told(&mine) => draft::count(context, state, mine, count),
        Action::Recount { .. } => {
            Decision::here(State::Count(mine.clone()), screens::ask_count(context, &mine))
        }
        Action::Rewish { .. } => Decision::here(State::Wishes(mine.clone()), screens::ask_wishes(&mine)),
        Action::Review { .. } => draft::review(context, mine),
        Action::Script { .. } if draft::is_told(&mine) => {
            Decision::first(State::Confirm(mine.clone()), Effect::Script(mine))
        }
        Action::Preview { .. } if draft::is_told(&mine) => {
            Decision::first(State::Confirm(mine.clone()), Effect::Preview(mine))
        }
        // What stood on the card is what is ordered: a card that is out of date shows the order as it is now.
        Action::Confirm { revision, .. } if revision == mine.revision && mine.count.is_some() => {
            Decision::first(State::Confirm(mine.clone()), Effect::Place(mine))
        }
        _ => draft::review(context, mine),
    }
}
