//! Asking until there is an answer of use, within limits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use neurocards_core::{Clock, Entropy, Fault, FaultClass, PromptUsage};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::circuit::{Circuit, Scope};
use crate::connection::{Connection, Reply};
use crate::course::{Course, Unfit};
use crate::dialect::{Dialect, Part, Question};
use crate::models::{LanguageModel, LanguageModels};
use crate::patience::Patience;
use crate::reading::{Failure, Reading, Spoken, failure, read};
use crate::settings::{Limits, OpenAiBuilder};

/// How long the list of models is waited for.
const LIST_LIMIT: Duration = Duration::from_secs(20);

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

    /// The models that the service says it has, by their ids. Free, and asked once: for looking whether the key is taken
    /// and the models are there.
    ///
    /// # Errors
    /// The service did not answer, refuses the key, or does not tell: then of the class `model_unavailable`, and
    /// compatible servers may well serve all the same.
    pub async fn listed(&self) -> Result<Vec<String>, Fault> {
        let parts = &self.parts;
        let reply = parts.connection.get("models", LIST_LIMIT).await?;
        let rows = reply.body["data"].as_array().filter(|_| (200..300).contains(&reply.status));
        let Some(rows) = rows else {
            return Err(failure(&reply, &parts.connection, parts.clock.now()).fault);
        };
        Ok(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned).collect())
    }

    /// Asks until `judge`, which gets the answer and the model, is content, within the limits of tries and time.
    pub(crate) async fn ask<T>(
        &self,
        question: &Question,
        judge: impl Fn(&str, &str) -> Result<T, Unfit> + Send + Sync,
    ) -> (Result<T, Fault>, PromptUsage) {
        let parts = &self.parts;
        let patience = Patience::new(parts.limits, parts.clock());
        let mut course = Course::new(question, patience, parts.limits.tokens);
        let answer = parts.ask_in_turn(&mut course, &judge).await;
        (answer, course.usage())
    }

    /// Posts to another path of the same service, as often as it takes within the limits, until a reply has this field.
    pub(crate) async fn post(&self, path: &str, body: &impl Serialize, field: &str) -> Result<Value, Fault> {
        let parts = &self.parts;
        parts.circuit.admit(&Scope::Service, parts.clock.monotonic())?;
        let mut patience = Patience::new(parts.limits, parts.clock());
        loop {
            let limit = patience.for_request(parts.clock())?;
            let failure = match parts.connection.post(path, body, limit).await {
                Ok(Reply { status: 200..=299, body, .. }) if body.get(field).is_some() => {
                    parts.circuit.worked(&Scope::Service);
                    return Ok(body);
                }
                Ok(reply) => failure(&reply, &parts.connection, parts.clock.now()),
                Err(fault) => Failure { fault, again: true },
            };
            if let Err(fault) = patience.pause(failure, parts.clock(), &parts.entropy).await {
                if fault.class != FaultClass::ModelUnavailable {
                    parts.circuit.gave_up(&Scope::Service, &fault, parts.clock.monotonic());
                }
                return Err(fault);
            }
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.parts.clock()
    }

    /// What came from outside, fit to be shown.
    pub(crate) fn said(&self, text: &str) -> String {
        self.parts.connection.said(text)
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
            let limit = course.patience.for_request(self.clock())?;
            let dialect = self.dialect(model);
            if !dialect.can_ask(course.question) {
                return Err(Fault::new(FaultClass::InvalidInput, "the language model does not see photos"));
            }
            let failure = match self.exchange(model, &dialect, course, limit).await {
                Ok(Reading::Refused(part, fault)) => {
                    if course.adapts() && self.learn(model, &dialect, &part) {
                        tracing::warn!(model, ?part, %fault, "the server does not take a part of the request");
                        continue;
                    }
                    Failure { fault, again: false }
                }
                Ok(Reading::Failed(failure)) => failure,
                Ok(Reading::Spoke(spoken)) => {
                    self.circuit.worked(&Scope::Service);
                    self.circuit.worked(&Scope::Model(model.to_owned()));
                    match course.weigh(model, spoken, judge) {
                        Ok(answer) => return Ok(answer),
                        Err(failure) => failure,
                    }
                }
                Err(fault) => Failure { fault, again: true },
            };
            course.patience.pause(failure, self.clock(), &self.entropy).await?;
        }
    }

    /// One request.
    async fn exchange(
        &self,
        model: &str,
        dialect: &Dialect,
        course: &mut Course<'_>,
        limit: Duration,
    ) -> Result<Reading, Fault> {
        let correction = course.correction.as_deref();
        let body = dialect.body(model, course.question, correction, course.tokens, &self.parameters);
        course.asked();
        let reply = self.connection.post("chat/completions", &body, limit).await?;
        let reading = read(&reply, &self.connection, dialect, &self.parameters, self.clock.now());
        if let Reading::Spoke(spoken) = &reading {
            course.count(self.cost(model, spoken), spoken);
        }
        Ok(reading)
    }

    fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
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
