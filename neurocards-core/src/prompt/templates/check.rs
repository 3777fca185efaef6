//! Whether a template can serve.

use minijinja::UndefinedBehavior;

use super::super::wording::mentions_people;
use super::super::{PromptLimits, Variation};
use super::{Names, People, Shares, Template, TemplateError, render};

impl Template {
    /// Checks the fields, then renders every text.
    pub(super) fn check(&self) -> Result<(), TemplateError> {
        let bad = |field, problem| Err(TemplateError::Field { id: self.id, field, problem });
        let Shares { hook, benefits, ending } = self.shares;
        if [hook, benefits, ending].iter().any(|share| !(1..=1000).contains(share)) {
            return bad("shares", "must each be from 1 to 1000");
        }
        if self.video.prompt.is_empty() {
            return bad("video.prompt", "has no sentences");
        }
        let lists = [
            ("video.hero", &self.video.hero),
            ("video.place", &self.video.place),
            ("video.mood", &self.video.mood),
            ("video.camera", &self.video.camera),
        ];
        for (field, list) in lists {
            if list.iter().any(|word| word.trim().is_empty() || !word.is_ascii()) {
                return bad(field, "has an entry that is empty or not plain ASCII");
            }
            if (1..list.len()).any(|at| list[..at].contains(&list[at])) {
                return bad(field, "has an entry twice");
            }
            if self.people == People::None && list.iter().any(|word| mentions_people(word)) {
                return bad(field, "mentions people, but the template has `people = \"none\"`");
            }
        }
        self.check_rendering()
    }

    /// Renders every text for samples: short and long clips, single and several videos, with and without a wish.
    fn check_rendering(&self) -> Result<(), TemplateError> {
        let limits = PromptLimits { min_chars: 3, max_chars: 2_500 };
        for (seconds, count) in [(2, 1), (5, 1), (15, 5)] {
            let variation = Variation { index: count - 1, count, seed: 1 };
            let mut names = self.names(variation, seconds, "English", limits);
            for (field, text) in
                [("instructions.ru", &self.instructions.ru), ("instructions.en", &self.instructions.en)]
            {
                self.check_text(field, text, &names)?;
            }
            names.product = Some("the product in the photo");
            for wish in ["", "a calm video"] {
                names.wish = Some(wish);
                for sentence in &self.video.prompt {
                    self.check_text("video.prompt", sentence, &names)?;
                }
            }
        }
        Ok(())
    }

    fn check_text(&self, field: &'static str, text: &str, names: &Names<'_>) -> Result<(), TemplateError> {
        let rendered = render(text, names, UndefinedBehavior::Strict)
            .map_err(|source| TemplateError::Render { id: self.id, field, source: Box::new(source) })?;
        if field == "video.prompt" && !rendered.is_ascii() {
            return Err(TemplateError::Field { id: self.id, field, problem: "must be plain ASCII English" });
        }
        Ok(())
    }
}
