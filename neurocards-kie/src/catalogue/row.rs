//! The form of a catalogue file. Unknown fields are refused: a misspelt one would be a request that nobody meant.

use chrono::NaiveDate;
use neurocards_core::{ModelStatus, PromptLimits};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) default: String,
    #[serde(default)]
    pub(super) fallback: Vec<String>,
    pub(super) model: Vec<Row>,
}

/// One row: what a model's request looks like.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(super) title: String,
    pub(super) vendor: String,
    pub(crate) family: Family,
    pub(crate) status: ModelStatus,
    pub(super) since: Option<NaiveDate>,
    pub(super) successor: Option<String>,
    pub(crate) image: Option<Image>,
    pub(crate) prompt: PromptLimits,
    pub(crate) duration: Option<Duration>,
    pub(crate) resolution: Option<Choice>,
    pub(crate) ratio: Option<RatioMode>,
    pub(crate) ratio_field: Option<String>,
    pub(crate) sound: Option<Sound>,
    #[serde(default)]
    pub(crate) extra: toml::Table,
    /// Kept for whoever will send negative prompts; nobody does.
    #[serde(rename = "negative_prompt_max_chars")]
    _negative_prompt_max_chars: Option<usize>,
    pub(super) price: Option<Price>,
    #[serde(rename = "page")]
    _page: Option<String>,
}

/// Which endpoints a model is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// `/jobs/createTask` with an `input` object.
    Jobs,
    /// `/veo/generate` with a flat body.
    Veo,
    /// `/runway/generate` with a flat body and no model.
    Runway,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    pub(crate) field: String,
    pub(crate) shape: Shape,
    pub(crate) max_bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    String,
    Array,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Duration {
    pub(crate) kind: DurationKind,
    /// Empty when it is fixed.
    #[serde(default)]
    pub(crate) values: Vec<u32>,
    pub(crate) pick: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DurationKind {
    Integer,
    String,
    /// The model has one length, and no field for it.
    Fixed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) field: String,
    pub(crate) values: Vec<String>,
    pub(crate) pick: String,
}

/// How the video gets its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RatioMode {
    /// By a field of the request.
    Explicit,
    /// From the picture.
    Image,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sound {
    pub(crate) field: String,
    /// What KIE does when the field is left out; we never leave it out.
    #[serde(rename = "default")]
    _default: bool,
    pub(crate) pick: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub(super) credits: f64,
    /// For whoever reads the file.
    #[serde(rename = "basis")]
    _basis: String,
}

impl Row {
    pub(super) fn is_usable(&self) -> bool {
        matches!(self.status, ModelStatus::Active | ModelStatus::Sunset)
    }

    /// The field that a usable row needs and lacks, or fills with what it does not allow.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if !self.is_usable() {
            return None;
        }
        let duration = self.duration.as_ref().is_some_and(|duration| match duration.kind {
            DurationKind::Fixed => duration.values.is_empty() && duration.pick > 0,
            DurationKind::Integer | DurationKind::String => duration.values.contains(&duration.pick),
        });
        let resolution = self.resolution.as_ref().is_none_or(|choice| choice.values.contains(&choice.pick));
        let ratio = match self.ratio {
            Some(RatioMode::Explicit) => self.ratio_field.is_some(),
            Some(RatioMode::Image) => self.ratio_field.is_none(),
            None => false,
        };
        let price = self.price.as_ref().is_none_or(|price| (0.0..1_000_000.0).contains(&price.credits));
        let prompt = self.prompt.max_chars >= self.prompt.min_chars.max(1);
        let checks = [
            ("image", self.image.is_some()),
            ("prompt", prompt),
            ("duration", duration),
            ("resolution", resolution),
            ("ratio", ratio),
            ("price", price),
        ];
        checks.into_iter().find(|(_, holds)| !holds).map(|(field, _)| field)
    }
}
