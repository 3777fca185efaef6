//! Screens for snapshots.

use std::fmt::Write as _;

use neurocards::Lang;

use super::{Does, Screen};
use crate::text::Text;

/// A screen as a person sees it.
pub(crate) fn seen(screen: &Screen, lang: Lang) -> String {
    let line = |text: &Text| text.html(lang);
    let mut seen = screen
        .paragraphs
        .iter()
        .map(|lines| lines.iter().map(line).collect::<Vec<_>>().join("\n"))
        .collect::<Vec<_>>()
        .join("\n\n");
    for row in &screen.rows {
        let keys = row.iter().map(|button| {
            let label = button.label.plain(lang);
            match &button.does {
                Does::Act(_) => format!("[{label}]"),
                Does::Open(url) => format!("[{label} -> {url}]"),
            }
        });
        let _ = write!(seen, "\n{}", keys.collect::<Vec<_>>().join(" "));
    }
    seen
}
