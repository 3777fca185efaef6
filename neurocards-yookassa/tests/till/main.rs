//! The till against the fake: what it asks, what it makes of answers, and of those that do not come.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::time::Duration;

use neurocards_core::{
    BotId, Credits, Currency, PayProvider, Payment, PaymentId, PaymentNew, Price, Till, TillError,
    TillOpened, TillReading, TillRefund, Timestamp,
};
use neurocards_fakes::yookassa::YookassaFake;
use neurocards_fakes::{Call, Fault, Rule, When};
use neurocards_yookassa::{Receipts, Yookassa, YookassaBuilder};
use serde_json::json;

fn builder(fake: &YookassaFake) -> YookassaBuilder {
    Yookassa::builder(YookassaFake::SHOP, YookassaFake::SECRET)
        .base_url(fake.base_url())
        .return_url("https://t.me/example_bot")
}

fn till(fake: &YookassaFake) -> Yookassa {
    builder(fake).build().unwrap()
}

fn rub(amount: i64) -> Price {
    Price { amount, currency: Currency::Rub }
}

fn row() -> Payment {
    let at = Timestamp::from_timestamp(1_767_225_600, 0).unwrap();
    let new = PaymentNew {
        id: PaymentId::new(at, [1; 10]),
        account: "telegram:42".parse().unwrap(),
        bot: BotId(7),
        provider: PayProvider::Yookassa,
        credits: Credits(5),
        price: rub(39_000),
    };
    new.payment(at)
}

/// A row that the provider knows.
async fn open(till: &Yookassa) -> Payment {
    match till.open(&row()).await.unwrap() {
        TillOpened::Registered { provider_id, page } => {
            Payment { provider_id: Some(provider_id), page, ..row() }
        }
        other => panic!("{other:?}"),
    }
}

fn id(payment: &Payment) -> &str {
    payment.provider_id.as_deref().unwrap()
}

#[tokio::test]
async fn a_payment_is_opened_read_and_given_back() {
    let fake = YookassaFake::builder().start();
    let till = till(&fake);
    let payment = open(&till).await;
    assert!(payment.page.as_deref().unwrap().starts_with("https://"));
    let asked = fake.asked(id(&payment));
    assert_eq!(asked["amount"], json!({ "value": "390.00", "currency": "RUB" }));
    assert_eq!(asked["metadata"]["payment"], json!(payment.id.to_string()));
    assert!(!asked.to_string().contains("42"), "who pays is nobody's business: {asked}");
    assert_eq!(till.read(&payment).await.unwrap(), TillReading::Waiting);
    fake.pays(id(&payment));
    assert_eq!(till.read(&payment).await.unwrap(), TillReading::Paid(rub(39_000)));
    fake.gives_back(id(&payment), 100);
    assert_eq!(till.read(&payment).await.unwrap(), TillReading::Paid(rub(39_000)), "a part is no refund");
    fake.gives_back(id(&payment), -100);
    for _ in 0..2 {
        assert_eq!(till.refund(&payment).await.unwrap(), TillRefund::Done);
    }
    assert_eq!(fake.refunds().len(), 1);
    assert_eq!(till.read(&payment).await.unwrap(), TillReading::Refunded(rub(39_000)));
}

#[tokio::test]
async fn every_end_is_told_apart() {
    let fake = YookassaFake::builder().start();
    let till = till(&fake);
    let mut seen = Vec::new();
    for n in 0..5 {
        let at = Timestamp::from_timestamp(1_767_225_600, 0).unwrap();
        let new = Payment { id: PaymentId::new(at, [n; 10]), ..row() };
        let TillOpened::Registered { provider_id, .. } = till.open(&new).await.unwrap() else { panic!() };
        match n {
            0 => fake.cancels(&provider_id),
            1 => fake.expires(&provider_id),
            2 => fake.pays_other(&provider_id, "1.00", "RUB"),
            3 => fake.pays_other(&provider_id, "390.00", "USD"),
            _ => fake.holds(&provider_id),
        }
        seen.push(till.read(&Payment { provider_id: Some(provider_id), ..new }).await.unwrap());
    }
    let expect = [
        TillReading::Cancelled,
        TillReading::Expired,
        TillReading::Paid(rub(100)),
        TillReading::Foreign("390.00 USD".to_owned()),
        TillReading::Waiting,
    ];
    assert_eq!(seen, expect);
}

/// Whatever is lost on the way, asking again is the same payment.
#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let fake = YookassaFake::builder().start();
    let till = builder(&fake).request_limit(Duration::from_millis(300)).build().unwrap();
    let faults = [
        Fault::lost_reply(),
        Fault::yookassa_server_error().after_it_was_done(),
        Fault::truncates(),
        Fault::garbles(),
        Fault::floods(),
        Fault::hangs().after_it_was_done(),
        Fault::yookassa_server_error(),
        Fault::html(502),
        Fault::redirects(302, "https://example.com/"),
        Fault::closes(),
    ];
    for (n, fault) in (1..).zip(&faults) {
        fake.script(When::call(Call::PaymentCreate).nth(n), fault.clone());
    }
    for fault in &faults {
        let error = till.open(&row()).await.unwrap_err();
        assert!(matches!(error, TillError::Away { after: None, .. }), "{fault:?}: {error:?}");
    }
    let payment = open(&till).await;
    assert_eq!(fake.ids(), [id(&payment)]);
    assert_eq!(id(&open(&till).await), id(&payment));
}

#[tokio::test]
async fn a_server_says_when_to_ask_again() {
    let fake = YookassaFake::builder().start();
    let till = till(&fake);
    let faults = [
        (Fault::yookassa_rate_limited().header("retry-after", "7"), Some(7)),
        (Fault::yookassa_rate_limited().header("retry-after", "999999999"), Some(3_600)),
        (Fault::yookassa_rate_limited(), None),
        (Fault::yookassa_processing(1_800), None),
    ];
    for (n, (fault, _)) in (1..).zip(&faults) {
        fake.script(When::call(Call::PaymentCreate).nth(n), fault.clone());
    }
    for (fault, expect) in &faults[..3] {
        let error = till.open(&row()).await.unwrap_err();
        let after = expect.map(Duration::from_secs);
        assert!(
            matches!(&error, TillError::Away { after: asked, .. } if *asked == after),
            "{fault:?} {error:?}"
        );
    }
    let error = till.open(&row()).await.unwrap_err();
    assert!(
        matches!(error, TillError::Away { after: Some(wait), .. } if wait.as_millis() == 1_800),
        "{error:?}"
    );
    assert!(fake.payments().is_empty());
}

#[tokio::test]
async fn a_shop_that_is_refused_is_told_without_its_secret() {
    let fake = YookassaFake::builder().start();
    fake.allow(Rule::Auth);
    assert!(till(&fake).is_test_shop().await.unwrap());
    let other = Yookassa::builder(YookassaFake::SHOP, "canary-of-another").base_url(fake.base_url());
    let error = other.build().unwrap().open(&row()).await.unwrap_err();
    assert!(matches!(error, TillError::Auth { .. }), "{error:?}");
    let echo = format!(r#"{{"code":"invalid_request","description":"bad {}"}}"#, YookassaFake::SECRET);
    fake.script(When::call(Call::PaymentCreate), Fault::page(400, "application/json", echo));
    let error = till(&fake).open(&row()).await.unwrap_err();
    assert!(matches!(error, TillError::Refused { .. }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
}

/// A shop that must send receipts refuses a payment without one, and takes one that adds up.
#[tokio::test]
async fn receipts_go_out_where_the_law_wants_them() {
    let fake = YookassaFake::builder().receipts().start();
    let error = till(&fake).open(&row()).await.unwrap_err();
    assert_eq!(
        error,
        TillError::Refused { why: "400 invalid_request: Receipt is missing or illegal: receipt".to_owned() }
    );
    let receipts = Receipts { email: "shop@example.com".to_owned(), vat_code: 1 };
    let till = builder(&fake).receipts(receipts).build().unwrap();
    let payment = open(&till).await;
    assert_eq!(fake.asked(id(&payment))["receipt"]["customer"]["email"], "shop@example.com");
    fake.pays(id(&payment));
    assert_eq!(till.refund(&payment).await.unwrap(), TillRefund::Done);
}

#[tokio::test]
async fn a_refund_is_found_whatever_became_of_its_answer() {
    let fake = YookassaFake::builder().start();
    let till = till(&fake);
    let payment = open(&till).await;
    assert_eq!(
        till.refund(&payment).await.unwrap(),
        TillRefund::Refused("the payment was not paid there".to_owned())
    );
    fake.pays(id(&payment));
    fake.refunds_end("pending");
    fake.script(When::call(Call::RefundCreate).first(1), Fault::lost_reply());
    let error = till.refund(&payment).await.unwrap_err();
    assert!(matches!(error, TillError::Away { .. }), "{error:?}");
    assert_eq!(till.refund(&payment).await.unwrap(), TillRefund::Waiting);
    fake.refunds_end("canceled");
    assert_eq!(
        till.refund(&payment).await.unwrap(),
        TillRefund::Refused("cancelled: insufficient_funds".to_owned())
    );
    // The next attempt is another request.
    fake.refunds_end("succeeded");
    let next = Payment { refunds: 1, ..payment };
    assert_eq!(till.refund(&next).await.unwrap(), TillRefund::Done);
    assert_eq!(fake.refunds().len(), 2);
    assert_eq!(till.refund(&next).await.unwrap(), TillRefund::Done);
}

#[tokio::test]
async fn another_payment_does_not_pass_for_ours() {
    let fake = YookassaFake::builder().start();
    let till = till(&fake);
    let payment = open(&till).await;
    fake.pays(id(&payment));
    let mut body = fake.payments()[0].clone();
    body["id"] = json!("00000000-000f-5000-8000-000000000000");
    fake.script(When::call(Call::PaymentRead), Fault::page(200, "application/json", body.to_string()));
    for read in [till.read(&payment).await.err(), till.refund(&payment).await.err()] {
        assert!(matches!(read, Some(TillError::Refused { .. })), "{read:?}");
    }
    // An id that could lead elsewhere is never asked for.
    let odd = Payment { provider_id: Some("../me?x=".to_owned()), ..payment };
    assert!(matches!(till.read(&odd).await, Err(TillError::Refused { .. })));
    assert_eq!(fake.log().count(Call::ShopRead), 0);
}
