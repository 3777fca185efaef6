//! The model catalogue: models are data.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::prompt::PromptLimits;

/// Whether a model can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelStatus {
    /// It serves.
    Active,
    /// It does not serve for now.
    Paused,
    /// It serves until a day that was announced.
    Sunset,
    /// It is gone.
    Retired,
}

impl ModelStatus {
    /// The status as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Sunset => "sunset",
            Self::Retired => "retired",
        }
    }

    /// It serves.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Active | Self::Sunset)
    }
}

/// A row of the catalogue, as far as everybody needs it. What a model's request looks like stays with its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The exact id, as the provider spells it.
    pub id: String,
    /// The provider that serves it: `kie`, `preview`.
    pub provider: String,
    /// The name that people read.
    pub title: String,
    /// Who made it.
    pub vendor: String,
    /// Whether it can be used.
    pub status: ModelStatus,
    /// Since when it has that status, for all but active ones; the day on which a sunset one stops serving.
    pub since: Option<NaiveDate>,
    /// What to use instead.
    pub successor: Option<String>,
    /// How long a prompt may be.
    pub prompt: PromptLimits,
    /// Length of the clip, in seconds.
    pub seconds: u32,
    /// What one clip costs at the provider, in thousandths of a US dollar; `None` when it is not known.
    pub price_milli_usd: Option<u32>,
}

impl Model {
    /// Whether it serves on this day.
    pub fn serves_on(&self, day: NaiveDate) -> bool {
        match self.status {
            ModelStatus::Active => true,
            ModelStatus::Sunset => self.since.is_none_or(|end| day < end),
            ModelStatus::Paused | ModelStatus::Retired => false,
        }
    }
}

/// The models of one or more providers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    models: Vec<Model>,
    default: Option<String>,
    fallback: Vec<String>,
}

/// Why a model cannot be used. Nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// No row has this id.
    #[error("unknown model {given:?}")]
    Unknown {
        /// What was asked for, cut to 64 characters.
        given: String,
        /// The id that is spelt most like it.
        nearest: Option<String>,
    },
    /// The model is gone.
    #[error("the model {id} is retired{since}", since = since_words(.since))]
    Retired {
        /// The model.
        id: String,
        /// Since when.
        since: Option<NaiveDate>,
        /// What to use instead.
        successor: Option<String>,
    },
    /// The model does not serve for now.
    #[error("the model {id} is paused{since}", since = since_words(.since))]
    Paused {
        /// The model.
        id: String,
        /// Since when.
        since: Option<NaiveDate>,
        /// What to use instead.
        successor: Option<String>,
    },
    /// Nothing is asked of the model now, and no other one may take over.
    #[error("the model {id} does not serve now ({why}), and no other one may take over")]
    Closed {
        /// The model.
        id: String,
        /// Why.
        why: String,
    },
    /// The catalogue is empty, or its default is missing.
    #[error("no model was asked for and the catalogue has no default")]
    NoDefault,
}

fn since_words(since: &Option<NaiveDate>) -> String {
    since.map(|date| format!(" since {date}")).unwrap_or_default()
}

impl Catalogue {
    /// A catalogue with its default.
    pub fn new(models: Vec<Model>, default: Option<String>) -> Self {
        Self { models, default, fallback: Vec::new() }
    }

    /// The same catalogue with a chain of models to fall back on, the first choice first.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Vec<String>) -> Self {
        self.fallback = fallback;
        self
    }

    /// All rows, in the catalogue's order.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The default model's id.
    pub fn default_id(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// The ids of the models to fall back on, the first choice first.
    pub fn fallback(&self) -> &[String] {
        &self.fallback
    }

    /// Adds another catalogue's rows and chain behind these; the first default stays.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let known: Vec<_> = self.models.iter().map(|model| model.id.clone()).collect();
        self.models.extend(other.models.into_iter().filter(|model| !known.contains(&model.id)));
        self.default = self.default.or(other.default);
        self.fallback.extend(other.fallback);
        self
    }

    /// The row with this id, whatever its status.
    pub fn get(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The model to use: the given one, or the default.
    ///
    /// # Errors
    /// The id is unknown, or the model is retired or paused; the error names what to use instead.
    pub fn resolve(&self, id: Option<&str>) -> Result<&Model, ModelError> {
        let id = id.or(self.default.as_deref()).ok_or(ModelError::NoDefault)?;
        let Some(model) = self.get(id) else {
            return Err(ModelError::Unknown {
                given: id.chars().take(64).collect(),
                nearest: self.nearest(id),
            });
        };
        let (id, since, successor) = (model.id.clone(), model.since, model.successor.clone());
        match model.status {
            ModelStatus::Active | ModelStatus::Sunset => Ok(model),
            ModelStatus::Paused => Err(ModelError::Paused { id, since, successor }),
            ModelStatus::Retired => Err(ModelError::Retired { id, since, successor }),
        }
    }

    /// The model that an order is for: as [`resolve`](Self::resolve), and a paused one too when another model may take
    /// over from it.
    ///
    /// # Errors
    /// The id is unknown; the model is retired, or was to stop serving by that day; it is paused, and nothing takes over.
    /// The error names what to use instead.
    pub fn to_order(&self, id: Option<&str>, day: NaiveDate) -> Result<&Model, ModelError> {
        match self.resolve(id) {
            Ok(model) if !model.serves_on(day) => {
                let (id, since, successor) = (model.id.clone(), model.since, model.successor.clone());
                Err(ModelError::Retired { id, since, successor })
            }
            Err(ModelError::Paused { id, since, successor }) => {
                let takes_over = |model: &&Model| {
                    self.instead_of(model, &id, &[]).iter().any(|other| other.serves_on(day))
                };
                let model = self.get(&id).filter(takes_over);
                model.ok_or(ModelError::Paused { id, since, successor })
            }
            resolved => resolved,
        }
    }

    /// The models that may take over from this one, the first choice first: its successor, then the chain, with other
    /// vendors before its own. They serve, belong to the same provider, cost at the provider no more than the one that
    /// was ordered, and were not tried.
    pub fn instead_of(&self, model: &Model, ordered: &str, tried: &[String]) -> Vec<&Model> {
        let ordered = self.get(ordered).unwrap_or(model);
        let is_dearer = |other: &Model| match (other.price_milli_usd, ordered.price_milli_usd) {
            (Some(other), Some(ordered)) => other > ordered,
            // What is not known cannot be compared, except with itself.
            (other, ordered) => other != ordered,
        };
        let fits = |other: &&Model| {
            other.id != model.id
                && other.provider == model.provider
                && other.status.is_usable()
                && !is_dearer(other)
                && !tried.contains(&other.id)
        };
        let successor = model.successor.as_deref().and_then(|id| self.get(id));
        let chain: Vec<&Model> = self.fallback.iter().filter_map(|id| self.get(id)).collect();
        let (own, others): (Vec<_>, Vec<_>) =
            chain.into_iter().partition(|other| other.vendor == model.vendor);
        let mut found: Vec<&Model> = Vec::new();
        for other in successor.into_iter().chain(others).chain(own).filter(fits) {
            if !found.iter().any(|known| known.id == other.id) {
                found.push(other);
            }
        }
        found
    }

    fn nearest(&self, given: &str) -> Option<String> {
        let scored = self
            .models
            .iter()
            .filter(|model| model.status.is_usable())
            .map(|model| (distance(given, &model.id), model));
        let best = scored.min_by_key(|(distance, _)| *distance);
        best.filter(|(distance, model)| *distance * 2 <= model.id.len()).map(|(_, model)| model.id.clone())
    }
}

/// How many letters must change, come or go to turn one word into the other (Levenshtein), over at most 64 letters.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, status: ModelStatus) -> Model {
        Model {
            id: id.to_owned(),
            provider: "test".to_owned(),
            title: id.to_owned(),
            vendor: "test".to_owned(),
            status,
            since: NaiveDate::from_ymd_opt(2026, 9, 24),
            successor: Some("preview".to_owned()),
            prompt: PromptLimits { min_chars: 3, max_chars: 1000 },
            seconds: 8,
            price_milli_usd: None,
        }
    }

    fn catalogue() -> Catalogue {
        let models = vec![
            model("preview", ModelStatus::Active),
            model("kling-3.0/video", ModelStatus::Sunset),
            model("sora-2-image-to-video", ModelStatus::Retired),
            model("resting", ModelStatus::Paused),
        ];
        Catalogue::new(models, Some("preview".to_owned()))
    }

    #[test]
    fn a_model_is_resolved_or_refused_with_what_to_use_instead() {
        let catalogue = catalogue();
        let check = |given: Option<&str>, expect: Result<&str, &str>| {
            let found = catalogue.resolve(given).map(|model| model.id.as_str()).map_err(|e| e.to_string());
            assert_eq!(found, expect.map_err(str::to_owned), "{given:?}");
        };
        check(None, Ok("preview"));
        check(Some("kling-3.0/video"), Ok("kling-3.0/video"));
        check(Some("prewiev"), Err("unknown model \"prewiev\""));
        check(
            Some("sora-2-image-to-video"),
            Err("the model sora-2-image-to-video is retired since 2026-09-24"),
        );
        check(Some("resting"), Err("the model resting is paused since 2026-09-24"));
        let unknown = catalogue.resolve(Some("prewiev")).unwrap_err();
        assert_eq!(
            unknown,
            ModelError::Unknown { given: "prewiev".to_owned(), nearest: Some("preview".to_owned()) }
        );
        let far = catalogue.resolve(Some("zzzzzzzzzzzz")).unwrap_err();
        assert_eq!(far, ModelError::Unknown { given: "zzzzzzzzzzzz".to_owned(), nearest: None });
    }

    #[test]
    fn an_order_is_for_what_serves_or_has_somebody_to_take_over() {
        let models = vec![
            model("preview", ModelStatus::Active),
            model("sunset", ModelStatus::Sunset),
            model("paused", ModelStatus::Paused),
            Model { successor: None, vendor: "lonely".to_owned(), ..model("lonely", ModelStatus::Paused) },
            model("retired", ModelStatus::Retired),
        ];
        let dear = Model { price_milli_usd: Some(1), ..model("cheap", ModelStatus::Paused) };
        let models = [models, vec![dear]].concat();
        let catalogue = Catalogue::new(models, Some("preview".to_owned()));
        let check = |id: &str, day: &str, expect: Result<(), &str>| {
            let found = catalogue.to_order(Some(id), day.parse().unwrap());
            let found = found.map(|model| assert_eq!(model.id, id)).map_err(|error| error.to_string());
            assert_eq!(found, expect.map_err(str::to_owned), "{id} on {day}");
        };
        check("preview", "2026-11-24", Ok(()));
        check("sunset", "2026-09-23", Ok(()));
        check("sunset", "2026-09-24", Err("the model sunset is retired since 2026-09-24"));
        check("paused", "2026-11-24", Ok(()));
        check("lonely", "2026-11-24", Err("the model lonely is paused since 2026-09-24"));
        check("cheap", "2026-11-24", Err("the model cheap is paused since 2026-09-24"));
        check("retired", "2026-11-24", Err("the model retired is retired since 2026-09-24"));
        let over = catalogue.to_order(Some("sunset"), "2027-01-01".parse().unwrap()).unwrap_err();
        assert!(matches!(over, ModelError::Retired { successor: Some(_), .. }), "{over:?}");
    }

    #[test]
    fn the_first_catalogue_wins_when_two_are_joined() {
        let other = Catalogue::new(
            vec![model("preview", ModelStatus::Retired), model("b", ModelStatus::Active)],
            Some("b".into()),
        );
        let joined = catalogue().and(other);
        assert_eq!(joined.models().len(), 5);
        assert_eq!(joined.default_id(), Some("preview"));
        assert_eq!(joined.get("preview").unwrap().status, ModelStatus::Active);
    }
}
