//! `POST /moderations`.

use std::collections::BTreeMap;

use neurocards_core::{Brief, Fault, Objection};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::body::Piece;
use crate::check::QUESTIONS;
use crate::openai::OpenAi;

/// How the service is asked, and what its categories are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    model: String,
    categories: BTreeMap<String, Objection>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    model: &'a str,
    input: [Piece<'a>; 2],
}

/// What there is to object to, the worst first.
///
/// # Errors
/// The service could not be asked; of the class `model_unavailable` when it has no moderation.
pub(crate) async fn look(openai: &OpenAi, brief: &Brief, url: &str) -> Result<Vec<Objection>, Fault> {
    let texts = [Some(&brief.description), brief.wishes.as_ref(), brief.own_prompt.as_ref()];
    let text = texts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n\n");
    let data = &QUESTIONS.moderation;
    let request = Request { model: &data.model, input: Piece::seen(text, url) };
    Ok(data.flagged(&openai.post("moderations", &request, "results").await?))
}

impl Data {
    fn flagged(&self, reply: &Value) -> Vec<Objection> {
        let results = reply["results"].as_array().into_iter().flatten();
        let flagged = results
            .filter(|result| result["flagged"] == true)
            .flat_map(|result| result["categories"].as_object().into_iter().flatten())
            .filter(|(_, flagged)| **flagged == true)
            .filter_map(|(category, _)| self.objection(category));
        let mut found: Vec<_> = flagged.collect();
        let worst = |objection: &Objection| *objection != Objection::Minors;
        found.sort_by_key(worst);
        found.dedup();
        found
    }

    fn objection(&self, category: &str) -> Option<Objection> {
        let group = category.split('/').next().unwrap_or_default();
        self.categories.get(category).or_else(|| self.categories.get(group)).copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn categories_become_objections() {
        let check = |flagged: bool, categories: Value, expect: &[Objection]| {
            let reply = json!({ "results": [{ "flagged": flagged, "categories": categories }] });
            assert_eq!(QUESTIONS.moderation.flagged(&reply), expect, "{reply}");
        };
        check(true, json!({ "violence/graphic": true, "sexual": false }), &[Objection::Violence]);
        check(
            true,
            json!({ "sexual": true, "sexual/minors": true }),
            &[Objection::Minors, Objection::Sexual],
        );
        check(true, json!({ "self-harm/intent": true }), &[Objection::SelfHarm]);
        check(true, json!({ "hate": true, "hate/threatening": true }), &[Objection::Hate]);
        check(true, json!({ "illicit/violent": true }), &[Objection::Illicit]);
        check(true, json!({ "harassment/threatening": true }), &[Objection::Harassment]);
        check(true, json!({ "something-new": true }), &[]);
        check(false, json!({ "violence": true }), &[]);
        assert_eq!(QUESTIONS.moderation.flagged(&json!({ "results": [] })), []);
        assert_eq!(QUESTIONS.moderation.flagged(&json!({ "results": "none" })), []);
    }
}
