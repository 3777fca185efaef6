//! What there is to know about models and money.

use serde_json::{Value, json};

use super::envelope::{credits, refusal, success};
use super::models::{Family, Row};
use super::words;
use super::world::{Ask, World};
use crate::call::Call;
use crate::reply::Reply;
use crate::violation::Rule;

impl World {
    /// `GET /api/v1/chat/credit`.
    pub(crate) fn credit(&self, key: usize) -> Reply {
        success(&credits(self.accounts[self.keys[key].account].balance_milli))
    }

    /// The endpoints under `/api/v1/models`: one request a second for all of them together.
    pub(crate) fn discover(&mut self, ask: Ask<'_>, key: usize) -> Reply {
        let (account, now) = (self.keys[key].account, self.clock.now_ms());
        if !self.accounts[account].discovery.take(now) {
            let what = "more than one request about models in a second";
            self.violations.note(ask.open.seq(), Rule::DiscoveryRate, what);
            return refusal(429, words::TOO_FAST);
        }
        let Some(model) = ask.about else { return self.catalogue(ask) };
        let Some(row) = self.table.rows().iter().find(|row| row.id == model) else {
            return refusal(404, words::UNKNOWN_MODEL);
        };
        match ask.call {
            Call::ModelPrice => success(&json!({ "model": model, "pricingDesc": row.price_text() })),
            Call::ModelSuccessRate => success(&json!({ "model": model, "points": self.points() })),
            _ => success(&json!({ "model": model, "openapi": openapi(row) })),
        }
    }

    fn catalogue(&self, ask: Ask<'_>) -> Reply {
        let [task_type, provider, words] = ["taskType", "provider", "q"].map(|name| ask.asked.query(name));
        let fits = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || found.eq_ignore_ascii_case(wanted))
        };
        let rows = self.table.rows().iter().filter(|row| {
            fits(&task_type, "image-to-video")
                && fits(&provider, vendor(row))
                && words.as_deref().is_none_or(|words| row.id.contains(&words.to_lowercase()))
        });
        let models: Vec<Value> = rows.map(listed).collect();
        success(&json!({ "total": models.len(), "models": models }))
    }

    /// Ten-minute buckets of the last hour.
    fn points(&self) -> Vec<Value> {
        let bucket = 10 * 60 * 1000;
        let end = self.clock.now_ms() / bucket * bucket;
        let point = |n: i64| {
            let start = end - n * bucket;
            json!({
                "start": start, "end": start + bucket, "successRate": 0.98, "errorRate": 0.02, "isNormal": true,
            })
        };
        (1..=6).rev().map(point).collect()
    }
}

fn listed(row: &Row) -> Value {
    json!({
        "model": row.id,
        "slug": row.id.replace('/', "-"),
        "title": row.id,
        "provider": vendor(row),
        "taskType": ["image-to-video"],
        "description": null,
        "pricingDesc": row.price_text(),
    })
}

fn vendor(row: &Row) -> &str {
    let name = row.id.split(['/', '-']).next().unwrap_or_default();
    match (row.family, name) {
        (Family::Veo, _) | (_, "gemini") => "google",
        (_, "hailuo") => "minimax",
        (_, "grok") => "xai",
        (_, "happyhorse") => "alibaba",
        (_, "pixverse") => "pixverse",
        (_, name) => name,
    }
}

/// The part of a schema that says what the input is called.
fn openapi(row: &Row) -> Value {
    let names: Vec<&str> = row.input.iter().map(|field| field.name.as_str()).collect();
    let properties: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    let path = match row.family {
        Family::Jobs => "/api/v1/jobs/createTask",
        Family::Veo => "/api/v1/veo/generate",
        Family::Runway => "/api/v1/runway/generate",
    };
    json!({
        "openapi": "3.0.1",
        "paths": { path: { "post": { "requestBody": { "content": { "application/json": {
            "schema": { "type": "object", "properties": { "input": { "type": "object", "properties": properties } } },
        } } } } } },
    })
}
