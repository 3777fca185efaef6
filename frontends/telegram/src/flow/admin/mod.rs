//! What only admins do: a look at the house, people, credits, bans, and closing for maintenance. Whether somebody is an
//! admin is asked in one place, before anything here is reached.

mod facts;
pub(crate) mod screens;
#[cfg(test)]
mod tests;

use neurocards::{Credits, Lang, PaymentId, PersonId};
use serde::{Deserialize, Serialize};

pub use self::facts::{AdminEffect, AdminKnown, Did, KeyFacts, Overview, PersonFacts, Who};
use super::action::Action;
use super::event::{Effect, Input, Known};
use super::state::{Draft, DraftId, State};
use super::step::{Context, Decision, Show};
use crate::screen::{Button, Screen};
use crate::text::Text;

/// A command of admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminCommand {
    /// `/admin`
    Home,
    /// `/user 42`, `/user @anna`
    User(String),
}

/// What a button of admins does. This is stored: names stay, fields are only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum AdminAction {
    /// Looks at the house.
    Home,
    /// Asks for a person.
    Find,
    /// Shows a person.
    Open {
        /// Whom.
        person: PersonId,
    },
    /// Asks how many credits.
    Adjust {
        /// Whose.
        person: PersonId,
    },
    /// Moves the credits that the dialogue is about.
    AdjustSure {
        /// The id of that move.
        id: DraftId,
    },
    /// Asks why.
    Ban {
        /// Whom.
        person: PersonId,
    },
    /// Bans the person that the dialogue is about.
    BanSure {
        /// The id of that ban.
        id: DraftId,
    },
    /// Ends a ban.
    Unban {
        /// Whose.
        person: PersonId,
    },
    /// Asks why a payment is given back.
    Refund {
        /// Which.
        payment: PaymentId,
        /// Whose.
        person: PersonId,
    },
    /// Gives the payment back that the dialogue is about.
    RefundSure {
        /// Which.
        payment: PaymentId,
    },
    /// Asks how to close for maintenance.
    Close,
    /// Closes.
    CloseSure {
        /// And pauses the queue.
        pause: bool,
    },
    /// Opens again.
    Reopen,
    /// Looks how the last broadcast stands.
    Spread,
    /// Asks for the text of a new one.
    SpreadNew,
    /// Sends the text that the dialogue is about.
    SpreadSure {
        /// Under which id.
        id: DraftId,
        /// Only to people with this language.
        lang: Option<Lang>,
    },
    /// Stops one.
    SpreadStop {
        /// Which.
        id: String,
    },
}

impl AdminAction {
    /// Works once.
    pub(super) fn is_once(&self) -> bool {
        matches!(
            self,
            Self::AdjustSure { .. }
                | Self::BanSure { .. }
                | Self::Unban { .. }
                | Self::RefundSure { .. }
                | Self::CloseSure { .. }
                | Self::Reopen
                | Self::SpreadSure { .. }
        )
    }
}

/// What is waited for from an admin. This is stored: names stay, fields are only added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wait", rename_all = "snake_case")]
pub enum AdminStep {
    /// A number or a name.
    Find,
    /// How many credits.
    Amount {
        /// Whose.
        person: PersonId,
    },
    /// Why they move.
    Reason {
        /// Whose.
        person: PersonId,
        /// How many; fewer than none are taken away.
        credits: Credits,
    },
    /// The confirmation, by button.
    Sure {
        /// Under which id they move.
        id: DraftId,
        /// Whose.
        person: PersonId,
        /// How many.
        credits: Credits,
        /// Why.
        reason: String,
    },
    /// Why somebody is banned.
    BanReason {
        /// Who.
        person: PersonId,
    },
    /// The confirmation, by button.
    BanSure {
        /// Of which ban.
        id: DraftId,
        /// Who.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// Why a payment is given back.
    RefundReason {
        /// Which.
        payment: PaymentId,
        /// Whose.
        person: PersonId,
    },
    /// The confirmation, by button.
    RefundSure {
        /// Which.
        payment: PaymentId,
        /// Whose.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// The text of a broadcast.
    SpreadText,
    /// The confirmation, by button.
    SpreadSure {
        /// Under which id it is sent.
        id: DraftId,
        /// What it says.
        text: String,
    },
}

/// Most characters of a broadcast.
const SPREAD_MAX_CHARS: usize = 3_000;
/// Most characters of a reason.
const REASON_MAX_CHARS: usize = 200;

fn at(step: AdminStep, aside: Option<Draft>) -> State {
    State::Admin { step, aside }
}

fn first(state: State, effect: AdminEffect) -> Decision {
    Decision::first(state, Effect::Admin(effect))
}

/// A word in place of the message whose button was pressed, with the way back.
fn word(state: State, text: Text) -> Decision {
    Decision::here(state, screens::asked(text))
}

pub(super) fn command(state: State, command: AdminCommand) -> Decision {
    match command {
        AdminCommand::Home => first(state.aside(), AdminEffect::Overview),
        AdminCommand::User(given) => find(state.aside(), &given),
    }
}

fn find(state: State, given: &str) -> Decision {
    let given = given.trim();
    let name = given.strip_prefix('@').unwrap_or(given);
    let who = match given.parse::<i64>() {
        Ok(id) if id > 0 => Some(Who::Id(PersonId(id))),
        _ => (5..=32)
            .contains(&name.len())
            .then_some(name)
            .filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
            .map(|name| Who::Name(name.to_owned())),
    };
    match who {
        Some(who) => first(state.aside(), AdminEffect::Look(who)),
        None => {
            let aside = state.into_draft();
            word(at(AdminStep::Find, aside), Text::new("admin-find"))
        }
    }
}

/// A text of an admin, where one is waited for.
pub(super) fn text(context: &Context<'_>, step: AdminStep, aside: Option<Draft>, text: &str) -> Decision {
    let text = text.trim();
    let reason = || {
        let reason: String = text.chars().filter(|c| !c.is_control()).take(REASON_MAX_CHARS).collect();
        Some(reason).filter(|reason| !reason.is_empty())
    };
    match step {
        AdminStep::Find => find(at(AdminStep::Find, aside), text),
        AdminStep::Amount { person } => {
            let most = context.settings.adjust_most;
            let credits = text.trim_start_matches('+').replace('−', "-").parse().ok().map(Credits);
            match credits {
                Some(credits) if credits.0 != 0 && credits.0.unsigned_abs() <= most.0.unsigned_abs() => {
                    let step = AdminStep::Reason { person, credits };
                    word(at(step, aside), Text::new("admin-why"))
                }
                _ => {
                    let text = Text::new("admin-amount").number("most", most.0);
                    word(at(AdminStep::Amount { person }, aside), text)
                }
            }
        }
        AdminStep::Reason { person, credits } => match reason() {
            None => word(at(AdminStep::Reason { person, credits }, aside), Text::new("admin-why")),
            Some(reason) => {
                let id = context.fresh.clone();
                let screen = screens::sure(&id, person, credits, &reason);
                Decision::here(at(AdminStep::Sure { id, person, credits, reason }, aside), screen)
            }
        },
        AdminStep::BanReason { person } => match reason() {
            None => word(at(AdminStep::BanReason { person }, aside), Text::new("admin-ban-why")),
            Some(reason) => {
                let id = context.fresh.clone();
                let screen = screens::ban_sure(&id, person, &reason);
                Decision::here(at(AdminStep::BanSure { id, person, reason }, aside), screen)
            }
        },
        AdminStep::RefundReason { payment, person } => match reason() {
            None => word(at(AdminStep::RefundReason { payment, person }, aside), Text::new("admin-why")),
            Some(reason) => {
                let step = AdminStep::RefundSure { payment, person, reason };
                first(at(step, aside), AdminEffect::RefundLook { payment })
            }
        },
        AdminStep::RefundSure { payment, person, reason } => {
            let step = AdminStep::RefundSure { payment, person, reason };
            first(at(step, aside), AdminEffect::RefundLook { payment })
        }
        AdminStep::SpreadText => {
            let limit = i64::try_from(SPREAD_MAX_CHARS).unwrap_or(i64::MAX);
            if text.is_empty() || text.chars().count() > SPREAD_MAX_CHARS {
                let text = Text::new("admin-spread-text").number("limit", limit);
                return word(at(AdminStep::SpreadText, aside), text);
            }
            let step = AdminStep::SpreadSure { id: context.fresh.clone(), text: text.to_owned() };
            first(at(step, aside), AdminEffect::SpreadCount)
        }
        step @ AdminStep::SpreadSure { .. } => first(at(step, aside), AdminEffect::SpreadCount),
        AdminStep::Sure { id, person, credits, reason } => {
            let screen = screens::sure(&id, person, credits, &reason);
            Decision::here(at(AdminStep::Sure { id, person, credits, reason }, aside), screen)
        }
        AdminStep::BanSure { id, person, reason } => {
            let screen = screens::ban_sure(&id, person, &reason);
            Decision::here(at(AdminStep::BanSure { id, person, reason }, aside), screen)
        }
    }
}

pub(super) fn press(context: &Context<'_>, state: State, action: AdminAction) -> Decision {
    match action {
        AdminAction::Home => first(state.aside(), AdminEffect::Overview),
        AdminAction::Find => word(at(AdminStep::Find, state.into_draft()), Text::new("admin-find")),
        AdminAction::Open { person } => first(state.aside(), AdminEffect::Look(Who::Id(person))),
        AdminAction::Adjust { person } => {
            let text = Text::new("admin-amount").number("most", context.settings.adjust_most.0);
            word(at(AdminStep::Amount { person }, state.into_draft()), text)
        }
        AdminAction::Ban { person } if context.settings.is_admin(person) => Decision::stay(state),
        AdminAction::Ban { person } => {
            word(at(AdminStep::BanReason { person }, state.into_draft()), Text::new("admin-ban-why"))
        }
        AdminAction::Unban { person } => first(state.aside(), AdminEffect::Unban { person }),
        AdminAction::Refund { payment, person } => {
            let step = AdminStep::RefundReason { payment, person };
            word(at(step, state.into_draft()), Text::new("admin-why"))
        }
        AdminAction::RefundSure { payment: pressed } => match &state {
            State::Admin { step: AdminStep::RefundSure { payment, person, reason }, .. }
                if *payment == pressed =>
            {
                let (person, reason) = (*person, reason.clone());
                first(state.aside(), AdminEffect::Refund { payment: pressed, person, reason })
            }
            _ => Decision::toast(state, Text::new("toast-old")),
        },
        AdminAction::Close => Decision::here(state.aside(), screens::close()),
        AdminAction::CloseSure { pause } => first(state.aside(), AdminEffect::Close { pause }),
        AdminAction::Reopen => first(state.aside(), AdminEffect::Reopen),
        AdminAction::Spread => first(state.aside(), AdminEffect::SpreadLook),
        AdminAction::SpreadNew => {
            let limit = i64::try_from(SPREAD_MAX_CHARS).unwrap_or(i64::MAX);
            let text = Text::new("admin-spread-text").number("limit", limit);
            word(at(AdminStep::SpreadText, state.into_draft()), text)
        }
        AdminAction::SpreadStop { id } => first(state.aside(), AdminEffect::SpreadStop { id }),
        AdminAction::SpreadSure { id: pressed, lang } => match &state {
            State::Admin { step: AdminStep::SpreadSure { id, text }, .. } if *id == pressed => {
                let effect = AdminEffect::SpreadStart { id: id.clone(), text: text.clone(), lang };
                first(state.aside(), effect)
            }
            _ => Decision::toast(state, Text::new("toast-old")),
        },
        AdminAction::AdjustSure { id: pressed } => match &state {
            State::Admin { step: AdminStep::Sure { id, person, credits, reason }, .. } if *id == pressed => {
                let effect = AdminEffect::Adjust {
                    id: id.clone(),
                    person: *person,
                    credits: *credits,
                    reason: reason.clone(),
                };
                first(state.aside(), effect)
            }
            _ => Decision::toast(state, Text::new("toast-old")),
        },
        AdminAction::BanSure { id: pressed } => match &state {
            State::Admin { step: AdminStep::BanSure { id, person, reason }, .. } if *id == pressed => {
                let effect = AdminEffect::Ban { person: *person, reason: reason.clone() };
                first(state.aside(), effect)
            }
            _ => Decision::toast(state, Text::new("toast-old")),
        },
    }
}

pub(super) fn known(context: &Context<'_>, state: State, known: AdminKnown) -> Decision {
    match known {
        AdminKnown::Spread(last) => Decision::here(state, screens::spread(last.as_ref())),
        AdminKnown::Audience { all, ru, en } => match &state {
            State::Admin { step: AdminStep::SpreadSure { id, text }, .. } => {
                let shown = Show::New(Screen::new(Text::new("broadcast-body").words("text", text)));
                let sure = Show::New(screens::spread_sure(id, all, ru, en));
                let head = Show::New(Screen::new(Text::new("admin-spread-preview")));
                Decision { show: vec![head, shown, sure], ..Decision::stay(state) }
            }
            _ => Decision::stay(state),
        },
        AdminKnown::Refund { payment, available } => match &state {
            State::Admin { step: AdminStep::RefundSure { payment: asked, person, reason }, .. }
                if *asked == payment.id =>
            {
                let screen = screens::refund_sure(&payment, available, *person, reason);
                Decision::here(state, screen)
            }
            _ => Decision::stay(state),
        },
        AdminKnown::Overview(facts) => Decision::here(state, screens::overview(&facts)),
        AdminKnown::Person { facts, did } => {
            let screen = match facts {
                Some(facts) => screens::person(context, &facts),
                None => screens::asked(Text::new("admin-nobody")),
            };
            let screen = match did.map(screens::did) {
                Some(text) => screen.after(text),
                None => screen,
            };
            Decision::here(state, screen)
        }
    }
}

/// Whether something begins or carries on an order: that waits while the house is closed for maintenance.
pub(super) fn waits_for_the_end(state: &State, input: &Input) -> bool {
    match input {
        Input::Photo(_) => true,
        Input::Text(_) => {
            !matches!(state, State::Menu | State::Aside(_) | State::Admin { .. } | State::Consent)
        }
        Input::Press(Ok(action)) => {
            action.draft().is_some() || matches!(action, Action::Make | Action::Again { .. })
        }
        _ => false,
    }
}

/// That the house is closed, said honestly.
pub(super) fn closed(state: State) -> Decision {
    let draft = state.draft().map(|draft| draft.id.clone());
    let back = draft.map(|draft| Button::act("btn-back", Action::Review { draft }));
    let screen = Screen::new(Text::new("maintenance")).row(back).menu();
    Decision { show: vec![Show::Here(screen)], ..Decision::stay(state) }
}

impl From<AdminKnown> for Known {
    fn from(known: AdminKnown) -> Self {
        Self::Admin(known)
    }
}
