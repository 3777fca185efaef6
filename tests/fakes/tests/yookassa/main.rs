//! The fake YooKassa against what the service's reference says.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::sync::Once;
use std::time::Duration;

use neurocards_fakes::yookassa::YookassaFake;
use neurocards_fakes::{Call, Clock, Ending, Fault, Rule, When};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

fn http() -> Client {
    static RING: Once = Once::new();
    RING.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn request() -> Value {
    json!({
        "amount": { "value": "390.00", "currency": "RUB" },
        "capture": true,
        "confirmation": { "type": "redirect", "return_url": "https://t.me/example_bot" },
        "description": "5",
        "metadata": { "payment": "1" },
    })
}

async fn sent(request: RequestBuilder) -> (u16, Value) {
    let request = request.basic_auth(YookassaFake::SHOP, Some(YookassaFake::SECRET));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn post(fake: &YookassaFake, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = http().post(format!("{}{path}", fake.base_url())).header("Idempotence-Key", key);
    sent(request.json(body)).await
}

async fn get(fake: &YookassaFake, path: &str) -> (u16, Value) {
    sent(http().get(format!("{}{path}", fake.base_url()))).await
}

#[tokio::test]
async fn a_payment_from_its_birth_to_its_refund() {
    let fake = YookassaFake::builder().start();
    let (status, made) = post(&fake, "/payments", "k1", &request()).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((status, &made["status"], &made["paid"]), (200, &json!("pending"), &json!(false)));
    let page = made["confirmation"]["confirmation_url"].as_str().unwrap();
    assert!(page.starts_with("https://") && page.ends_with(&id), "{page}");
    fake.pays(&id);
    let (_, paid) = get(&fake, &format!("/payments/{id}")).await;
    assert_eq!((&paid["status"], &paid["refundable"]), (&json!("succeeded"), &json!(true)));
    assert_eq!((&paid["amount"], &paid["metadata"]), (&request()["amount"], &request()["metadata"]));
    assert_eq!(paid["refunded_amount"]["value"], "0.00");
    assert!(paid.get("confirmation").is_none());
    let back = json!({ "payment_id": id, "amount": { "value": "390.00", "currency": "RUB" } });
    let (status, refund) = post(&fake, "/refunds", "r1", &back).await;
    assert_eq!((status, &refund["status"], &refund["payment_id"]), (200, &json!("succeeded"), &json!(id)));
    let (_, known) = get(&fake, &format!("/refunds/{}", refund["id"].as_str().unwrap())).await;
    assert_eq!(known, refund);
    let (_, list) = get(&fake, &format!("/refunds?payment_id={id}")).await;
    assert_eq!((&list["type"], list["items"].as_array().unwrap().len()), (&json!("list"), 1));
    let (_, paid) = get(&fake, &format!("/payments/{id}")).await;
    assert_eq!((&paid["refunded_amount"], &paid["refundable"]), (&paid["amount"], &json!(false)));
    // There is nothing left to give back.
    let (status, refused) = post(&fake, "/refunds", "r2", &back).await;
    assert_eq!(
        (status, &refused["type"], &refused["code"]),
        (400, &json!("error"), &json!("invalid_request"))
    );
    assert_eq!(refused["parameter"], "amount.value");
}

#[tokio::test]
async fn a_payment_that_ends_unpaid_says_why() {
    let fake = YookassaFake::builder().start();
    for (key, end, reason) in [
        ("k1", YookassaFake::cancels as fn(&YookassaFake, &str), "insufficient_funds"),
        ("k2", YookassaFake::expires, "expired_on_confirmation"),
    ] {
        let (_, made) = post(&fake, "/payments", key, &request()).await;
        end(&fake, made["id"].as_str().unwrap());
        let (_, over) = get(&fake, &format!("/payments/{}", made["id"].as_str().unwrap())).await;
        assert_eq!((&over["status"], &over["paid"]), (&json!("canceled"), &json!(false)));
        assert_eq!(over["cancellation_details"]["reason"], reason);
    }
}

#[tokio::test]
async fn a_key_is_one_request_for_a_day() {
    let clock = Clock::manual();
    let fake = YookassaFake::builder().clock(clock.clone()).start();
    let (_, made) = post(&fake, "/payments", "k1", &request()).await;
    fake.pays(made["id"].as_str().unwrap());
    let (_, again) = post(&fake, "/payments", "k1", &request()).await;
    assert_eq!((&again["id"], &again["status"]), (&made["id"], &json!("succeeded")), "as it stands now");
    fake.allow(Rule::Body);
    let mut other = request();
    other["amount"]["value"] = json!("1.00");
    let (status, refused) = post(&fake, "/payments", "k1", &other).await;
    assert_eq!((status, &refused["description"]), (400, &json!("Idempotence key duplicated")));
    assert_eq!(refused["parameter"], "Idempotence-Key");
    clock.advance(Duration::from_secs(25 * 3_600));
    let (_, later) = post(&fake, "/payments", "k1", &request()).await;
    assert_ne!(later["id"], made["id"]);
    assert_eq!(fake.payments().len(), 2);
}

#[tokio::test]
async fn what_the_service_would_not_take_is_a_violation() {
    let check = async |key: &str, change: fn(&mut Value), rule: Rule| {
        let fake = YookassaFake::builder().start();
        let mut body = request();
        change(&mut body);
        let (status, _) = post(&fake, "/payments", key, &body).await;
        assert_eq!((status, fake.violations()[0].rule), (400, rule), "{body}");
        assert!(fake.payments().is_empty());
        fake.allow(rule);
    };
    let long = "k".repeat(65);
    check("", |_| {}, Rule::Headers).await;
    check(&long, |_| {}, Rule::Headers).await;
    check("k", |body| body["amount"]["value"] = json!("390"), Rule::Body).await;
    check("k", |body| body["amount"]["value"] = json!(390), Rule::Body).await;
    check("k", |body| body["amount"]["currency"] = json!("USD"), Rule::Body).await;
    check("k", |body| body["capture"] = json!(false), Rule::Body).await;
    check("k", |body| body["confirmation"]["return_url"] = json!("t.me"), Rule::Body).await;
    check("k", |body| body["description"] = json!("x".repeat(129)), Rule::Body).await;
    check("k", |body| body["metadata"]["n"] = json!(1), Rule::Body).await;
    check("k", |body| body["user"] = json!(42), Rule::UnknownField).await;
    let fake = YookassaFake::builder().start();
    let bare = http().get(format!("{}/payments/1", fake.base_url())).send().await.unwrap();
    let refused: Value = bare.json().await.unwrap();
    assert_eq!(refused["code"], "invalid_credentials");
    assert_eq!(fake.violations()[0].rule, Rule::Auth);
    fake.allow(Rule::Auth);
    assert_eq!(get(&fake, "/payments/1").await.1["code"], "not_found");
}

#[tokio::test]
async fn faults_happen_by_script() {
    let fake = YookassaFake::builder().start();
    fake.script(When::call(Call::PaymentCreate).nth(1), Fault::lost_reply());
    fake.script(When::call(Call::PaymentCreate).nth(2), Fault::yookassa_server_error().after_it_was_done());
    fake.script(When::call(Call::PaymentCreate).nth(3), Fault::yookassa_rate_limited());
    let lost = http().post(format!("{}/payments", fake.base_url())).header("Idempotence-Key", "k1");
    let lost = lost.basic_auth(YookassaFake::SHOP, Some(YookassaFake::SECRET)).json(&request());
    assert!(lost.send().await.is_err());
    assert_eq!(post(&fake, "/payments", "k2", &request()).await.0, 500);
    assert_eq!(fake.payments().len(), 2, "both were made");
    let (status, refused) = post(&fake, "/payments", "k3", &request()).await;
    assert_eq!((status, &refused["code"]), (429, &json!("too_many_requests")));
    assert_eq!(fake.payments().len(), 2, "this one was not");
    let endings: Vec<_> = fake.log().of(Call::PaymentCreate).iter().map(|exchange| exchange.ending).collect();
    assert_eq!(endings, [Ending::Lost, Ending::Answered, Ending::Answered]);
    assert!(!fake.log().exchanges().iter().any(|exchange| format!("{exchange:?}").contains("canary")));
}
