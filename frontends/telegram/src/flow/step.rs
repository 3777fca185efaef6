//! The function: state and event in, state, screens and at most one effect out.

mod draft;
mod press;

use neurocards::{
    Artifact, Credits, Lang, Maintenance, OrderRecord, PayProvider, Payment, PaymentState, PersonId,
};

use super::action::Action;
use super::admin;
use super::event::{Bill, Command, Effect, Input, Known, Placed, Stale};
use super::screens;
use super::state::{DraftId, State};
use crate::screen::Screen;
use crate::settings::Settings;
use crate::text::Text;

/// What the function knows beside state and event.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Links, limits, names.
    pub settings: &'a Settings,
    /// With whom.
    pub person: PersonId,
    /// Their language.
    pub lang: Lang,
    /// They accepted the terms, or there are none.
    pub consented: bool,
    /// They see the menu for the first time.
    pub is_new: bool,
    /// What they got for coming, when they came just now.
    pub bonus: Option<Credits>,
    /// What they can spend.
    pub available: Credits,
    /// What their videos in the making hold.
    pub held: Credits,
    /// What one video costs.
    pub price: Credits,
    /// How many minutes videos took lately: few, many.
    pub minutes: (u32, u32),
    /// The house is closed for new orders.
    pub maintenance: Option<Maintenance>,
    /// Who takes money; nobody where nothing is sold.
    pub sold_by: Vec<PayProvider>,
    /// For a new draft.
    pub fresh: DraftId,
}

impl Context<'_> {
    /// New orders are not taken from this person; admins may try whether everything works.
    pub(super) fn is_closed(&self) -> bool {
        self.maintenance.is_some() && !self.settings.is_admin(self.person)
    }
}

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Somebody did something.
    Came(Input),
    /// An effect was carried out.
    Known(Known),
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Where the dialogue stands then.
    pub state: State,
    /// What is shown, in this order.
    pub show: Vec<Show>,
    /// What is to be found out or done first; its result comes back as an event, before anything is written.
    pub effect: Option<Effect>,
    /// What becomes known of the person.
    pub change: Change,
}

/// What becomes known of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// They chose a language.
    pub lang: Option<Lang>,
    /// They accept the terms.
    pub consents: bool,
    /// Everything about them was forgotten: nothing is written any more.
    pub forgets: bool,
}

impl Change {
    /// This, and what follows it.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        Self {
            lang: next.lang.or(self.lang),
            consents: self.consents || next.consents,
            forgets: self.forgets || next.forgets,
        }
    }
}

/// Something to show.
#[derive(Debug, Clone, PartialEq)]
pub enum Show {
    /// In place of the message whose button was pressed; a new message otherwise.
    Here(Screen),
    /// As a new message.
    New(Screen),
    /// As a short answer to a press.
    Toast(Text),
    /// A video.
    Video(Artifact, Text),
    /// The card of an order, in place of the message whose button was pressed.
    Card(Box<OrderRecord>),
    /// An invoice in Stars.
    Invoice(Box<Payment>),
    /// The videos that are configured for whoever is new.
    Demos,
}

impl Decision {
    pub(super) fn stay(state: State) -> Self {
        Self { state, show: Vec::new(), effect: None, change: Change::default() }
    }

    pub(super) fn here(state: State, screen: Screen) -> Self {
        Self { show: vec![Show::Here(screen)], ..Self::stay(state) }
    }

    pub(super) fn toast(state: State, text: Text) -> Self {
        Self { show: vec![Show::Toast(text)], ..Self::stay(state) }
    }

    pub(super) fn first(state: State, effect: Effect) -> Self {
        Self { effect: Some(effect), ..Self::stay(state) }
    }
}

/// Decides. Feed the result of an effect back in with the state that came with it.
pub fn step(context: &Context<'_>, state: State, event: Event) -> Decision {
    match event {
        Event::Came(input) => came(context, state, input),
        Event::Known(known) => known_now(context, state, known),
    }
}

/// The one place where admins are told from everybody else: who is none gets what they get for a word that nobody knows,
/// or for a button that never was.
fn guarded(context: &Context<'_>, state: State, input: Input) -> (State, Input) {
    if context.settings.is_admin(context.person) {
        return (state, input);
    }
    let input = match input {
        Input::Admin(_) => Input::Command(Command::Help),
        Input::Video(_) => Input::Other,
        Input::Press(Ok(Action::Admin { .. })) => Input::Press(Err(Stale::Foreign)),
        input => input,
    };
    (if matches!(state, State::Admin { .. }) { state.aside() } else { state }, input)
}

fn came(context: &Context<'_>, state: State, input: Input) -> Decision {
    let (state, input) = guarded(context, state, input);
    let gated = !context.consented && !matches!(input, Input::Press(Ok(Action::Consent)));
    match input {
        Input::Start { .. } if gated => ask_consent(context),
        Input::Start { .. } => welcome(context, state),
        Input::Command(
            command @ (Command::Terms | Command::Support | Command::Paysupport | Command::Lang),
        ) => told(context, state, command),
        Input::Press(Ok(Action::SetLanguage { lang })) => set_language(context, state, lang),
        Input::Admin(command) => admin::command(state, command),
        Input::Press(Ok(Action::Admin { admin })) => admin::press(context, state, admin),
        _ if gated => ask_consent(context),
        ref input if context.is_closed() && admin::waits_for_the_end(&state, input) => admin::closed(state),
        Input::Command(command) => told(context, state, command),
        Input::Text(text) => draft::text(context, state, &text),
        Input::Photo(photo) if state.is_idle() && context.settings.is_admin(context.person) => {
            Decision::here(state, admin::screens::photo(&photo))
        }
        Input::Photo(photo) => draft::photo(context, state, photo),
        Input::Video(video) if state.is_idle() => Decision::here(state, admin::screens::video(&video)),
        Input::Video(_) => draft::unreadable(context, state),
        Input::Other => draft::unreadable(context, state),
        Input::Press(Err(stale)) => Decision::toast(
            state,
            Text::new(match stale {
                Stale::Old => "toast-old",
                Stale::Used => "toast-used",
                Stale::Foreign => "toast-foreign",
            }),
        ),
        Input::Press(Ok(action)) => press::press(context, state, action),
    }
}

fn ask_consent(context: &Context<'_>) -> Decision {
    Decision::here(State::Consent, screens::consent(context))
}

fn welcome(context: &Context<'_>, state: State) -> Decision {
    let mut screen = Screen::new(Text::new("welcome"));
    if let Some(bonus) = context.bonus {
        screen = screen.paragraph(Text::new("welcome-bonus").text("credits", Text::credits(bonus)));
    }
    let demos = (context.is_new && !context.settings.demo_videos.is_empty()).then_some(Show::Demos);
    let show = demos.into_iter().chain([Show::New(screen), Show::New(screens::menu(context))]).collect();
    // A person who is in the middle of something and presses Start wants to begin anew; the draft is not lost.
    let state = if state == State::Consent { State::Menu } else { state.aside() };
    Decision { show, ..Decision::stay(state) }
}

fn set_language(context: &Context<'_>, state: State, lang: Lang) -> Decision {
    let context = &Context { lang, ..context.clone() };
    let next = if context.consented { screens::menu(context) } else { screens::consent(context) };
    let mut decision = Decision::here(state, next.after(Text::new("language-set")));
    decision.change.lang = Some(lang);
    decision
}

fn told(context: &Context<'_>, state: State, command: Command) -> Decision {
    match command {
        Command::Menu => Decision::here(state.aside(), screens::menu(context)),
        Command::Cabinet => Decision::here(state.aside(), screens::cabinet(context)),
        Command::Videos => Decision::first(state.aside(), Effect::Videos { after: None }),
        Command::Cancel => {
            let key = if state.draft().is_some() { "cancelled-draft" } else { "nothing-to-cancel" };
            Decision::here(State::Menu, screens::menu(context).after(Text::new(key)))
        }
        Command::Lang => Decision::here(state, screens::language()),
        Command::Help => Decision::here(state, Screen::new(Text::new("help")).menu()),
        Command::Terms => Decision::here(state, screens::terms(context)),
        Command::Paysupport => Decision::here(state, screens::paysupport(context)),
        Command::Support => Decision::here(state, screens::support(context)),
        Command::DeleteMe => Decision::here(state, screens::forget()),
    }
}

fn known_now(context: &Context<'_>, state: State, known: Known) -> Decision {
    match known {
        Known::Photo(sent, taken) => draft::photo_taken(context, state, sent, taken),
        Known::Placed(Placed::Order(order)) => {
            Decision { show: vec![Show::Card(order)], ..Decision::stay(State::Menu) }
        }
        Known::Placed(Placed::NoPhoto) => {
            Decision::here(State::Photo, screens::refused(context, &state, &Placed::NoPhoto))
        }
        Known::Placed(refused) => Decision::here(state.clone(), screens::refused(context, &state, &refused)),
        Known::Cancelled { videos, released, late } => Decision {
            show: vec![Show::New(screens::cancelled(videos, released, late))],
            ..Decision::stay(state)
        },
        Known::Recalled(brief) => draft::recalled(context, state, brief),
        Known::Videos(page) => Decision::here(state, screens::videos(&page)),
        Known::History(items) => Decision::here(state, screens::history(&items)),
        Known::Resend(videos) if videos.is_empty() => {
            let screen = Screen::new(Text::new("resend-none")).menu();
            Decision { show: vec![Show::New(screen)], ..Decision::stay(state) }
        }
        Known::Resend(videos) => {
            let video = |artifact| Show::Video(artifact, Text::new("result-caption"));
            Decision { show: videos.into_iter().map(video).collect(), ..Decision::stay(state) }
        }
        Known::Preview(preview) => draft::previewed(context, state, preview),
        Known::Script(script) => draft::scripted(state, &script),
        Known::Bill(known) => billed(context, state, known),
        Known::Done => Decision::stay(state),
        Known::Admin(known) => admin::known(context, state, known),
    }
}

fn billed(context: &Context<'_>, state: State, bill: Bill) -> Decision {
    let payment = match bill {
        Bill::Away => return Decision::here(state, screens::away(context)),
        Bill::Amiss => return Decision::here(state, screens::amiss(context)),
        Bill::Missing => return Decision::toast(state, Text::new("toast-foreign")),
        Bill::Asked(payment) if payment.state == PaymentState::Pending => {
            return match payment.provider {
                PayProvider::Stars => {
                    Decision { show: vec![Show::Invoice(payment)], ..Decision::stay(state) }
                }
                PayProvider::Yookassa => Decision::here(state, screens::bill(&payment)),
            };
        }
        Bill::Asked(payment) | Bill::Seen(payment) => payment,
    };
    match payment.state {
        PaymentState::Pending => Decision::toast(state, Text::new("toast-pay-waiting")),
        // The message comes by itself.
        PaymentState::Paid => Decision::toast(state, Text::new("toast-paid")),
        PaymentState::Refunding | PaymentState::Refunded => {
            Decision::toast(state, Text::new("toast-given-back"))
        }
        PaymentState::Cancelled | PaymentState::Expired => Decision::here(state, screens::unpaid(&payment)),
    }
}
