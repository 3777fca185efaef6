//! Credits.

use serde_json::json;

use crate::support::{Home, settings};

#[test]
fn credits_are_granted_shown_and_taken_back() {
    let home = Home::new();
    settings().bind(|| {
        insta::assert_snapshot!("credits_unopened", home.run(["credits", "balance"]).snapshot());
        insta::assert_snapshot!(
            "credits_no_account",
            home.run(["credits", "balance", "telegram:42"]).snapshot()
        );
        let grant = ["credits", "grant", "telegram:42", "10", "--reason", "sorry\u{1b}[2J"];
        insta::assert_snapshot!("credits_grant", home.run(grant).snapshot());
        insta::assert_snapshot!(
            "credits_back",
            home.run(["credits", "grant", "telegram:42", "-3"]).snapshot()
        );
        insta::assert_snapshot!(
            "credits_too_much_back",
            home.run(["credits", "grant", "telegram:42", "-8"]).snapshot()
        );
        insta::assert_snapshot!(
            "credits_back_from_nobody",
            home.run(["credits", "grant", "telegram:43", "-8"]).snapshot()
        );
        insta::assert_snapshot!(
            "credits_back_from_own",
            home.run(["credits", "grant", "cli:default", "-10001"]).snapshot()
        );
        let long = "x".repeat(501);
        insta::assert_snapshot!(
            "credits_long_reason",
            home.run(["credits", "grant", "telegram:42", "1", "--reason", &long]).snapshot()
        );
        insta::assert_snapshot!(
            "credits_least",
            home.run(["credits", "grant", "telegram:42", "-9223372036854775808"]).snapshot()
        );
        insta::assert_snapshot!(
            "credits_zero",
            home.run(["credits", "grant", "telegram:42", "0"]).snapshot()
        );
        insta::assert_snapshot!(
            "credits_history",
            home.run(["credits", "history", "telegram:42"]).snapshot()
        );
    });
    let balance = home.json(&["credits", "balance", "telegram:42"]);
    assert_eq!(balance, json!({"account": "telegram:42", "available": 7, "held": 0, "credit_limit": 0}));
    let history = home.json(&["credits", "history", "telegram:42", "--limit", "1"]);
    assert_eq!(
        (history[0]["kind"].as_str(), history[0]["actor"].as_str()),
        (Some("adjust"), Some("cli:tester"))
    );
    assert_eq!(home.run(["credits", "balance", "nobody"]).code, Some(2));
    assert_eq!(
        home.run(["credits", "balance", "telegram:43"]).code,
        Some(1),
        "a refused grant opens nothing"
    );
    assert_eq!(
        home.run(["credits", "grant", "telegram:42", "1", "--idempotency-key", "a\u{1b}[2J"]).code,
        Some(2)
    );
    home.assert_sound();
}

#[test]
fn a_grant_that_is_mistyped_opens_nothing() {
    let home = Home::new();
    let refused = |words: &[&str], why: &str| {
        let ran = home.run(["credits", "grant"].iter().chain(words));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(why) && ran.stderr.contains("Nothing was spent."), "{ran:?}");
    };
    for nobody in ["telegram:anna", "telegram:-5", "telegram:0", "telegram:4 2"] {
        refused(&[nobody, "5"], "account");
    }
    refused(&["telegram:42", "ten"], "credits are whole numbers");
    refused(&["telegram:42", "99999999999999999999"], "there are not so many credits");
    refused(&["telegram:42", "1", "--reason", " "], "a reason has words");
    assert_eq!(home.run(["credits", "balance", "telegram:anna"]).code, Some(1));
}

#[test]
fn a_grant_with_a_key_happens_once() {
    let home = Home::new();
    let grant = |amount: &str| {
        home.run(["credits", "grant", "cli:shop", amount, "--idempotency-key", "invoice-1", "--json"])
    };
    let answer = |ran: &crate::support::Ran| serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
    let first = answer(&grant("5"));
    assert_eq!((&first["before"], &first["opened"]), (&json!(false), &json!(true)));
    let again = grant("5");
    assert_eq!(answer(&again)["opened"], false);
    assert_eq!(
        (answer(&again)["before"].clone(), answer(&again)["available"].clone()),
        (json!(true), json!(5))
    );
    let other = grant("6");
    assert_eq!((other.code, &answer(&other)["error"]["class"]), (Some(2), &json!("key_reused")));
    assert_eq!(home.entries("cli:shop", ["adjust", "hold", "capture"]), [1, 0, 0]);
}
