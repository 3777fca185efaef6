//! What is sold, and how it is paid.

use neurocards::yookassa::{Receipts, Yookassa, YookassaBuilder};
use neurocards::{Credits, Package};
use secrecy::SecretString;

use super::{Settings, plain, refused};
use crate::failure::Failure;

/// Most packages, credits of one, and units of a price.
const PACKAGES_MAX: usize = 20;
const CREDITS_MAX: i64 = 100_000;
const PRICE_MAX: i64 = 1_000_000;

/// The tax code of a receipt that says nothing else: none.
const NO_VAT: u8 = 1;

/// A shop at YooKassa, where one is set up.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    id: String,
    secret: SecretString,
    base_url: Option<String>,
    pub(crate) receipts: Option<Receipts>,
}

impl Shop {
    /// `YOOKASSA_SHOP_ID` and `YOOKASSA_SECRET_KEY`; with `YOOKASSA_RECEIPT_EMAIL` receipts go out, with
    /// `YOOKASSA_VAT_CODE` on them.
    pub(super) fn read(settings: &Settings) -> Result<Option<Self>, Failure> {
        let (id, secret) = match (settings.text("YOOKASSA_SHOP_ID")?, settings.text("YOOKASSA_SECRET_KEY")?) {
            (None, None) => return Ok(None),
            (Some(id), Some(secret)) => (id.to_owned(), SecretString::from(secret)),
            (Some(_), None) => return Err(half("YOOKASSA_SHOP_ID", "YOOKASSA_SECRET_KEY")),
            (None, Some(_)) => return Err(half("YOOKASSA_SECRET_KEY", "YOOKASSA_SHOP_ID")),
        };
        let base_url = settings.text("YOOKASSA_BASE_URL")?.map(str::to_owned);
        plain::check(settings, "YOOKASSA_BASE_URL", base_url.as_deref().unwrap_or_default())?;
        let vat_code = match settings.text("YOOKASSA_VAT_CODE")? {
            None => NO_VAT,
            Some(text) => text.parse().map_err(|_| {
                refused("YOOKASSA_VAT_CODE", "is no code of a tax", "1 is none; YooKassa lists 1 to 12.")
            })?,
        };
        let email = settings.text("YOOKASSA_RECEIPT_EMAIL")?;
        let receipts = email.map(|email| Receipts { email: email.to_owned(), vat_code });
        let shop = Self { id, secret, base_url, receipts };
        // What cannot be used is told before anything begins.
        shop.till("https://t.me").map(|_| Some(shop))
    }

    /// The till; people come back to this page.
    pub(crate) fn till(&self, return_url: &str) -> Result<Yookassa, Failure> {
        let mut builder: YookassaBuilder =
            Yookassa::builder(&self.id, self.secret.clone()).return_url(return_url);
        if let Some(base_url) = &self.base_url {
            builder = builder.base_url(base_url);
        }
        if let Some(receipts) = &self.receipts {
            builder = builder.receipts(receipts.clone());
        }
        builder.build().map_err(|error| {
            let hint =
                "Check YOOKASSA_SHOP_ID, YOOKASSA_SECRET_KEY, YOOKASSA_RECEIPT_EMAIL and YOOKASSA_VAT_CODE.";
            refused("the shop at YooKassa", &format!("cannot be set up: {error}"), hint)
        })
    }
}

fn half(set: &str, missing: &str) -> Failure {
    refused(set, &format!("is set, and {missing} is not"), "YooKassa's cabinet shows both; set both or none.")
}

/// `NEUROCARDS_STARS`: credits are sold for Telegram Stars. Off by default.
pub(super) fn stars(given: Option<&str>) -> Result<bool, Failure> {
    match given {
        None | Some("off") => Ok(false),
        Some("on") => Ok(true),
        Some(_) => Err(refused("NEUROCARDS_STARS", "is neither on nor off", "Leave it out, or say on.")),
    }
}

/// `NEUROCARDS_PACKAGES`: `CREDITS=ROUBLES/STARS`, separated by commas; either price may be left out: `5=390/250,10=690,3=/150`.
pub(super) fn packages(given: Option<&str>) -> Result<Vec<Package>, Failure> {
    let Some(given) = given else { return Ok(Package::DEFAULT.to_vec()) };
    let bad = |why: &str| {
        refused(
            "NEUROCARDS_PACKAGES",
            why,
            "Packages look like 5=390/250, with roubles and Stars, separated by commas.",
        )
    };
    let parts = given.split(',').map(str::trim).filter(|part| !part.is_empty());
    let packages: Option<Vec<_>> = parts.map(package).collect();
    let packages = packages.ok_or_else(|| bad("has a package that cannot be read"))?;
    if packages.is_empty() || packages.len() > PACKAGES_MAX {
        return Err(bad("has none, or more than 20"));
    }
    let mut counts: Vec<_> = packages.iter().map(|package| package.credits).collect();
    counts.sort_unstable();
    counts.dedup();
    if counts.len() < packages.len() {
        return Err(bad("has two packages of the same number of credits"));
    }
    Ok(packages)
}

fn package(part: &str) -> Option<Package> {
    let (credits, prices) = part.split_once('=')?;
    let (roubles, stars) = prices.split_once('/').unwrap_or((prices, ""));
    let number = |text: &str, most: i64| {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| plain && (1..=most).contains(number))
    };
    let price = |text: &str| match text.trim() {
        "" => Some(None),
        text => number(text, PRICE_MAX).map(Some),
    };
    let (kopecks, stars) = (price(roubles)?.map(|roubles| roubles * 100), price(stars)?);
    let credits = Credits(number(credits.trim(), CREDITS_MAX)?);
    (kopecks.is_some() || stars.is_some()).then_some(Package { credits, kopecks, stars })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_read_whole_or_not_at_all() {
        let check = |given: &[(&str, &str)], expect: Option<bool>| {
            let mut settings = Settings::default();
            settings.values.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.into())));
            let read = Shop::read(&settings);
            assert_eq!(read.as_ref().ok().map(Option::is_some), expect, "{given:?}");
            assert!(!format!("{read:?}").contains("canary"), "{given:?}");
        };
        let (id, secret) = (("YOOKASSA_SHOP_ID", "100500"), ("YOOKASSA_SECRET_KEY", "live_canary"));
        check(&[], Some(false));
        check(&[id, secret], Some(true));
        check(&[id], None);
        check(&[secret], None);
        check(&[("YOOKASSA_SHOP_ID", "live_canary"), secret], None);
        check(&[id, secret, ("YOOKASSA_BASE_URL", "http://127.0.0.1:1/v3")], Some(true));
        check(&[id, secret, ("YOOKASSA_BASE_URL", "http://api.yookassa.ru/v3")], None);
        check(&[id, secret, ("YOOKASSA_RECEIPT_EMAIL", "shop@example.com")], Some(true));
        check(&[id, secret, ("YOOKASSA_RECEIPT_EMAIL", "shop")], None);
        for bad in ["x", "0", "13", "256"] {
            let receipt = ("YOOKASSA_RECEIPT_EMAIL", "shop@example.com");
            check(&[id, secret, receipt, ("YOOKASSA_VAT_CODE", bad)], None);
        }
    }

    #[test]
    fn packages_are_read_and_refused() {
        let read = |given: &str| packages(Some(given)).ok();
        assert_eq!(packages(None).unwrap(), Package::DEFAULT);
        let usual = read("5=390/250, 10=690/450,30=1790/1150,100=4990/3200").unwrap();
        assert_eq!(usual, Package::DEFAULT);
        let of = |credits, kopecks, stars| Package { credits: Credits(credits), kopecks, stars };
        assert_eq!(read("1=99,3=/150"), Some(vec![of(1, Some(9_900), None), of(3, None, Some(150))]));
        let many = (1..=21).map(|n| format!("{n}=1")).collect::<Vec<_>>().join(",");
        for bad in [
            "", ",", "5", "5=", "5=/", "0=1", "-5=1", "5=-1", "5=0", "5=1.5", "5=1/x", "x=1", "5=1,5=2",
            "+5=1", &many,
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(stars(Some("on")).unwrap() && !stars(None).unwrap() && stars(Some("yes")).is_err());
    }
}
