//! How an alarm reads.

use neurocards::{Alarm, AlarmDetail, AlarmRecord};

use super::say::Word;
use crate::screen::Screen;
use crate::text::{Text, clip};

/// Most characters of a provider's message that are shown.
const MESSAGE_SHOWN: usize = 300;

/// What is said of an alarm.
pub(crate) fn alert(record: &AlarmRecord, word: Word) -> Screen {
    let what = what(&record.alarm);
    match word {
        Word::Began => {
            let many =
                (record.times > 1).then(|| Text::new("alert-times").number("count", number(record.times)));
            let lines = detail(&record.alarm.detail).into_iter().chain(many).collect();
            Screen::new(Text::new("alert-began").text("what", what)).lines(lines)
        }
        Word::More(more) => {
            let head = Text::new("alert-more").text("what", what).number("count", number(more));
            Screen::new(head).lines(detail(&record.alarm.detail).into_iter().collect())
        }
        Word::Over if record.alarm.kind.lasts() => Screen::new(Text::new("alert-over").text("what", what)),
        Word::Over => {
            let head = Text::new("alert-quiet").text("what", what).number("count", number(record.times));
            Screen::new(head)
        }
    }
}

/// What it is about, on one line.
pub(crate) fn what(alarm: &Alarm) -> Text {
    Text::new(format!("alarm-{}", alarm.kind)).words("subject", &alarm.subject)
}

fn detail(detail: &AlarmDetail) -> Option<Text> {
    Some(match detail {
        AlarmDetail::None => return None,
        AlarmDetail::Fault { class, message } => Text::new("alarm-by-fault")
            .words("class", class.as_str())
            .words("message", clip(message, MESSAGE_SHOWN)),
        AlarmDetail::Balance { milli, hours_left } => {
            let left = Text::new("alarm-by-balance").number("left", milli / 1_000);
            match hours_left {
                Some(hours) => left.number("days", number(hours / 24)).number("hours", number(hours % 24)),
                None => Text::new("alarm-by-empty").number("left", milli / 1_000),
            }
        }
        AlarmDetail::Jobs { jobs, seconds } => {
            Text::new("alarm-by-jobs").number("jobs", number(*jobs)).number("minutes", number(seconds / 60))
        }
        AlarmDetail::Found { count, first } => {
            Text::new("alarm-by-found").number("count", number(*count)).words("first", first)
        }
    })
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use neurocards::{AlarmKind, FaultClass, Lang, Timestamp};

    use super::*;

    fn details() -> Vec<AlarmDetail> {
        vec![
            AlarmDetail::None,
            AlarmDetail::Fault { class: FaultClass::Billing, message: "no <money>".to_owned() },
            AlarmDetail::Balance { milli: 12_345, hours_left: Some(51) },
            AlarmDetail::Balance { milli: 0, hours_left: None },
            AlarmDetail::Jobs { jobs: 3, seconds: 660 },
            AlarmDetail::Found { count: 2, first: "job 1".to_owned() },
        ]
    }

    #[test]
    fn every_alarm_reads_in_both_languages() {
        let record = |kind, detail| AlarmRecord {
            alarm: Alarm::new(kind, "kie account main", detail),
            is_over: false,
            since: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
            times: 42,
            told_times: 0,
            told_at: None,
            epoch: 1,
        };
        let mut all = Vec::new();
        for lang in [Lang::Ru, Lang::En] {
            all.push(format!("=== {lang}"));
            let mut show = |record: &AlarmRecord, word| {
                let lines = alert(record, word).paragraphs.concat();
                all.push(lines.iter().map(|text| text.html(lang)).collect::<Vec<_>>().join("\n"));
            };
            for kind in AlarmKind::ALL {
                show(&record(kind, AlarmDetail::None), Word::Over);
            }
            for detail in details() {
                show(&record(AlarmKind::UnknownFault, detail.clone()), Word::Began);
                show(&record(AlarmKind::UnknownFault, detail), Word::More(41));
            }
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../../tests/snapshots" }, {
            insta::assert_snapshot!("alerts", all.join("\n---\n"));
        });
    }
}
