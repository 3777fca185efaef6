//! The three lines of a video, taken from the seller's own words.
//!
//! Known weakness: this is a reading by rules. It knows Russian and English, it does not translate, and a line in
//! the description's language stays in it even when the brief asks for the other.

mod benefit;
mod call;
mod hook;
mod line;
mod phrases;
mod price;

pub(super) use hook::product_name;

use super::{Script, Variation};
use crate::brief::Brief;

impl Script {
    /// Reads the three lines from the description. The same brief and variation give the same lines; the videos of
    /// one order differ in the benefit while the description has several, and in the wording of hook and call.
    ///
    /// Lines are plain text without links, telephone numbers, tags, markup and emoji, at most
    /// [`Script::LINE_MAX_CHARS`] long and mostly half of it, cut between words only. No line is empty: where the
    /// description gives nothing, a line that promises nothing stands in.
    #[must_use]
    pub fn from_brief(brief: &Brief, variation: Variation) -> Self {
        let phrases = phrases::phrases(&brief.description);
        let price = price::price(&phrases);
        let hook = hook::hook(&phrases, brief.lang, variation);
        Self {
            benefit: benefit::benefit(&phrases, &hook, brief.lang, variation),
            call_to_action: call::call(&phrases, price.as_ref(), brief.lang, variation),
            hook: hook.line,
        }
    }
}
