//! Moderations.

use neurocards_fakes::When;
use neurocards_fakes::openai::{OpenAiFake, Say};
use serde_json::{Value, json};

use crate::client::{photo, send};

#[tokio::test]
async fn a_moderation_looks_at_words_and_pictures() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    fake.script(When::moderation().says("sword"), Say::flags(&["violence"]));
    let ask = async |words: &str| -> Value {
        let body = json!({ "model": "omni-moderation-latest", "input": [
            { "type": "text", "text": words },
            { "type": "image_url", "image_url": { "url": photo() } },
        ] });
        send(&fake, "/moderations", &body).await.json().await.unwrap()
    };
    let fine = ask("A cup.").await;
    assert_eq!(fine["model"], "omni-moderation-latest");
    let result = &fine["results"][0];
    assert_eq!(result["flagged"], false);
    assert_eq!(result["categories"].as_object().unwrap().len(), 13);
    assert_eq!(result["category_applied_input_types"]["sexual/minors"], json!(["text"]));
    assert_eq!(result["category_applied_input_types"]["violence"], json!(["text", "image"]));
    let flagged = ask("A sword.").await;
    assert_eq!(flagged["results"][0]["flagged"], true);
    assert_eq!(flagged["results"][0]["categories"]["violence"], true);
    assert_eq!(flagged["results"][0]["categories"]["sexual"], false);
    assert!(flagged["results"][0]["category_scores"]["violence"].as_f64().unwrap() > 0.5);
    let plain: Value = send(&fake, "/moderations", &json!({ "input": "A cup." })).await.json().await.unwrap();
    assert_eq!(plain["results"][0]["category_applied_input_types"]["violence"], json!(["text"]));
}
