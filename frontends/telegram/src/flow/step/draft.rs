//! From the photo to the card that is confirmed.

use neurocards::{Brief, DESCRIPTION_MAX_CHARS, OWN_PROMPT_MAX_CHARS, Script, TemplateId, WISHES_MAX_CHARS};

use super::super::admin;
use super::super::event::{Effect, PhotoFault, PhotoSent, Preview, Taken};
use super::super::screens;
use super::super::state::{Draft, State};
use super::{Context, Decision, Show};
use crate::screen::Screen;
use crate::text::Text;

/// An own prompt that is written again is taken as a whole from so many characters on; a shorter word is added.
const WHOLE_PROMPT_CHARS: usize = 50;

/// A text, wherever the dialogue stands.
pub(super) fn text(context: &Context<'_>, state: State, text: &str) -> Decision {
    let text = text.trim();
    match state {
        State::Admin { step, aside } => admin::text(context, step, aside, text),
        State::Menu | State::Aside(_) => {
            Decision::here(state.aside(), screens::menu(context).after(Text::new("menu-lost")))
        }
        State::Consent => Decision::here(State::Consent, screens::consent(context)),
        State::Photo => needed(State::Photo, "photo-needed"),
        State::Description(ref draft) => match checked(text, DESCRIPTION_MAX_CHARS) {
            Err(problem) => help(state, problem),
            Ok(text) => described(context, draft.clone(), text),
        },
        State::Template(_) => needed(state, "template-needed"),
        State::Wishes(ref draft) => match checked(text, WISHES_MAX_CHARS) {
            Err(problem) => help(state, problem),
            Ok(text) => wishes(context, draft.clone(), Some(text).filter(|text| !means_none(text))),
        },
        State::OwnPrompt(ref draft) | State::PromptCheck(ref draft) => {
            let whole = match &draft.own_prompt {
                Some(before) if text.chars().count() < WHOLE_PROMPT_CHARS => format!("{before}\n{text}"),
                _ => text.to_owned(),
            };
            match checked(&whole, OWN_PROMPT_MAX_CHARS) {
                Err(problem) => help(state, problem),
                Ok(prompt) => {
                    let draft = draft.clone().with(|draft| draft.own_prompt = Some(prompt));
                    let screen = screens::own_prompt_check(&draft);
                    Decision::here(State::PromptCheck(draft), screen)
                }
            }
        }
        State::Count(_) => needed(state, "count-needed"),
        State::Confirm(_) => needed(state, "confirm-needed"),
    }
}

/// A photo, wherever the dialogue stands: from the menu it begins a video, at the description it replaces the photo.
pub(super) fn photo(context: &Context<'_>, state: State, photo: PhotoSent) -> Decision {
    match state {
        State::Consent => Decision::here(State::Consent, screens::consent(context)),
        // The other photos of an album: one is enough, and has been answered.
        _ if photo.album.is_some() && state.draft().is_some_and(|draft| draft.album == photo.album) => {
            Decision::stay(state)
        }
        State::Menu | State::Aside(_) | State::Photo | State::Description(_) | State::Admin { .. } => {
            Decision::first(state, Effect::TakePhoto(photo))
        }
        State::Template(_) => needed(state, "template-needed"),
        State::Wishes(_) => needed(state, "wishes-needed"),
        State::OwnPrompt(_) | State::PromptCheck(_) => needed(state, "own-prompt-needed"),
        State::Count(_) => needed(state, "count-needed"),
        State::Confirm(_) => needed(state, "confirm-needed"),
    }
}

/// A voice, a sticker, a video.
pub(super) fn unreadable(context: &Context<'_>, state: State) -> Decision {
    match state {
        State::Menu | State::Aside(_) | State::Admin { .. } => {
            Decision::here(state.aside(), screens::menu(context).after(Text::new("menu-lost")))
        }
        State::Consent => Decision::here(State::Consent, screens::consent(context)),
        State::Photo => needed(state, "photo-needed"),
        State::Description(_) => needed(state, "description-needed"),
        State::Template(_) => needed(state, "template-needed"),
        State::Wishes(_) => needed(state, "wishes-needed"),
        State::OwnPrompt(_) | State::PromptCheck(_) => needed(state, "own-prompt-needed"),
        State::Count(_) => needed(state, "count-needed"),
        State::Confirm(_) => needed(state, "confirm-needed"),
    }
}

pub(super) fn photo_taken(
    context: &Context<'_>,
    state: State,
    sent: PhotoSent,
    taken: Result<Taken, PhotoFault>,
) -> Decision {
    let taken = match taken {
        Ok(taken) => taken,
        Err(fault) => {
            let waits = match state {
                State::Description(draft) => State::Description(draft),
                _ => State::Photo,
            };
            return Decision::here(waits, Screen::new(screens::photo_fault(&fault)).menu());
        }
    };
    let about = screens::photo_taken(&taken.warnings);
    let draft = match state {
        // The same product from another side.
        State::Description(draft) => draft.with(|draft| draft.photo = taken.photo),
        _ => Draft::new(context.fresh.clone(), taken.photo),
    };
    let draft = Draft { album: sent.album, ..draft };
    match sent.caption.as_deref().map(str::trim).filter(|caption| !caption.is_empty()) {
        None => {
            let screen = screens::ask_description();
            let show = vec![Show::New(about.paragraph(Text::new("photo-replace"))), Show::New(screen)];
            Decision { show, ..Decision::stay(State::Description(draft)) }
        }
        Some(caption) => {
            let mut decision = described(context, draft, caption.to_owned());
            decision.show.insert(0, Show::New(about));
            decision
        }
    }
}

fn described(context: &Context<'_>, draft: Draft, description: String) -> Decision {
    let draft = draft.with(|draft| draft.description = description);
    // Who only wanted another description has chosen the rest before.
    if draft.count.is_some() && is_told(&draft) {
        return review(context, draft);
    }
    let screen = screens::ask_template(&draft);
    Decision::here(State::Template(draft), screen)
}

pub(super) fn template(draft: Draft, template: TemplateId) -> Decision {
    let draft = draft.with(|draft| draft.template = Some(template));
    match template {
        TemplateId::Own => {
            let screen = screens::ask_own_prompt(&draft);
            Decision::here(State::OwnPrompt(draft), screen)
        }
        TemplateId::Ugc | TemplateId::Ad => {
            let draft = draft.with(|draft| draft.own_prompt = None);
            let screen = screens::ask_wishes(&draft);
            Decision::here(State::Wishes(draft), screen)
        }
    }
}

pub(super) fn wishes(context: &Context<'_>, draft: Draft, wishes: Option<String>) -> Decision {
    settled(context, draft.with(|draft| draft.wishes = wishes))
}

/// What the video says is settled: on to the number, or back to the check when that is known.
pub(super) fn settled(context: &Context<'_>, draft: Draft) -> Decision {
    // A script that somebody wrote themselves is an own prompt.
    let own = draft.own_prompt.is_some();
    let draft = draft.with(|draft| {
        if own {
            draft.template = Some(TemplateId::Own);
        }
    });
    if draft.count.is_some() {
        return review(context, draft);
    }
    let screen = screens::ask_count(context, &draft);
    Decision::here(State::Count(draft), screen)
}

pub(super) fn count(context: &Context<'_>, state: State, draft: Draft, count: u32) -> Decision {
    if !screens::COUNTS.contains(&count) {
        return Decision::stay(state);
    }
    let draft = draft.with(|draft| draft.count = Some(count));
    review(context, draft)
}

/// The card that is confirmed, or the step that is missing.
pub(super) fn review(context: &Context<'_>, draft: Draft) -> Decision {
    let Some(template) = draft.template else {
        let screen = screens::ask_template(&draft);
        return Decision::here(State::Template(draft), screen);
    };
    if template == TemplateId::Own && draft.own_prompt.is_none() {
        let screen = screens::ask_own_prompt(&draft);
        return Decision::here(State::OwnPrompt(draft), screen);
    }
    let Some(count) = draft.count else {
        let screen = screens::ask_count(context, &draft);
        return Decision::here(State::Count(draft), screen);
    };
    let cost = context.price.checked_mul(count);
    if cost.is_none_or(|cost| cost > context.available) {
        let screen = screens::not_enough(&draft, cost.unwrap_or_default(), context.available);
        return Decision::here(State::Count(draft), screen);
    }
    let screen = screens::confirm(context, &draft, template, count);
    Decision::here(State::Confirm(draft), screen)
}

/// Template, and what it asks for.
pub(super) fn is_told(draft: &Draft) -> bool {
    draft.template.is_some_and(|template| template != TemplateId::Own || draft.own_prompt.is_some())
}

/// The product of an earlier order, with everything that was chosen: only the number is asked again.
pub(super) fn recalled(context: &Context<'_>, state: State, brief: Option<Brief>) -> Decision {
    let Some(brief) = brief else { return Decision::toast(state, Text::new("toast-foreign")) };
    let draft = Draft {
        description: brief.description,
        template: None,
        wishes: brief.wishes,
        own_prompt: brief.own_prompt,
        ..Draft::new(context.fresh.clone(), brief.photo)
    };
    let screen = screens::ask_template(&draft);
    Decision { show: vec![Show::New(screen)], ..Decision::stay(State::Template(draft)) }
}

pub(super) fn previewed(context: &Context<'_>, state: State, preview: Preview) -> Decision {
    let Some(draft) = state.draft().cloned() else { return Decision::stay(state) };
    let (video, about) = match preview {
        Preview::Made { artifact, left } => {
            let caption = Text::new("draft-caption");
            (Some(Show::Video(artifact, caption)), Text::new("draft-left").number("left", i64::from(left)))
        }
        Preview::Spent { until } => (None, Text::new("draft-spent").words("until", screens::moment(until))),
        Preview::Failed => (None, Text::new("draft-failed")),
    };
    let again = review(context, draft);
    let cards = again.show.into_iter().map(|show| match show {
        Show::Here(screen) => Show::New(screen.after(about.clone())),
        other => other,
    });
    Decision { show: video.into_iter().chain(cards).collect(), ..Decision::stay(again.state) }
}

pub(super) fn scripted(state: State, script: &Script) -> Decision {
    let Some(draft) = state.draft() else { return Decision::stay(state) };
    let screen = screens::script(draft, script);
    Decision::here(state, screen)
}

/// Helps with what is waited for, and goes on waiting.
fn needed(state: State, key: &str) -> Decision {
    help(state, Text::new(key))
}

fn help(state: State, text: Text) -> Decision {
    let screen = screens::again(&state, text);
    Decision::here(state, screen)
}

fn checked(text: &str, limit: usize) -> Result<String, Text> {
    let text: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    let chars = text.chars().count();
    if text.trim().is_empty() {
        return Err(Text::new("text-empty"));
    }
    if chars > limit {
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        return Err(Text::new("text-too-long").number("chars", number(chars)).number("limit", number(limit)));
    }
    Ok(text)
}

/// Words that say that there are no wishes: the whole text, not its beginning.
fn means_none(text: &str) -> bool {
    let word = text.trim().trim_end_matches(['.', '!']).to_lowercase();
    matches!(
        word.as_str(),
        "" | "-" | "—" | "–" | "нет" | "no" | "none" | "без пожеланий" | "пожеланий нет" | "нет пожеланий"
    )
}
