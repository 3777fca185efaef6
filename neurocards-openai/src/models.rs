//! What is known of language models: prices, and when they leave. Data, in `models.toml`.

use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;
use serde::Deserialize;

/// A millionth of a million-token price: prices are per million tokens.
const TOKENS: u128 = 1_000_000;

/// The table of language models. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LanguageModels(Arc<Table>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    default: String,
    #[serde(default)]
    model: Vec<LanguageModel>,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModel {
    /// Its id. Dated forms of it, `id-2026-09-01`, are the same model.
    pub id: String,
    /// Price of input, in millionths of a US dollar for a million tokens.
    pub input: u64,
    /// Price of input that the service had read before.
    pub cached: u64,
    /// Price of output.
    pub output: u64,
    /// The day on which the service stops serving it.
    #[serde(default, deserialize_with = "day")]
    pub leaves: Option<NaiveDate>,
    /// The model to use instead.
    pub successor: Option<String>,
}

/// Tokens of one answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the table of language models cannot be read")]
pub struct LanguageModelsError(#[source] Box<toml::de::Error>);

impl LanguageModels {
    /// The table that comes with the crate.
    pub fn builtin() -> Self {
        static BUILTIN: LazyLock<LanguageModels> = LazyLock::new(|| {
            LanguageModels::parse(include_str!("../models.toml")).expect("a test reads the built-in table")
        });
        BUILTIN.clone()
    }

    /// A table of the form of `neurocards-openai/models.toml`.
    ///
    /// # Errors
    /// The text is not TOML of that form; the source says where.
    pub fn parse(text: &str) -> Result<Self, LanguageModelsError> {
        let table = toml::from_str(text).map_err(|source| LanguageModelsError(Box::new(source)))?;
        Ok(Self(Arc::new(table)))
    }

    /// The model that is asked when none is named.
    pub fn default_model(&self) -> &str {
        &self.0.default
    }

    /// The row of a model, or of the model that this is a dated form of.
    pub fn get(&self, model: &str) -> Option<&LanguageModel> {
        let is_dated = |rest: &str| {
            rest.strip_prefix('-')
                .is_some_and(|date| date.starts_with("20") && date.len() == "2026-09-01".len())
        };
        self.0
            .model
            .iter()
            .find(|row| model.strip_prefix(&*row.id).is_some_and(|rest| rest.is_empty() || is_dated(rest)))
    }

    /// The models and, after each, its successor and the successor's: each once.
    pub(crate) fn with_successors(&self, models: Vec<String>) -> Vec<String> {
        let mut chain: Vec<String> = Vec::new();
        for model in models {
            let mut next = Some(model);
            while let Some(model) = next.filter(|model| !chain.contains(model)) {
                next = self.get(&model).and_then(|row| row.successor.clone());
                chain.push(model);
            }
        }
        chain
    }

    /// What tokens of a model cost, in millionths of a millionth of a US dollar; `None` for an unknown model.
    pub(crate) fn cost(&self, model: &str, tokens: Tokens) -> Option<u128> {
        let row = self.get(model)?;
        let fresh = tokens.input.saturating_sub(tokens.cached);
        let parts =
            [(fresh, row.input), (tokens.cached.min(tokens.input), row.cached), (tokens.output, row.output)];
        Some(parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum())
    }
}

/// From millionths of a millionth to millionths, rounded up.
pub(crate) fn micro_usd(cost: u128) -> u64 {
    u64::try_from(cost.div_ceil(TOKENS)).unwrap_or(u64::MAX)
}

fn day<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
    use serde::de::Error;
    let Some(day) = Option::<toml::value::Datetime>::deserialize(from)? else { return Ok(None) };
    day.to_string().parse().map(Some).map_err(|_| D::Error::custom("a day is written as 2026-12-31"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_whole() {
        let models = LanguageModels::builtin();
        for row in &models.0.model {
            assert!(row.cached <= row.input && row.input <= row.output, "{row:?}");
            assert_eq!(row.leaves.is_some(), row.successor.is_some(), "{row:?}");
            let successor = row.successor.as_deref().unwrap_or(models.default_model());
            assert!(models.get(successor).is_some_and(|row| row.leaves.is_none()), "{row:?}");
        }
        let default = models.get(models.default_model()).unwrap();
        assert_eq!(default.leaves, None, "the default stays");
    }

    #[test]
    fn dated_forms_are_the_same_model() {
        let models = LanguageModels::builtin();
        let check = |model: &str, expect: Option<&str>| {
            assert_eq!(models.get(model).map(|row| row.id.as_str()), expect, "{model}");
        };
        check("gpt-4o-mini", Some("gpt-4o-mini"));
        check("gpt-4o-2024-08-06", Some("gpt-4o"));
        check("gpt-6-luna-2026-09-01", Some("gpt-6-luna"));
        check("gpt-4o-audio-preview", None);
        check("gpt-6-lunatic", None);
        check("llama3", None);
    }

    #[test]
    fn costs_are_whole_and_never_too_low() {
        let models = LanguageModels::builtin();
        let check = |model: &str, [input, cached, output]: [u64; 3], expect: Option<u64>| {
            let cost = models.cost(model, Tokens { input, cached, output }).map(micro_usd);
            assert_eq!(cost, expect, "{model}");
        };
        check("gpt-6-luna", [1_000_000, 0, 0], Some(100_000));
        check("gpt-6-luna", [1_000, 0, 350], Some(275));
        check("gpt-6-luna", [1_000, 1_000, 0], Some(10));
        check("gpt-6-luna", [1, 0, 0], Some(1));
        check("gpt-6-luna", [0, 0, 0], Some(0));
        check("gpt-6-luna", [10, 20, 0], Some(1));
        check("llama3", [1, 1, 1], None);
        assert_eq!(micro_usd(u128::MAX), u64::MAX);
    }

    #[test]
    fn a_model_that_leaves_is_followed_by_its_successor() {
        let models = LanguageModels::builtin();
        let chain =
            |models_: &[&str]| models.with_successors(models_.iter().map(ToString::to_string).collect());
        assert_eq!(chain(&["gpt-4o-mini"]), ["gpt-4o-mini", "gpt-6-luna"]);
        assert_eq!(chain(&["gpt-6-luna", "gpt-4.1"]), ["gpt-6-luna", "gpt-4.1"]);
        assert_eq!(chain(&["llama3"]), ["llama3"]);
        let turning = LanguageModels::parse(
            "default = 'a'\nmodel = [{ id = 'a', input = 1, cached = 1, output = 1, successor = 'b' },
             { id = 'b', input = 1, cached = 1, output = 1, successor = 'a' }]",
        );
        assert_eq!(turning.unwrap().with_successors(vec!["a".to_owned()]), ["a", "b"]);
    }
}
