//! The model catalogue: what KIE's models take, as data.

mod drift;
mod error;
mod row;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use neurocards_core::{Catalogue, Model};

pub use drift::{Drift, LivePrice};
pub use error::CatalogueError;
pub(crate) use row::{DurationKind, Family, RatioMode, Row, Shape};

use crate::PROVIDER;
use row::File;

/// KIE sells its credits at half a US cent.
const MILLI_USD_PER_CREDIT: f64 = 5.0;

/// KIE's models: as everybody sees them, and what their requests look like.
#[derive(Debug, Clone)]
pub struct KieCatalogue {
    models: Catalogue,
    rows: BTreeMap<String, Row>,
}

impl KieCatalogue {
    /// The catalogue that comes with this crate.
    ///
    /// # Errors
    /// Never for a released crate: its tests read the same file.
    pub fn bundled() -> Result<Self, CatalogueError> {
        Self::parse(include_str!("../../models.toml"))
    }

    /// A catalogue from the text of a file of the same form as `models.toml`.
    ///
    /// # Errors
    /// See [`CatalogueError`].
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let file: File =
            toml::from_str(text).map_err(|source| CatalogueError::Form { source: Box::new(source) })?;
        let usable: BTreeSet<_> =
            file.model.iter().filter(|row| row.is_usable()).map(|row| row.id.as_str()).collect();
        let mut seen = BTreeSet::new();
        for row in &file.model {
            if !seen.insert(row.id.as_str()) {
                return Err(CatalogueError::Twice { id: row.id.clone() });
            }
            if let Some(field) = row.fault() {
                return Err(CatalogueError::Incomplete { id: row.id.clone(), field });
            }
        }
        let successors = file.model.iter().filter_map(|row| row.successor.as_ref());
        let named = successors.map(|id| (id, "successor"));
        let named = named.chain(file.fallback.iter().map(|id| (id, "fallback")));
        for (id, role) in named.chain([(&file.default, "default")]) {
            if !usable.contains(id.as_str()) {
                return Err(CatalogueError::Missing { id: id.clone(), role });
            }
        }
        let models = file.model.iter().map(model).collect();
        let models = Catalogue::new(models, Some(file.default)).with_fallback(file.fallback);
        Ok(Self { models, rows: file.model.into_iter().map(|row| (row.id.clone(), row)).collect() })
    }

    /// The same with another default.
    ///
    /// # Errors
    /// The model is unknown, paused or retired.
    pub fn with_default(self, id: &str) -> Result<Self, CatalogueError> {
        self.check(id, "default")?;
        let models = self.models.models().to_vec();
        let models =
            Catalogue::new(models, Some(id.to_owned())).with_fallback(self.models.fallback().to_vec());
        Ok(Self { models, ..self })
    }

    /// The same with another chain of models to fall back on, the first choice first.
    ///
    /// # Errors
    /// A model is unknown, paused or retired.
    pub fn with_fallback(self, ids: Vec<String>) -> Result<Self, CatalogueError> {
        for id in &ids {
            self.check(id, "fallback")?;
        }
        Ok(Self { models: self.models.with_fallback(ids), ..self })
    }

    fn check(&self, id: &str, role: &'static str) -> Result<(), CatalogueError> {
        let resolved = self.models.resolve(Some(id)).map(|_| ());
        resolved.map_err(|source| CatalogueError::Choice { role, source })
    }

    /// The models as everybody sees them.
    pub fn models(&self) -> &Catalogue {
        &self.models
    }

    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.rows.get(id)
    }
}

fn model(row: &Row) -> Model {
    Model {
        id: row.id.clone(),
        provider: PROVIDER.to_owned(),
        title: row.title.clone(),
        vendor: row.vendor.clone(),
        status: row.status,
        since: row.since,
        successor: row.successor.clone(),
        prompt: row.prompt,
        seconds: row.duration.as_ref().map_or(0, |duration| duration.pick),
        price_milli_usd: row
            .price
            .as_ref()
            .map(|price| (price.credits * MILLI_USD_PER_CREDIT).round() as u32),
    }
}
