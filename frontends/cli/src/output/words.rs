//! Values as people read them.

use chrono::SecondsFormat;
use comfy_table::{ContentArrangement, Table, presets};
use neurocards::{Credits, LedgerEntry, PhotoWarning, Timestamp};

use super::clean_line;

/// RFC 3339, UTC, whole seconds.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `8.0 s`.
pub(crate) fn seconds_of(millis: u64) -> String {
    format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
}

/// A table without lines; texts from outside are cleaned.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| clean_line(cell)));
    }
    let text = table.to_string();
    let plain = |line: &'_ str| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned();
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// Whether money was spent, as a sentence.
pub(crate) fn spent(held: Credits, captured: Credits, released: Credits) -> String {
    let mut parts = Vec::new();
    if captured.is_positive() {
        parts.push(format!("{captured} spent on finished videos"));
    }
    if held.is_positive() {
        parts.push(format!("{held} set aside for unfinished ones"));
    }
    if released.is_positive() {
        parts.push(format!("{released} returned"));
    }
    match (captured.is_positive(), parts.is_empty()) {
        (_, true) => "Nothing was spent.".to_owned(),
        (false, false) => format!("Nothing was spent: {}.", parts.join(", ")),
        (true, false) => format!("{}.", parts.join(", ")),
    }
}

/// A doubt about a photo, as a sentence.
pub(crate) fn warning_words(warning: &PhotoWarning) -> String {
    match warning {
        PhotoWarning::Dark { .. } => "the photo is dark: more light makes a better video".to_owned(),
        PhotoWarning::Blurred { .. } => "the photo is blurred: a sharp one makes a better video".to_owned(),
        PhotoWarning::ProductSmall { share_percent } => {
            format!("the product takes only {share_percent} % of the photo: crop closer")
        }
        other => format!("the photo may spoil the video: {other:?}"),
    }
}

/// A ledger entry as a row: when, kind, change, reason, actor, job.
pub(crate) fn ledger_line(entry: &LedgerEntry) -> Vec<String> {
    let change = entry.change_to_available();
    let amount =
        if change == Credits::ZERO { format!("({})", entry.amount.0) } else { format!("{:+}", change.0) };
    vec![
        moment(entry.created_at),
        entry.kind.as_str().to_owned(),
        amount,
        entry.job_id.map(|job| job.to_string()).unwrap_or_default(),
        entry.actor.clone().unwrap_or_default(),
        entry.reason.clone().unwrap_or_default(),
    ]
}
