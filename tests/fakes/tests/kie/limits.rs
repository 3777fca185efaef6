//! Money, caps and rates.

use std::time::Duration;

use neurocards_fakes::kie::{KieFake, words};
use neurocards_fakes::{Call, Clock, Rule};
use serde_json::json;

use crate::client::{create, order, read, seedance};

#[tokio::test]
async fn credits_and_caps_end() {
    let fake = KieFake::builder().account("shop").credits(40).key("k1").key("k2").cap(20).start().await;
    let body = seedance(&fake, "k1", "The cup turns.").await;
    // 17.5 credits each.
    assert_eq!(create(&fake, "k2", &body).await["code"], 200);
    let over = create(&fake, "k2", &body).await;
    assert_eq!(over, json!({ "code": 433, "msg": "Sub-key Usage Exceeds Limit", "data": null }));
    assert_eq!(create(&fake, "k1", &body).await["code"], 200);
    let poor = create(&fake, "k1", &body).await;
    assert_eq!(poor, json!({ "code": 402, "msg": words::NO_CREDITS, "data": null }));
    assert_eq!(fake.credits_milli("shop"), 5_000);
    fake.set_credits("shop", 18);
    assert_eq!(create(&fake, "k1", &body).await["code"], 200);
}

#[tokio::test]
async fn an_account_makes_twenty_tasks_in_ten_seconds() {
    let clock = Clock::manual();
    let fake = KieFake::builder()
        .account("a")
        .key("a1")
        .key("a2")
        .account("b")
        .key("b1")
        .clock(clock.clone())
        .allow(Rule::CreateRate)
        .start()
        .await;
    let body = seedance(&fake, "a1", "The cup turns.").await;
    for n in 0..20 {
        let key = if n % 2 == 0 { "a1" } else { "a2" };
        assert_eq!(create(&fake, key, &body).await["code"], 200);
        clock.advance(Duration::from_millis(100));
    }
    let refused = json!({ "code": 429, "msg": words::TOO_FAST, "data": null });
    assert_eq!(create(&fake, "a1", &body).await, refused);
    assert_eq!(create(&fake, "a2", &body).await, refused);
    // Another account has its own limit, though the photo is not its own.
    assert_eq!(create(&fake, "b1", &body).await["code"], 200);
    // The first was made at 0 s, the second at 0.1 s: at 10 s there is room for one.
    clock.advance(Duration::from_secs(8));
    assert_eq!(create(&fake, "a1", &body).await["code"], 200);
    assert_eq!(create(&fake, "a1", &body).await, refused);
    assert_eq!(fake.log().count(Call::CreateTask), 25);
    assert_eq!(fake.log().peak(Duration::from_secs(10)), 23);
    let rules: Vec<Rule> = fake.violations().into_iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, []);
}

#[tokio::test]
async fn a_task_can_be_read_ten_times_a_second() {
    let clock = Clock::manual();
    let fake = KieFake::builder().key("k1").clock(clock.clone()).allow(Rule::ReadRate).start().await;
    let [one, other] = [order(&fake, "k1", "One cup.").await, order(&fake, "k1", "Another cup.").await];
    for _ in 0..10 {
        assert_eq!(read(&fake, "k1", &one).await["code"], 200);
    }
    assert_eq!(read(&fake, "k1", &one).await["code"], 429);
    assert_eq!(read(&fake, "k1", &other).await["code"], 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(read(&fake, "k1", &one).await["code"], 200);
}
