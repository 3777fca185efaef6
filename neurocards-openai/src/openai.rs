//! Asking until there is an answer of use, within limits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use neurocards_core::{Clock, Entropy, Fault, FaultClass, PromptUsage};
use serde_json::{Map, Value};

use crate::circuit::{Circuit, Scope};
use crate::connection::{Connection, Reply};
use crate::dialect::{Dialect, Part, Question};
use crate::models::{LanguageModel, LanguageModels, micro_usd};
use crate::reading::{NoContent, Reading, Spoken, read};
use crate::settings::{Limits, OpenAiBuilder};
use crate::wait::before_next;

/// How often a request may be put differently for one question. Each dialect has fewer parts than that.
const MOST_ADAPTATIONS: u32 = 8;
/// Beyond so many tokens an answer is not waited for.
const MOST_TOKENS: u32 = 32_000;
/// With less time left no request is begun.
const LEAST_TIME: Duration = Duration::from_secs(2);

/// An OpenAI-compatible service. Cheap to clone; clones share what they learn of it.
#[derive(Clone)]
pub struct OpenAi {
    parts: Arc<Parts>,
}

struct Parts {
    connection: Connection,
    /// Whom to ask, in this order.
    chain: Vec<String>,
    models: LanguageModels,
    limits: Limits,
    parameters: Map<String, Value>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    circuit: Circuit,
    /// How each model has to be asked.
    dialects: Mutex<HashMap<String, Dialect>>,
}

/// Why an answer is not good enough.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) fault: Fault,
    /// What to tell the model.
    pub(crate) correction: String,
}

/// The course of one question.
struct Course<'a> {
    question: &'a Question,
    /// When everything ends, in monotonic time.
    ends: Duration,
    usage: PromptUsage,
    /// In millionths of a millionth of a US dollar; `None` once a price is not known.
    cost: Option<u128>,
    tries: u32,
    adaptations: u32,
    tokens: u32,
    correction: Option<String>,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi")
            .field("connection", &self.parts.connection)
            .field("models", &self.parts.chain)
            .finish_non_exhaustive()
    }
}

impl OpenAi {
    /// OpenAI's own service.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// Begins with the defaults.
    pub fn builder() -> OpenAiBuilder {
        OpenAiBuilder::default()
    }

    pub(crate) fn new(
        connection: Connection,
        chain: Vec<String>,
        models: LanguageModels,
        limits: Limits,
        parameters: Map<String, Value>,
        (clock, entropy): (Arc<dyn Clock>, Entropy),
    ) -> Self {
        let (circuit, dialects) = (Circuit::default(), Mutex::default());
        let parts =
            Parts { connection, chain, models, limits, parameters, clock, entropy, circuit, dialects };
        Self { parts: Arc::new(parts) }
    }

    /// The models that are asked: each when those before it are not there.
    pub fn chain(&self) -> &[String] {
        &self.parts.chain
    }

    /// What the table says of the models that are asked, as far as it knows them: prices, and when they leave. Prices
    /// are those of OpenAI's own service.
    pub fn known_models(&self) -> impl Iterator<Item = &LanguageModel> {
        self.parts.chain.iter().filter_map(|model| self.parts.models.get(model))
    }

    /// Asks until `judge`, which gets the answer and the model, is content, within the limits of tries and time.
    pub(crate) async fn ask<T>(
        &self,
        question: &Question,
        judge: impl Fn(&str, &str) -> Result<T, Unfit> + Send + Sync,
    ) -> (Result<T, Fault>, PromptUsage) {
        let parts = &self.parts;
        let mut course = Course {
            question,
            ends: parts.clock.monotonic() + parts.limits.whole,
            usage: PromptUsage::default(),
            cost: Some(0),
            tries: 0,
            adaptations: 0,
            tokens: parts.limits.tokens,
            correction: None,
        };
        let answer = parts.ask_in_turn(&mut course, &judge).await;
        let cost_micro_usd = course.cost.filter(|_| course.usage.requests > 0).map(micro_usd);
        (answer, PromptUsage { cost_micro_usd, ..course.usage })
    }
}

impl Parts {
    async fn ask_in_turn<T>(
        &self,
        course: &mut Course<'_>,
        judge: &(impl Fn(&str, &str) -> Result<T, Unfit> + Send + Sync),
    ) -> Result<T, Fault> {
        self.circuit.admit(&Scope::Service, self.clock.monotonic())?;
        let mut last = Fault::new(FaultClass::ModelUnavailable, "there is no model to ask");
        for model in &self.chain {
            let scope = Scope::Model(model.clone());
            last = match self.circuit.admit(&scope, self.clock.monotonic()) {
                Err(resting) => resting,
                Ok(()) => match self.ask_model(model, course, judge).await {
                    Err(fault) if fault.class == FaultClass::ModelUnavailable => {
                        self.circuit.gave_up(&scope, &fault, self.clock.monotonic());
                        fault
                    }
                    Err(fault) => {
                        self.circuit.gave_up(&Scope::Service, &fault, self.clock.monotonic());
                        return Err(fault);
                    }
                    Ok(answer) => return Ok(answer),
                },
            };
        }
        Err(last)
    }

    /// Asks one model until it is clear whether it can answer.
    async fn ask_model<T>(
        &self,
        model: &str,
        course: &mut Course<'_>,
        judge: &(impl Fn(&str, &str) -> Result<T, Unfit> + Send + Sync),
    ) -> Result<T, Fault> {
        loop {
            let left = course.ends.saturating_sub(self.clock.monotonic());
            if left < LEAST_TIME {
                return Err(Fault::new(FaultClass::Temporary, "there is no time left to ask again"));
            }
            let dialect = self.dialect(model);
            let (fault, again, asked) = match self.exchange(model, &dialect, course, left).await {
                Ok((reply, Reading::Refused(part, fault))) => {
                    course.adaptations += 1;
                    if course.adaptations <= MOST_ADAPTATIONS && self.learn(model, &dialect, &part) {
                        tracing::warn!(model, ?part, %fault, "the server does not take a part of the request");
                        continue;
                    }
                    (fault, false, reply.asked.wait(self.clock.now()))
                }
                Ok((reply, Reading::Failed { fault, again })) => {
                    (fault, again, reply.asked.wait(self.clock.now()))
                }
                Ok((_, Reading::Spoke(spoken))) => {
                    self.circuit.worked(&Scope::Service);
                    self.circuit.worked(&Scope::Model(model.to_owned()));
                    match course.weigh(model, spoken, judge) {
                        Ok(answer) => return Ok(answer),
                        Err((fault, again)) => (fault, again, None),
                    }
                }
                Err(fault) => (fault, true, None),
            };
            course.tries += 1;
            let fault = asked.map_or_else(|| fault.clone(), |asked| fault.clone().with_retry_after(asked));
            if !again || course.tries >= self.limits.tries {
                return Err(fault);
            }
            let wait = before_next(course.tries - 1, asked, self.entropy.unit());
            let left = course.ends.saturating_sub(self.clock.monotonic());
            let Some(wait) = wait.filter(|wait| *wait + LEAST_TIME <= left) else { return Err(fault) };
            tracing::debug!(model, %fault, ?wait, "asking again");
            self.clock.sleep(wait).await;
        }
    }

    /// One request.
    async fn exchange(
        &self,
        model: &str,
        dialect: &Dialect,
        course: &mut Course<'_>,
        left: Duration,
    ) -> Result<(Reply, Reading), Fault> {
        let correction = course.correction.as_deref();
        let body = dialect.body(model, course.question, correction, course.tokens, &self.parameters);
        course.usage.requests += 1;
        let limit = self.limits.request.min(left);
        let reply = self.connection.post("chat/completions", &body, limit).await?;
        let reading = read(&reply, &self.connection, dialect, &self.parameters);
        if let Reading::Spoke(spoken) = &reading {
            course.count(self.cost(model, spoken), spoken);
        }
        Ok((reply, reading))
    }

    fn dialect(&self, model: &str) -> Dialect {
        let dialects = self.dialects.lock().unwrap_or_else(PoisonError::into_inner);
        dialects.get(model).cloned().unwrap_or_default()
    }

    /// Remembers that a part was refused when it was asked in this dialect; `false` when nothing can be left out. What
    /// somebody else has learned in the meantime stands.
    fn learn(&self, model: &str, asked_in: &Dialect, part: &Part) -> bool {
        let Some(next) = asked_in.without(part) else { return false };
        let mut dialects = self.dialects.lock().unwrap_or_else(PoisonError::into_inner);
        let known = dialects.entry(model.to_owned()).or_default();
        if known == asked_in {
            *known = next;
        }
        true
    }

    /// What an answer cost: by the server's word, else by the table, which holds for OpenAI's own service only.
    fn cost(&self, model: &str, spoken: &Spoken) -> Option<u128> {
        match spoken.charged {
            Some(micro_usd) => Some(u128::from(micro_usd) * 1_000_000),
            None if self.connection.is_openai() => self.models.cost(model, spoken.tokens),
            None => None,
        }
    }
}

impl Course<'_> {
    fn count(&mut self, cost: Option<u128>, spoken: &Spoken) {
        self.usage.input_tokens += spoken.tokens.input;
        self.usage.cached_tokens += spoken.tokens.cached;
        self.usage.output_tokens += spoken.tokens.output;
        self.cost = self.cost.zip(cost).map(|(sum, cost)| sum + cost);
    }

    /// Whether what a model said is of use. If not: why, and whether to ask again.
    fn weigh<T>(
        &mut self,
        model: &str,
        spoken: Spoken,
        judge: &(impl Fn(&str, &str) -> Result<T, Unfit> + Send + Sync),
    ) -> Result<T, (Fault, bool)> {
        let fault = |class, code: &str, message: &str| Fault::new(class, message).with_code(code);
        match spoken.content {
            Ok(content) => judge(&content, spoken.model.as_deref().unwrap_or(model)).map_err(|unfit| {
                self.correction = Some(unfit.correction);
                (unfit.fault, true)
            }),
            Err(NoContent::Length) => {
                let more = self.tokens.saturating_mul(2).min(MOST_TOKENS.max(self.tokens));
                let again = more > self.tokens;
                self.tokens = more;
                let message = "the language model ran out of tokens before it had answered";
                Err((fault(FaultClass::Unknown, "length", message), again))
            }
            Err(NoContent::Empty) => {
                Err((fault(FaultClass::Unknown, "empty", "the language model answered with nothing"), true))
            }
            // Asked again it would say the same. The brief may be fine all the same: who renders decides.
            Err(NoContent::Filter) => {
                let message = "the service's filter took the answer away";
                Err((fault(FaultClass::InvalidInput, "content_filter", message), false))
            }
            Err(NoContent::Refusal(words)) => {
                let message = format!("the language model refuses: {words}");
                Err((fault(FaultClass::InvalidInput, "refusal", &message), false))
            }
        }
    }
}
