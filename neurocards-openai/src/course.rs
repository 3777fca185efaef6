//! The course of one question: what it took so far, and what to make of an answer.

use neurocards_core::{Fault, FaultClass, PromptUsage};

use crate::dialect::Question;
use crate::models::micro_usd;
use crate::patience::Patience;
use crate::reading::{Failure, NoContent, Spoken};

/// How often a request may be put differently for one question. Each dialect has fewer parts than that.
const MOST_ADAPTATIONS: u32 = 8;
/// Beyond so many tokens an answer is not waited for.
const MOST_TOKENS: u32 = 32_000;

/// Why an answer is not good enough.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) fault: Fault,
    /// What to tell the model.
    pub(crate) correction: String,
}

/// One question.
pub(crate) struct Course<'a> {
    pub(crate) question: &'a Question,
    pub(crate) patience: Patience,
    /// What was wrong with the last answer.
    pub(crate) correction: Option<String>,
    /// How many tokens the next answer may have.
    pub(crate) tokens: u32,
    usage: PromptUsage,
    /// In millionths of a millionth of a US dollar; `None` once a price is not known.
    cost: Option<u128>,
    adaptations: u32,
}

impl<'a> Course<'a> {
    pub(crate) fn new(question: &'a Question, patience: Patience, tokens: u32) -> Self {
        let usage = PromptUsage::default();
        Self { question, patience, correction: None, tokens, usage, cost: Some(0), adaptations: 0 }
    }

    /// A request leaves.
    pub(crate) fn asked(&mut self) {
        self.usage.requests += 1;
    }

    /// Whether the request may be put differently once more.
    pub(crate) fn adapts(&mut self) -> bool {
        self.adaptations += 1;
        self.adaptations <= MOST_ADAPTATIONS
    }

    /// What it took so far.
    pub(crate) fn usage(&self) -> PromptUsage {
        let cost_micro_usd = self.cost.filter(|_| self.usage.requests > 0).map(micro_usd);
        PromptUsage { cost_micro_usd, ..self.usage }
    }

    /// An answer came, and cost this.
    pub(crate) fn count(&mut self, cost: Option<u128>, spoken: &Spoken) {
        self.usage.input_tokens += spoken.tokens.input;
        self.usage.cached_tokens += spoken.tokens.cached;
        self.usage.output_tokens += spoken.tokens.output;
        self.cost = self.cost.zip(cost).map(|(sum, cost)| sum + cost);
    }

    /// Whether what a model said is of use. If not: why, and whether to ask again.
    pub(crate) fn weigh<T>(
        &mut self,
        model: &str,
        spoken: Spoken,
        judge: &(impl Fn(&str, &str) -> Result<T, Unfit> + Send + Sync),
    ) -> Result<T, Failure> {
        let failure = |class, code: &str, message: &str, again| Failure {
            fault: Fault::new(class, message).with_code(code),
            again,
        };
        match spoken.content {
            Ok(content) => judge(&content, spoken.model.as_deref().unwrap_or(model)).map_err(|unfit| {
                self.correction = Some(unfit.correction);
                Failure { fault: unfit.fault, again: true }
            }),
            Err(NoContent::Length) => {
                let more = self.tokens.saturating_mul(2).min(MOST_TOKENS.max(self.tokens));
                let again = more > self.tokens;
                self.tokens = more;
                let message = "the language model ran out of tokens before it had answered";
                Err(failure(FaultClass::Unknown, "length", message, again))
            }
            Err(NoContent::Empty) => {
                Err(failure(FaultClass::Unknown, "empty", "the language model answered with nothing", true))
            }
            // Asked again it would say the same. The brief may be fine all the same: who renders decides.
            Err(NoContent::Filter) => {
                let message = "the service's filter took the answer away";
                Err(failure(FaultClass::InvalidInput, "content_filter", message, false))
            }
            Err(NoContent::Refusal(words)) => {
                let message = format!("the language model refuses: {words}");
                Err(failure(FaultClass::InvalidInput, "refusal", &message, false))
            }
        }
    }
}
