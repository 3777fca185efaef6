//! What each step looks like.

mod lists;
mod order;
mod pay;

pub(super) use lists::{history, videos};
pub(super) use order::{cancelled, confirm, not_enough, refused, script};
pub(crate) use pay::payment_news;
pub(super) use pay::{amiss, away, bill, topup, unpaid};

use neurocards::{Credits, Lang, PhotoWarning, TemplateId, Timestamp};

use super::action::Action;
use super::event::PhotoFault;
use super::state::{Draft, State};
use super::step::Context;
use crate::screen::{Button, Screen};
use crate::text::{Text, clip};

/// How many videos can be ordered at once.
pub(super) const COUNTS: [u32; 3] = [1, 3, 5];
/// Most characters of an own prompt, and of wishes, that are shown.
const PROMPT_SHOWN: usize = 1_500;
const WISHES_SHOWN: usize = 300;

fn credits(name: &str, text: Text, credits: Credits) -> Text {
    text.text(name, Text::credits(credits))
}

fn with_id(key: &str, context: &Context<'_>) -> Text {
    Text::new(key).words("id", context.person.to_string())
}

/// A moment as people read it: Moscow time, because Russian sellers are most of them.
pub(crate) fn moment(at: Timestamp) -> String {
    let moscow = chrono::FixedOffset::east_opt(3 * 3_600);
    let at = moscow.map_or_else(|| at.naive_utc(), |zone| at.with_timezone(&zone).naive_local());
    at.format("%d.%m %H:%M").to_string()
}

/// The menu.
pub fn menu(context: &Context<'_>) -> Screen {
    let text = credits("credits", Text::new("menu"), context.available);
    let closed = context.maintenance.as_ref().map(|_| Text::new("menu-maintenance"));
    Screen::new(credits("price", text, context.price))
        .lines(closed.into_iter().collect())
        .row([Button::act("btn-make", Action::Make)])
        .row([
            Button::act("btn-videos", Action::Videos { after: None }),
            Button::act("btn-cabinet", Action::Cabinet),
        ])
        .row([support_button(context)])
        .picture(context.settings.menu_picture.as_deref())
}

fn support_button(context: &Context<'_>) -> Button {
    match &context.settings.support_url {
        Some(url) => Button::open("btn-support", url),
        None => Button::act("btn-support", Action::Support),
    }
}

pub(super) fn consent(context: &Context<'_>) -> Screen {
    Screen::new(Text::new("consent"))
        .row(documents(context))
        .row([Button::act("btn-consent", Action::Consent)])
        .row([Button::act("btn-language", Action::Language)])
}

fn documents(context: &Context<'_>) -> Vec<Button> {
    let open = |key, url: &Option<String>| url.as_deref().map(|url| Button::open(key, url));
    let both =
        [open("btn-terms", &context.settings.terms_url), open("btn-privacy", &context.settings.privacy_url)];
    both.into_iter().flatten().collect()
}

pub(super) fn terms(context: &Context<'_>) -> Screen {
    let documents = documents(context);
    let key = if documents.is_empty() { "terms-none" } else { "terms" };
    Screen::new(Text::new(key)).row(documents).menu()
}

/// The account.
pub fn cabinet(context: &Context<'_>) -> Screen {
    let text =
        credits("credits", with_id("cabinet", context), context.available).number("held", context.held.0);
    let text = credits("held-credits", credits("price", text, context.price), context.held);
    let low = context.available < context.settings.few_credits;
    Screen::new(text)
        .lines(low.then(|| Text::new("cabinet-low")).into_iter().collect())
        .row([Button::act("btn-topup", Action::Topup)])
        .row([Button::act("btn-history", Action::History)])
        .row([Button::act("btn-language", Action::Language), support_button(context)])
        .menu()
}

/// Where to ask.
pub fn support(context: &Context<'_>) -> Screen {
    contact(context, "support")
}

pub(super) fn paysupport(context: &Context<'_>) -> Screen {
    contact(context, "paysupport")
}

fn contact(context: &Context<'_>, key: &str) -> Screen {
    match &context.settings.support_url {
        Some(url) => Screen::new(with_id(key, context)).row([Button::open("btn-support", url)]).menu(),
        None => Screen::new(with_id("support-none", context)).menu(),
    }
}

pub(super) fn language() -> Screen {
    let choose = |key, lang| Button::act(key, Action::SetLanguage { lang });
    Screen::new(Text::new("language"))
        .row([choose("btn-lang-ru", Lang::Ru), choose("btn-lang-en", Lang::En)])
        .menu()
}

pub(super) fn forget() -> Screen {
    Screen::new(Text::new("forget-ask"))
        .row([Button::act("btn-forget", Action::Forget)])
        .row([Button::act("btn-keep", Action::Menu)])
}

pub(super) fn ask_photo(context: &Context<'_>) -> Screen {
    let text = credits("credits", Text::new("ask-photo"), context.available);
    Screen::new(credits("price", text, context.price)).menu()
}

pub(super) fn photo_taken(warnings: &[PhotoWarning]) -> Screen {
    let line = |warning: &PhotoWarning| {
        Text::new(match warning {
            PhotoWarning::Dark { .. } => "warn-dark",
            PhotoWarning::Blurred { .. } => "warn-blurred",
            _ => "warn-small",
        })
    };
    let key = if warnings.is_empty() { "photo-taken" } else { "photo-taken-warned" };
    Screen {
        paragraphs: vec![std::iter::once(Text::new(key)).chain(warnings.iter().map(line)).collect()],
        rows: Vec::new(),
        picture: None,
    }
}

pub(super) fn photo_fault(fault: &PhotoFault) -> Text {
    let size = |key, width: u32, height: u32| {
        Text::new(key).words("width", width.to_string()).words("height", height.to_string())
    };
    match fault {
        PhotoFault::TooBig => Text::new("photo-too-big").number("limit", 20),
        PhotoFault::TooManyPixels(width, height) => size("photo-too-many-pixels", *width, *height),
        PhotoFault::TooSmall(width, height, least) => {
            size("photo-too-small", *width, *height).number("least", i64::from(*least))
        }
        PhotoFault::Strip => Text::new("photo-strip"),
        PhotoFault::NotAnImage => Text::new("photo-not-an-image"),
        PhotoFault::Animated => Text::new("photo-animated"),
        PhotoFault::Broken => Text::new("photo-broken"),
        PhotoFault::Away => Text::new("photo-away"),
    }
}

pub(super) fn ask_description() -> Screen {
    Screen::new(Text::new("ask-description")).menu()
}

pub(super) fn ask_template(draft: &Draft) -> Screen {
    let choose = |template: TemplateId| {
        Button::acting(template_name(template), Action::Template { draft: draft.id.clone(), template })
    };
    let row = TemplateId::ALL.map(|template| [choose(template)]);
    row.into_iter().fold(Screen::new(Text::new("ask-template")), Screen::row).menu()
}

fn template_name(template: TemplateId) -> Text {
    Text::new(format!("tpl-{template}"))
}

pub(super) fn ask_wishes(draft: &Draft) -> Screen {
    Screen::new(Text::new("ask-wishes"))
        .row([Button::act("btn-none", Action::NoWishes { draft: draft.id.clone() })])
        .menu()
}

pub(super) fn ask_own_prompt(draft: &Draft) -> Screen {
    let back = draft.count.map(|_| Button::act("btn-back", Action::Review { draft: draft.id.clone() }));
    Screen::new(Text::new("ask-own-prompt")).row(back).menu()
}

pub(super) fn own_prompt_check(draft: &Draft) -> Screen {
    let prompt = clip(draft.own_prompt.as_deref().unwrap_or_default(), PROMPT_SHOWN);
    Screen::new(Text::new("own-prompt-check").words("prompt", prompt))
        .row([
            Button::act("btn-use-prompt", Action::UsePrompt { draft: draft.id.clone() }),
            Button::act("btn-edit-prompt", Action::EditPrompt { draft: draft.id.clone() }),
        ])
        .menu()
}

fn count_buttons(draft: &Draft, price: Credits) -> Vec<Button> {
    let button = |count: u32| {
        let cost = price.checked_mul(count).unwrap_or_default();
        let label = Text::new("btn-count").number("count", i64::from(count));
        Button::acting(credits("price", label, cost), Action::Count { draft: draft.id.clone(), count })
    };
    COUNTS.map(button).into()
}

pub(super) fn ask_count(context: &Context<'_>, draft: &Draft) -> Screen {
    let text = credits("credits", Text::new("ask-count"), context.available);
    count_buttons(draft, context.price)
        .into_iter()
        .fold(Screen::new(text), |screen, button| screen.row([button]))
        .menu()
}

/// What is waited for, said again, with the buttons that belong to it.
pub(super) fn again(state: &State, text: Text) -> Screen {
    let like = match state {
        State::Template(draft) => ask_template(draft),
        State::Wishes(draft) => ask_wishes(draft),
        State::PromptCheck(draft) => own_prompt_check(draft),
        State::Count(draft) => Screen::new(Text::new(""))
            .row([Button::act("btn-recount", Action::Recount { draft: draft.id.clone() })])
            .menu(),
        State::Confirm(draft) => Screen::new(Text::new(""))
            .row([Button::act("btn-back", Action::Review { draft: draft.id.clone() })])
            .menu(),
        _ => Screen::new(Text::new("")).menu(),
    };
    Screen { paragraphs: vec![vec![text]], ..like }
}
