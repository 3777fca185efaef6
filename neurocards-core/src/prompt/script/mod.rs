//! The three lines of a video, taken from the seller's own words.
//!
//! Known weakness: this is a reading by rules. It knows Russian and English, it does not translate, and a line in
//! the description's language stays in it even when the brief asks for the other. Of other languages it repeats
//! words; [`Script::warning`] says so.

mod benefit;
mod call;
mod hook;
mod line;
mod old;
mod phrases;
mod price;
mod size;
#[cfg(test)]
mod tests;
mod tongue;

pub use tongue::CaptionWarning;

use self::phrases::Phrase;
use self::price::Price;
use self::tongue::Tongue;
use super::clean::scrubbed;
use super::{Script, Variation};
use crate::brief::{Brief, Lang};

impl Script {
    /// Reads the three lines from the description. The same brief and variation give the same lines; the videos of
    /// one order differ in the benefit while the description has several, and in the wording of hook and call.
    ///
    /// Lines are plain text without links, telephone numbers, tags, markup and emoji, at most
    /// [`Script::LINE_MAX_CHARS`] long and mostly half of it, cut between words only. The price stands in the call,
    /// the measure of the product in the benefit when there is room. No line is empty: where the description gives
    /// nothing, a line that promises nothing stands in.
    #[must_use]
    pub fn from_brief(brief: &Brief, variation: Variation) -> Self {
        Reading::of(&brief.description).script(brief.lang, variation)
    }
}

/// What a description says.
#[derive(Debug)]
pub(super) struct Reading {
    tongue: Tongue,
    phrases: Vec<Phrase>,
    /// The phrase that names the product.
    opening: Option<usize>,
    price: Option<Price>,
    size: Option<String>,
}

impl Reading {
    pub(super) fn of(description: &str) -> Self {
        let text = scrubbed(description);
        let tongue = tongue::tongue(&text);
        let phrases = if tongue == Tongue::Unreadable { Vec::new() } else { phrases::phrases_of(&text) };
        let opening = hook::opening(&phrases);
        Self { tongue, opening, price: price::price(&text), size: size::size(&phrases, opening), phrases }
    }

    pub(super) fn script(&self, lang: Lang, variation: Variation) -> Script {
        let hook = hook::hook(self, lang, variation);
        let benefit = benefit::benefit(self, &hook, lang, variation);
        let call_to_action = call::call(self, [&hook.line, &benefit], lang, variation);
        Script { hook: hook.line, benefit, call_to_action }
    }

    /// The product's name as its seller gives it, when the description begins with one.
    pub(super) fn product_name(&self) -> Option<&str> {
        hook::name_in(&self.phrases[self.opening?].text).map(|(name, _)| name)
    }
}
