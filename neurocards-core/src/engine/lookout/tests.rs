use super::*;
use crate::clock::Timestamp;
use crate::clock::later;
use crate::fault::Fault;
use crate::job::Stage;
use crate::resource::{Closing, ResourceId};
use crate::store::{StageStatus, WorkerBeat, WorkerRecord};

fn now() -> Timestamp {
    later(Timestamp::UNIX_EPOCH, Duration::from_secs(1_000_000))
}

fn ago(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

fn worker(silent: u64) -> WorkerRecord {
    let beat = WorkerBeat {
        name: "w".to_owned(),
        host: "h".to_owned(),
        version: "1".to_owned(),
        in_flight: 0,
        started_at: ago(9_000),
    };
    WorkerRecord { beat, seen_at: ago(silent) }
}

/// A queue with so many jobs of which the first one waits so long.
fn queue(due: u64, waited: Option<u64>, workers: Vec<WorkerRecord>) -> QueueStatus {
    let stage = StageStatus { jobs: due, due, ..StageStatus::empty(Stage::Prompt) };
    QueueStatus { at: now(), stages: vec![stage], due_since: waited.map(ago), pauses: Vec::new(), workers }
}

fn calm() -> Look {
    let queue = queue(0, None, vec![worker(3)]);
    Look { queue, resources: Vec::new(), balances: Vec::new(), closed: Vec::new() }
}

/// A resource that is closed since just now.
fn closed(id: ResourceId, class: FaultClass, actor: Option<&str>) -> ResourceRecord {
    let closing = Closing { since: ago(5), until: None, actor: actor.map(str::to_owned), reason: None };
    ResourceRecord {
        closing: Some(closing),
        fault: Some(Fault::new(class, "said")),
        ..ResourceRecord::new(id)
    }
}

fn words(look: &Look) -> Vec<String> {
    let troubles = troubles(look, WatchLimits::default());
    troubles.iter().map(|alarm| format!("{} {}", alarm.kind, alarm.subject)).collect()
}

#[test]
fn what_is_in_order_is_no_trouble() {
    let check = |look: Look| assert_eq!(words(&look), [""; 0]);
    check(calm());
    check(Look { queue: queue(3, Some(599), vec![worker(59)]), ..calm() });
    // Nobody works, and nobody need.
    check(Look { queue: queue(0, None, Vec::new()), ..calm() });
    let account = || ResourceId::account("kie", "main");
    let resources = vec![
        ResourceRecord::new(account()),
        closed(account(), FaultClass::RateLimit, None),
        closed(account(), FaultClass::Billing, Some("cli:ops")),
        closed(ResourceId::model("kie", "m"), FaultClass::Billing, None),
    ];
    check(Look { resources, ..calm() });
}

#[test]
fn trouble_is_named_by_what_it_is_about() {
    let check = |look: Look, expect: &[&str]| assert_eq!(words(&look), expect);
    let resources = vec![
        closed(ResourceId::account("kie", "main"), FaultClass::Billing, None),
        closed(ResourceId::key("kie", "ab12"), FaultClass::Auth, None),
    ];
    let closed = vec![("kie".to_owned(), AlarmDetail::None)];
    check(
        Look { resources, closed, ..calm() },
        &["key_closed kie account main", "key_closed kie key ab12", "keys_down kie"],
    );
    check(Look { queue: queue(3, Some(600), vec![worker(3)]), ..calm() }, &["queue_stuck queue"]);
    check(Look { queue: queue(3, Some(600), vec![worker(61)]), ..calm() }, &["workers_gone workers"]);
    check(Look { queue: queue(1, None, Vec::new()), ..calm() }, &["workers_gone workers"]);
    check(Look { queue: queue(0, None, vec![worker(61)]), ..calm() }, &["workers_gone workers"]);
}

#[test]
fn money_that_will_not_last_is_told_with_the_hours() {
    let check = |millis: &[i64], expect: Option<(i64, Option<u64>)>| {
        let point = |(at, milli): (usize, &i64)| BalancePoint {
            at: ago(999_999 - at as u64 * 86_400),
            milli: *milli,
        };
        let points: Vec<_> = millis.iter().enumerate().map(point).collect();
        let found = low("kie account main", &points, Duration::from_secs(3 * 86_400));
        let expect = expect.map(|(milli, hours_left)| AlarmDetail::Balance { milli, hours_left });
        assert_eq!(found.map(|alarm| alarm.detail), expect, "{millis:?}");
    };
    check(&[], None);
    check(&[5_000], None);
    check(&[9_000, 8_000, 7_000], None);
    check(&[9_000, 5_000, 2_000], Some((2_000, Some(13))));
    check(&[9_000, 6_000, 3_000, 9_500], None);
    check(&[0], Some((0, None)));
}

#[test]
fn each_invariant_is_one_alarm() {
    let broken = |invariant, key: &str| Violation { invariant, key: key.to_owned() };
    let alarms = violated(&[broken("one", "a"), broken("two", "b"), broken("one", "c")]);
    let found = |subject, count, first: &str| {
        let detail = AlarmDetail::Found { count, first: first.to_owned() };
        Alarm::new(AlarmKind::AuditFailed, subject, detail)
    };
    assert_eq!(alarms, [found("one", 2, "a"), found("two", 1, "b")]);
}
