//! An answer of a language model.

use serde_json::{Value, json};

use super::check::{Format, Understood};
use super::error::JSON;
use super::say::{Content, Say};
use super::schema;
use crate::reply::Reply;

/// Characters that make a token, roughly.
const CHARS_PER_TOKEN: usize = 4;
/// What a picture costs at low detail.
const PICTURE_TOKENS: u64 = 85;

/// The answer, with its bill.
pub(crate) fn answer(id: &str, created: i64, model: &str, asked: &Understood, say: &Say) -> Reply {
    let (mut content, mut finish) = (text_of(asked, say), say.finish);
    let mut written = content.as_deref().map_or(0, tokens);
    if finish == "length" {
        content = content.map(|text| half(&text));
        written = content.as_deref().map_or(0, tokens);
    } else if let Some(most) = asked.max_tokens.filter(|most| written + say.thinking > *most) {
        // The budget of the request does not cover what the model wants to say.
        let room = usize::try_from(most.saturating_sub(say.thinking)).unwrap_or(0) * CHARS_PER_TOKEN;
        content = content.map(|text| text.chars().take(room).collect());
        written = content.as_deref().map_or(0, tokens);
        finish = "length";
    }
    let (prompt, completion) = (
        tokens(&asked.all_text) + PICTURE_TOKENS * asked.pictures.len() as u64,
        written + say.refusal.as_deref().map_or(0, tokens) + say.thinking,
    );
    let body = json!({
        "id": format!("chatcmpl-{id}"),
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "refusal": say.refusal, "annotations": [] },
            "logprobs": null,
            "finish_reason": finish,
        }],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": say.thinking, "audio_tokens": 0 },
        },
        "service_tier": "default",
        "system_fingerprint": null,
    });
    let mut reply = Reply::new(200, JSON, body.to_string());
    reply.headers.extend([
        ("x-request-id".to_owned(), format!("req_{id}")),
        ("x-ratelimit-remaining-requests".to_owned(), "499".to_owned()),
        ("x-ratelimit-reset-requests".to_owned(), "120ms".to_owned()),
    ]);
    reply
}

fn text_of(asked: &Understood, say: &Say) -> Option<String> {
    match say.content.as_ref()? {
        Content::Text(text) => Some(text.clone()),
        Content::Fitting => {
            let russian = asked.user_text.chars().filter(|c| ('а'..='я').contains(c)).count() >= 3;
            Some(match &asked.format {
                Format::Schema(schema) => schema::fitting("", schema, russian).to_string(),
                // Whoever asks for an object without a schema has told its fields in words.
                Format::Object | Format::Text => schema::fitting("", &usual(), russian).to_string(),
            })
        }
    }
}

/// The fields of a script for a video, for requests that describe them in words only.
fn usual() -> Value {
    let text = || json!({ "type": "string" });
    json!({ "type": "object", "properties": {
        "hook": text(), "benefit": text(), "call_to_action": text(), "hero": text(), "place": text(), "mood": text(),
        "video_prompt": text(),
    } })
}

fn half(text: &str) -> String {
    text.chars().take(text.chars().count() / 2).collect()
}

fn tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARS_PER_TOKEN) as u64
}
