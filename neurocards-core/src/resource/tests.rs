use super::*;
use crate::fault::FaultClass;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

fn fault() -> Fault {
    Fault::new(FaultClass::Temporary, "internal error")
}

const BREAKER: Breaker =
    Breaker { after: 3, rest: Duration::from_secs(60), longest: Duration::from_secs(150) };

fn failed() -> ResourceOutcome {
    ResourceOutcome::Failed { fault: fault(), breaker: Some(BREAKER) }
}

/// The record after these outcomes, each at its second.
fn after(outcomes: &[(i64, ResourceOutcome)]) -> ResourceRecord {
    let fresh = ResourceRecord::new(ResourceId::model("memory", "video"));
    outcomes
        .iter()
        .fold(fresh, |record, (second, outcome)| record.settled(outcome, at(*second)).unwrap_or(record))
}

#[test]
fn faults_in_a_row_close_and_probations_that_fail_close_for_longer() {
    let mut outcomes = vec![(0, failed()), (1, failed())];
    assert_eq!(after(&outcomes).openness(at(1)), Openness::Open);
    outcomes.push((2, failed()));
    let closed = after(&outcomes);
    assert_eq!(closed.openness(at(61)), Openness::Closed { until: Some(at(62)) });
    assert_eq!(closed.openness(at(62)), Openness::Probation);
    // The second probation doubles the rest, the third one reaches its end.
    for (second, until) in [(62, 182), (182, 332), (400, 550)] {
        outcomes.push((second, failed()));
        assert_eq!(after(&outcomes).openness(at(second)), Openness::Closed { until: Some(at(until)) });
    }
    assert_eq!(after(&outcomes).closing.unwrap().since, at(2), "closed all the time");
}

#[test]
fn what_was_under_way_neither_counts_nor_opens() {
    let row = [(0, failed()), (0, failed()), (0, failed())];
    let mut outcomes = row.to_vec();
    outcomes.push((10, failed()));
    outcomes.push((20, ResourceOutcome::Worked));
    let record = after(&outcomes);
    assert_eq!(record.failures, 3);
    assert_eq!(record.openness(at(20)), Openness::Closed { until: Some(at(70)) }, "only made longer");
    outcomes.push((30, ResourceOutcome::Recovered));
    assert_eq!((after(&outcomes).openness(at(30)), after(&outcomes).failures), (Openness::Open, 0));
}

#[test]
fn a_probation_that_said_nothing_is_given_back() {
    let mut record = after(&[(0, failed()), (0, failed()), (0, failed())]);
    record.probing_until = Some(at(90));
    assert_eq!(record.settled(&ResourceOutcome::Inconclusive, at(59)), None, "it rests");
    let back = record.settled(&ResourceOutcome::Inconclusive, at(60)).unwrap();
    assert_eq!((back.openness(at(60)), back.failures), (Openness::Probation, 3));
    assert_eq!(back.settled(&ResourceOutcome::Inconclusive, at(60)), None);
}

#[test]
fn a_success_in_between_starts_the_count_again() {
    let record =
        after(&[(0, failed()), (1, failed()), (2, ResourceOutcome::Worked), (3, failed()), (4, failed())]);
    assert_eq!((record.failures, record.openness(at(4))), (2, Openness::Open));
    assert_eq!(record.recovered_at, Some(at(2)));
}

#[test]
fn a_success_without_trouble_is_no_news() {
    let record = after(&[]);
    assert_eq!(record.settled(&ResourceOutcome::Worked, at(0)), None);
    assert_eq!(record.settled(&ResourceOutcome::Recovered, at(0)), None);
}

#[test]
fn an_operators_closing_outlives_everything_but_its_end() {
    let closing =
        Closing { since: at(0), until: Some(at(100)), actor: Some("cli:ops".to_owned()), reason: None };
    let mut record = after(&[]);
    record.closing = Some(closing.clone());
    for outcome in [failed(), failed(), failed(), ResourceOutcome::Worked, ResourceOutcome::Recovered] {
        record = record.settled(&outcome, at(10)).unwrap_or(record);
    }
    assert_eq!(record.closing, Some(closing));
    assert_eq!(record.openness(at(99)), Openness::Closed { until: Some(at(100)) });
    assert_eq!(record.openness(at(100)), Openness::Open, "it never failed: no probation");
}

#[test]
fn a_balance_lasts_as_long_as_spending_says() {
    let hour = 3_600;
    let points = |list: &[(i64, i64)]| {
        list.iter()
            .map(|(hours, milli)| BalancePoint { at: at(hours * hour), milli: *milli })
            .collect::<Vec<_>>()
    };
    let check = |list: &[(i64, i64)], expect: Option<f64>| {
        assert_eq!(BalancePoint::days_left(&points(list)), expect, "{list:?}");
    };
    check(&[], None);
    check(&[(0, 5_000)], None);
    check(&[(0, 5_000), (24, 5_000)], None);
    // 2 credits a day, 3 are left.
    check(&[(0, 5_000), (12, 4_000), (24, 3_000)], Some(1.5));
    // A top-up in between is no spending.
    check(&[(0, 5_000), (12, 4_000), (18, 14_000), (24, 13_000)], Some(6.5));
    check(&[(0, 1_000), (24, -500)], Some(0.0));
}
