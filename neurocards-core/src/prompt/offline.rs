//! The builder that needs no network and never fails.

use async_trait::async_trait;

use super::clauses::{ended, room};
use super::clean::plain;
use super::fit::{chars, fit};
use super::script::Reading;
use super::templates::{Facts, People, Template, Templates};
use super::wording::{ascii, mentions_people};
use super::{Prompt, PromptBuilder, PromptError, PromptRequest};
use crate::brief::{Brief, Lang, TemplateId};

/// How the prompt calls a product whose name it cannot give in English.
const PRODUCT: &str = "the product in the photo";
/// Most characters of an English product name, and of an English wish.
const NAME_MAX_CHARS: usize = 60;
const WISH_MAX_CHARS: usize = 240;
/// Product facts shorter than this say too little to be worth their label.
const FACTS_MIN_CHARS: usize = 24;

/// Builds prompts from the templates alone: the default without a language model, and what every other builder falls
/// back to.
///
/// For `ugc` and `ad` the prompt is plain ASCII English. An English description gives it the product's name and
/// English wishes give it one sentence; Russian ones are left out, because the video models that take only English
/// refuse the whole prompt otherwise: the photo shows the product, and the script keeps the seller's language. Words
/// that bring people into an `ad` are left out too. For `self` the seller's prompt goes through in its own language,
/// without links, markup and emoji, followed by the product's description as far as there is room.
#[derive(Debug, Clone, Default)]
pub struct OfflinePrompts {
    templates: Templates,
}

impl OfflinePrompts {
    /// The value of [`Prompt::source`] for these prompts.
    pub const SOURCE: &'static str = "offline";

    /// A builder over these templates.
    pub fn new(templates: Templates) -> Self {
        Self { templates }
    }

    /// Builds the prompt: the same request gives the same prompt, within the limits, never empty while the limit
    /// allows one character.
    pub fn write(&self, request: &PromptRequest<'_>) -> Prompt {
        let template = self.templates.get(request.brief.template);
        let reading = Reading::of(&request.brief.description);
        let body = match request.brief.template {
            TemplateId::Own => own_body(template, request),
            TemplateId::Ugc | TemplateId::Ad => body(template, &reading, request),
        };
        Prompt {
            text: Prompt::with_clauses(&body, request.limits),
            script: reading.script(request.brief.lang, request.variation),
            source: Self::SOURCE.to_owned(),
            usage: None,
        }
    }
}

#[async_trait]
impl PromptBuilder for OfflinePrompts {
    async fn build(&self, request: &PromptRequest<'_>) -> Result<Prompt, PromptError> {
        Ok(self.write(request))
    }
}

/// The template's sentences that fit: one that is too long makes way for the next.
fn body(template: &Template, reading: &Reading, request: &PromptRequest<'_>) -> String {
    let alone = template.people() == People::None;
    let product = english_name(request.brief, reading).filter(|name| !alone || !mentions_people(name));
    let product = product.map_or_else(|| PRODUCT.to_owned(), |name| format!("{PRODUCT} ({name})"));
    let wish =
        english_wish(request.brief).filter(|wish| !alone || !mentions_people(wish)).unwrap_or_default();
    let sentences = template.sentences(request, Facts { product: &product, wish: &wish });
    let room = room(request.limits);
    let mut body = String::new();
    for sentence in sentences {
        let gap = usize::from(!body.is_empty());
        if chars(&body) + gap + chars(&sentence) <= room {
            if gap == 1 {
                body.push(' ');
            }
            body.push_str(&sentence);
        }
    }
    body
}

/// The seller's prompt, then the product's description where there is room.
pub(super) fn own_body(template: &Template, request: &PromptRequest<'_>) -> String {
    let reading = || Reading::of(&request.brief.description);
    let room = room(request.limits);
    let own = plain(request.brief.own_prompt.as_deref().unwrap_or_default());
    let own = if own.is_empty() { body(template, &reading(), request) } else { fit(&ended(&own), room) };
    let facts = plain(&request.brief.description);
    let label = match Lang::detect(&facts) {
        Lang::Ru => "Товар:",
        Lang::En => "Product:",
    };
    let left = room.saturating_sub(chars(&own) + chars(label) + 2);
    let facts = fit(&ended(&facts), left);
    if chars(&facts) < FACTS_MIN_CHARS.min(left) || facts.is_empty() {
        own
    } else {
        format!("{own} {label} {facts}")
    }
}

/// A short product name, when the description is English.
fn english_name(brief: &Brief, reading: &Reading) -> Option<String> {
    if Lang::detect(&brief.description) != Lang::En {
        return None;
    }
    let name = ascii(reading.product_name()?)?.replace(['(', ')'], "");
    let name = fit(&name, NAME_MAX_CHARS);
    let name = name.trim_end_matches(['.', '!', '?']);
    name.contains(|c: char| c.is_ascii_alphabetic()).then(|| name.to_owned())
}

/// An English wish as one sentence without its full stop.
fn english_wish(brief: &Brief) -> Option<String> {
    let wish = plain(brief.wishes.as_deref()?).replace('\n', ". ").replace("..", ".");
    if Lang::detect(&wish) != Lang::En {
        return None;
    }
    let wish = fit(&ascii(&wish)?, WISH_MAX_CHARS);
    let wish = wish.trim_end_matches(['.', '!', '?', ' ', ',']);
    (wish.contains(|c: char| c.is_ascii_alphabetic())).then(|| wish.to_owned())
}
