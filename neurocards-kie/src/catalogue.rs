//! Reading the model catalogue.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use neurocards_core::{Catalogue, Model, ModelStatus, PromptLimits};
use serde::Deserialize;

/// The name under which these models' provider is known.
const PROVIDER: &str = "kie";
/// KIE sells its credits at half a US cent.
const MILLI_USD_PER_CREDIT: f64 = 5.0;

/// Why a catalogue file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is not TOML of the right form.
    #[error("the model catalogue cannot be read")]
    Form {
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Two rows have the same id.
    #[error("the model {id} stands twice in the catalogue")]
    Twice {
        /// The id.
        id: String,
    },
    /// A default or successor that cannot be used.
    #[error("the model catalogue names {id:?} as a {role}, and no active row has that id")]
    Missing {
        /// The id.
        id: String,
        /// `default` or `successor`.
        role: &'static str,
    },
    /// An active row without the settings of a request.
    #[error("the model {id} is active and has no {field}")]
    Incomplete {
        /// The id.
        id: String,
        /// What is missing.
        field: &'static str,
    },
}

#[derive(Debug, Deserialize)]
struct File {
    default: String,
    model: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    title: String,
    vendor: String,
    status: ModelStatus,
    since: Option<NaiveDate>,
    successor: Option<String>,
    prompt: PromptLimits,
    duration: Option<Duration>,
    price: Option<Price>,
}

#[derive(Debug, Deserialize)]
struct Duration {
    pick: u32,
}

#[derive(Debug, Deserialize)]
struct Price {
    credits: f64,
}

/// The catalogue that comes with this crate.
///
/// # Errors
/// Never for a released crate: its tests read the same file.
pub fn catalogue() -> Result<Catalogue, CatalogueError> {
    parse_catalogue(include_str!("../models.toml"))
}

/// A catalogue from the text of a file of the same form as `models.toml`.
///
/// # Errors
/// See [`CatalogueError`].
pub fn parse_catalogue(text: &str) -> Result<Catalogue, CatalogueError> {
    let file: File =
        toml::from_str(text).map_err(|source| CatalogueError::Form { source: Box::new(source) })?;
    let usable = |row: &&Row| matches!(row.status, ModelStatus::Active | ModelStatus::Sunset);
    let active: BTreeSet<_> = file.model.iter().filter(usable).map(|row| row.id.as_str()).collect();
    let mut seen = BTreeSet::new();
    for row in &file.model {
        if !seen.insert(row.id.as_str()) {
            return Err(CatalogueError::Twice { id: row.id.clone() });
        }
        let successor = row.successor.as_deref();
        if let Some(id) = successor.filter(|id| !active.contains(id)) {
            return Err(CatalogueError::Missing { id: id.to_owned(), role: "successor" });
        }
        if usable(&row) && row.duration.is_none() {
            return Err(CatalogueError::Incomplete { id: row.id.clone(), field: "duration" });
        }
    }
    if !active.contains(file.default.as_str()) {
        return Err(CatalogueError::Missing { id: file.default, role: "default" });
    }
    Ok(Catalogue::new(file.model.into_iter().map(model).collect(), Some(file.default)))
}

fn model(row: Row) -> Model {
    Model {
        id: row.id,
        provider: PROVIDER.to_owned(),
        title: row.title,
        vendor: row.vendor,
        status: row.status,
        since: row.since,
        successor: row.successor,
        prompt: row.prompt,
        seconds: row.duration.map_or(0, |duration| duration.pick),
        price_milli_usd: row.price.map(|price| (price.credits * MILLI_USD_PER_CREDIT).round() as u32),
    }
}

#[cfg(test)]
mod tests {
    use neurocards_core::ModelError;

    use super::*;

    #[test]
    fn the_catalogue_that_comes_along_is_whole() {
        let catalogue = catalogue().unwrap();
        let active = catalogue.models().iter().filter(|model| model.status == ModelStatus::Active);
        assert!(active.clone().count() >= 20);
        for model in active {
            assert!((1..=15).contains(&model.seconds), "{}", model.id);
            assert!(model.prompt.max_chars >= 500, "{}", model.id);
        }
        assert_eq!(catalogue.resolve(None).unwrap().price_milli_usd, Some(88));
    }

    #[test]
    fn every_sora_model_is_retired_and_names_its_successor() {
        let catalogue = catalogue().unwrap();
        let sora: Vec<_> = catalogue.models().iter().filter(|model| model.id.starts_with("sora")).collect();
        assert!(sora.len() >= 9);
        for model in sora {
            let ModelError::Retired { since, successor, .. } =
                catalogue.resolve(Some(&model.id)).unwrap_err()
            else {
                panic!("{} is not retired", model.id);
            };
            assert_eq!(since, NaiveDate::from_ymd_opt(2026, 9, 24));
            assert!(catalogue.resolve(successor.as_deref()).is_ok());
        }
    }

    #[test]
    fn a_broken_file_is_refused_with_the_row_at_fault() {
        let row = |id: &str, rest: &str| {
            format!(
                "[[model]]\nid = \"{id}\"\ntitle = \"T\"\nvendor = \"v\"\nstatus = \"active\"\nprompt = {{ min_chars = 1, max_chars = 9 }}\n{rest}\n"
            )
        };
        let whole = "duration = { pick = 5 }";
        let check = |text: String, expect: &str| {
            assert_eq!(parse_catalogue(&text).unwrap_err().to_string(), expect);
        };
        check(
            format!("default = \"a\"\n{}{}", row("a", whole), row("a", whole)),
            "the model a stands twice in the catalogue",
        );
        check(format!("default = \"a\"\n{}", row("a", "")), "the model a is active and has no duration");
        check(
            format!("default = \"b\"\n{}", row("a", whole)),
            "the model catalogue names \"b\" as a default, and no active row has that id",
        );
        check(
            format!("default = \"a\"\n{}", row("a", &format!("{whole}\nsuccessor = \"c\""))),
            "the model catalogue names \"c\" as a successor, and no active row has that id",
        );
        check("default = 1".to_owned(), "the model catalogue cannot be read");
    }
}
