//! What is sold, and whether it can be paid.

use neurocards::TillError;
use neurocards_telegram::Settings;

use super::Finding;
use crate::config::{Config, Public, Shop};

/// What is sold, for what, and whether the shop takes us: asking is free.
pub(super) async fn payments(config: &Config) -> Vec<Finding> {
    let Some(telegram) = &config.telegram else { return Vec::new() };
    let mut findings = vec![sold(&telegram.settings, config.shop.as_ref())];
    if let Some(shop) = &config.shop {
        findings.push(hints(config));
        findings.push(shop_known(shop).await);
    }
    findings
}

fn sold(settings: &Settings, shop: Option<&Shop>) -> Finding {
    let mut ways = Vec::new();
    if shop.is_some() {
        ways.push("roubles by YooKassa");
    }
    if settings.stars {
        ways.push("Telegram Stars");
    }
    if ways.is_empty() {
        return Finding::ok("payments", "nothing is sold: people are sent to support");
    }
    let found = format!("{} packages for {}", settings.packages.len(), ways.join(" and "));
    if shop.is_some() && settings.packages.iter().all(|package| package.kopecks.is_none()) {
        let mend = "Give packages a price in roubles: NEUROCARDS_PACKAGES=5=390/250.";
        return Finding::warn("payments", format!("{found}, and none has a price in roubles"), mend);
    }
    if settings.stars && settings.terms_url.is_none() {
        let mend = "Telegram wants terms where Stars are taken: set TERMS_URL.";
        return Finding::warn("payments", found, mend);
    }
    Finding::ok("payments", found)
}

/// How the bot learns that somebody paid.
fn hints(config: &Config) -> Finding {
    let receipts = match config.shop.as_ref().and_then(|shop| shop.receipts.as_ref()) {
        Some(receipts) => format!("receipts go to {}", receipts.email),
        None => "no receipts are sent".to_owned(),
    };
    let found = match config.public.as_ref().map(Public::base) {
        Some(base) => format!(
            "{receipts}; payments are read every few seconds, and at once where YooKassa may tell \
             {}/callbacks/yookassa",
            base.trim_end_matches('/')
        ),
        None => format!("{receipts}; payments are read every few seconds, so no public address is needed"),
    };
    Finding::ok("yookassa", found)
}

async fn shop_known(shop: &Shop) -> Finding {
    let till = match shop.till("https://t.me") {
        Ok(till) => till,
        Err(failure) => return Finding::failed("yookassa", &failure),
    };
    match till.is_test_shop().await {
        Ok(false) => Finding::ok("yookassa", "the shop takes payments"),
        Ok(true) => {
            let mend = "Set YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY to those of the real shop to be paid.";
            Finding::warn("yookassa", "the shop is one for tests: credits are given for no money", mend)
        }
        Err(TillError::Auth { why }) => Finding::fail(
            "yookassa",
            format!("the shop is refused: {why}"),
            "Make a new key in YooKassa's cabinet, and set YOOKASSA_SHOP_ID and YOOKASSA_SECRET_KEY.",
        ),
        Err(error) => Finding::warn("yookassa", error.to_string(), "Try again in a minute."),
    }
}
