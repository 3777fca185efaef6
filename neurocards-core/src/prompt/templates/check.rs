//! Whether a template can serve.

use super::super::wording::mentions_people;
use super::super::{PromptLimits, Variation};
use super::texts::ParsedTexts;
use super::{INSTRUCTIONS_EN, INSTRUCTIONS_RU, People, Shares, Template, TemplateError, sentence};

impl Template {
    /// Checks the fields, then parses and renders every text.
    pub(super) fn check(&mut self) -> Result<(), TemplateError> {
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
        let sentences: Vec<String> = (0..self.video.prompt.len()).map(sentence).collect();
        let prompt = sentences.iter().map(String::as_str).zip(self.video.prompt.iter().map(String::as_str));
        let instructions =
            [(INSTRUCTIONS_RU, self.instructions.ru.as_str()), (INSTRUCTIONS_EN, &self.instructions.en)];
        let parsed = ParsedTexts::parse(instructions.into_iter().chain(prompt));
        self.parsed = parsed.map_err(|(name, source)| self.unrendered(name, source))?;
        self.check_rendering(&sentences)
    }

    /// Renders every text for samples: short and long clips, single and several videos, with and without a wish.
    fn check_rendering(&self, sentences: &[String]) -> Result<(), TemplateError> {
        let strict = self.parsed.strict();
        let render = |name: &str, names: &minijinja::Value| {
            strict.render(name, names).map_err(|source| self.unrendered(name, source))
        };
        let limits = PromptLimits { min_chars: 3, max_chars: 2_500 };
        for (seconds, count) in [(2, 1), (5, 1), (15, 5)] {
            let variation = Variation { index: count - 1, count, seed: 1 };
            let mut names = self.names(variation, seconds, "English", limits);
            for name in [INSTRUCTIONS_RU, INSTRUCTIONS_EN] {
                render(name, &names.value())?;
            }
            names.product = Some("the product in the photo");
            for wish in ["", "a calm video"] {
                names.wish = Some(wish);
                for name in sentences {
                    if !render(name, &names.value())?.is_ascii() {
                        let problem = "must be plain ASCII English";
                        return Err(TemplateError::Field { id: self.id, field: "video.prompt", problem });
                    }
                }
            }
        }
        Ok(())
    }

    fn unrendered(&self, name: &str, source: minijinja::Error) -> TemplateError {
        let fields = [INSTRUCTIONS_RU, INSTRUCTIONS_EN];
        let field = fields.into_iter().find(|field| *field == name).unwrap_or("video.prompt");
        TemplateError::Render { id: self.id, field, source: Box::new(source) }
    }
}
