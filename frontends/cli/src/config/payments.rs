//! What is sold, and how it is paid.

use neurocards::{Credits, Package};

use super::refused;
use crate::failure::Failure;

/// Most packages, credits of one, and units of a price.
const PACKAGES_MAX: usize = 20;
const CREDITS_MAX: i64 = 100_000;
const PRICE_MAX: i64 = 1_000_000;

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
