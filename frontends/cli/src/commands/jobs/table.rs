//! Jobs as a table.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use neurocards::{Job, OrderId};

use crate::app::App;
use crate::failure::Failure;
use crate::output::{moment, table};
use crate::video::Video;

/// The descriptions of the orders that these jobs belong to.
pub(super) async fn descriptions(
    app: &App,
    jobs: &[(Job, Option<Video>)],
) -> Result<BTreeMap<OrderId, String>, Failure> {
    let mut known = BTreeMap::new();
    for (job, _) in jobs {
        if let Entry::Vacant(free) = known.entry(job.order_id) {
            let record = app.store().order_get(job.order_id).await?;
            free.insert(record.map(|record| record.order.brief.description).unwrap_or_default());
        }
    }
    Ok(known)
}

/// Most characters of a product in a table.
const PRODUCT_CHARS: usize = 24;

/// The first words.
pub(super) fn first_words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= PRODUCT_CHARS {
        return line;
    }
    let cut: String = line.chars().take(PRODUCT_CHARS).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{}…", words.trim_end_matches([',', '.', ':', ';', '-', '—', '–']).trim_end())
}

/// With the descriptions of their orders, jobs of several orders; without, those of one.
pub(super) fn job_table(jobs: &[(Job, Option<Video>)], orders: Option<&BTreeMap<OrderId, String>>) -> String {
    let rows = jobs.iter().map(|(job, video)| {
        let told = match (&job.error, video) {
            (Some(fault), _) => fault.to_string(),
            (None, Some(Video { removed_at: Some(at), .. })) => format!("removed on {}", moment(*at)),
            (None, Some(video)) => format!("{} kB", video.facts.bytes / 1_000),
            (None, None) => String::new(),
        };
        let mut row = vec![
            job.id.to_string(),
            job.status().to_string(),
            job.stage.to_string(),
            job.model.clone(),
            job.account.to_string(),
            moment(job.created_at),
        ];
        if let Some(orders) = orders {
            row.push(orders.get(&job.order_id).map(|text| first_words(text)).unwrap_or_default());
            row.push(job.order_id.to_string());
        }
        row.push(told);
        row
    });
    let mut header = vec!["JOB", "STATUS", "STAGE", "MODEL", "ACCOUNT", "CREATED"];
    if orders.is_some() {
        header.extend(["PRODUCT", "ORDER"]);
    }
    header.push("RESULT");
    table(&header, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_its_first_words() {
        let check = |text: &str, expect: &str| assert_eq!(first_words(text), expect);
        check("Cup", "Cup");
        check("Coffee cup\n350 ml", "Coffee cup 350 ml");
        check("Чашка для кофе 350 мл. Держит тепло", "Чашка для кофе 350 мл…");
        check(&"x".repeat(30), &format!("{}…", "x".repeat(24)));
    }
}
