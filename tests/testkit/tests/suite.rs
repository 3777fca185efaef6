//! No case is forgotten: what stands in the rooms of the suite stands in its list.

use std::collections::BTreeSet;

#[test]
fn every_case_is_in_the_list() {
    let list = include_str!("../src/conformance/mod.rs");
    let words: BTreeSet<&str> = list.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let rooms = [
        include_str!("../src/conformance/accounts.rs"),
        include_str!("../src/conformance/audit.rs"),
        include_str!("../src/conformance/cancel.rs"),
        include_str!("../src/conformance/claims.rs"),
        include_str!("../src/conformance/fence.rs"),
        include_str!("../src/conformance/late.rs"),
        include_str!("../src/conformance/lifecycle.rs"),
        include_str!("../src/conformance/money.rs"),
        include_str!("../src/conformance/notices.rs"),
        include_str!("../src/conformance/operations.rs"),
        include_str!("../src/conformance/orders.rs"),
        include_str!("../src/conformance/reading.rs"),
        include_str!("../src/conformance/upkeep.rs"),
    ];
    let cases: Vec<&str> = rooms
        .iter()
        .flat_map(|room| room.lines())
        .filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next())
        .collect();
    assert!(cases.len() > 60);
    let forgotten: Vec<_> = cases.iter().filter(|case| !words.contains(*case)).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
