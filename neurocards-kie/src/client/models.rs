//! KIE's own list of its models. All four endpoints together take one request a second for each account.

use neurocards_core::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{KieClient, KieKey, answered};

/// A model, as KIE lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveModel {
    /// Its id.
    pub model: String,
    /// The name that people read.
    #[serde(default)]
    pub title: Option<String>,
    /// Who made it, in KIE's words.
    #[serde(default)]
    pub provider: Option<String>,
    /// What it does: `image-to-video` and others.
    #[serde(default, rename = "taskType")]
    pub task_types: Vec<String>,
    /// What it costs, in free text.
    #[serde(default, rename = "pricingDesc")]
    pub pricing: Option<String>,
}

/// How a model did in ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuccessRate {
    /// The share that worked, as KIE gives it.
    #[serde(default)]
    pub success_rate: Option<f64>,
    /// Whether KIE finds that normal.
    #[serde(default)]
    pub is_normal: Option<bool>,
}

#[derive(Deserialize)]
struct Listing {
    models: Vec<LiveModel>,
}

#[derive(Deserialize)]
struct Points {
    #[serde(default)]
    points: Vec<SuccessRate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    #[serde(default)]
    pricing_desc: Option<String>,
}

#[derive(Deserialize)]
struct Schema {
    #[serde(default)]
    openapi: Value,
}

impl KieClient {
    /// Every model that KIE has. Free.
    ///
    /// # Errors
    /// A classified fault.
    pub async fn models(&self, key: &KieKey) -> Result<Vec<LiveModel>, Fault> {
        let listing: Listing = answered(self.transport.get(key, self.api("/api/v1/models")).await)?;
        Ok(listing.models)
    }

    /// What a model's requests look like, as an OpenAPI document; null when KIE has none. Free.
    ///
    /// # Errors
    /// A classified fault: `model_unavailable` for a model that KIE does not have.
    pub async fn model_schema(&self, key: &KieKey, model: &str) -> Result<Value, Fault> {
        self.about(key, model, "schema").await.map(|schema: Schema| schema.openapi)
    }

    /// What a model costs, in free text. Free.
    ///
    /// # Errors
    /// As [`KieClient::model_schema`].
    pub async fn model_price(&self, key: &KieKey, model: &str) -> Result<Option<String>, Fault> {
        self.about(key, model, "price").await.map(|price: Price| price.pricing_desc)
    }

    /// How a model did in the last 24 hours, in steps of ten minutes, the oldest first. Free.
    ///
    /// # Errors
    /// As [`KieClient::model_schema`].
    pub async fn model_success(&self, key: &KieKey, model: &str) -> Result<Vec<SuccessRate>, Fault> {
        self.about(key, model, "success-rate").await.map(|points: Points| points.points)
    }

    async fn about<T: serde::de::DeserializeOwned>(
        &self,
        key: &KieKey,
        model: &str,
        what: &str,
    ) -> Result<T, Fault> {
        answered(self.transport.get(key, self.api(&format!("/api/v1/models/{model}/{what}"))).await)
    }
}
