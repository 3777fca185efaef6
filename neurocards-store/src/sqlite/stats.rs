//! What a stretch of time brought.

use std::fmt::Display;
use std::str::FromStr;

use neurocards_core::{Cost, Credits, Ended, Moved, Price, Quantiles, Span, Stats, StoreError, Taken};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, SqliteConnection, Type};

use super::error::classify;
use super::rows::micros;

/// A bounded number of statements, however many jobs there are. Within a transaction they see one moment.
pub(super) async fn read(db: &mut SqliteConnection, span: Span) -> Result<Stats, StoreError> {
    let ordered =
        read_all(db, span, "SELECT count(*) FROM jobs WHERE created_at >= ?1 AND created_at < ?2", |row| {
            count(row, 0)
        });
    let stats = Stats {
        span,
        ordered: ordered.await?.first().copied().unwrap_or_default(),
        ended: read_all(db, span, ENDED, ended).await?,
        start: Quantiles::of_ticks(&read_all(db, span, START, tick).await?),
        whole: Quantiles::of_ticks(&read_all(db, span, WHOLE, tick).await?),
        ledger: read_all(db, span, LEDGER, moved).await?,
        costs: read_all(db, span, COSTS, cost).await?,
        payments: read_all(db, span, PAYMENTS, taken).await?,
    };
    Ok(stats.in_order())
}

const ENDED: &str = "SELECT jobs.model, orders.brief ->> 'template', jobs.stage,
        CASE WHEN jobs.stage = 'failed' THEN jobs.error ->> 'class' END, count(*)
    FROM jobs JOIN orders ON orders.id = jobs.order_id
    WHERE jobs.finished_at >= ?1 AND jobs.finished_at < ?2 GROUP BY 1, 2, 3, 4";
const START: &str = "SELECT (attempts.sent_at - jobs.created_at) / 100000, count(*)
    FROM attempts JOIN jobs ON jobs.id = attempts.job_id
    WHERE attempts.seq = 1 AND attempts.sent_at >= ?1 AND attempts.sent_at < ?2 GROUP BY 1 ORDER BY 1";
const WHOLE: &str = "SELECT (finished_at - created_at) / 100000, count(*)
    FROM jobs WHERE stage = 'done' AND finished_at >= ?1 AND finished_at < ?2 GROUP BY 1 ORDER BY 1";
const LEDGER: &str =
    "SELECT kind, count(*), sum(amount) FROM ledger WHERE created_at >= ?1 AND created_at < ?2 GROUP BY 1";
const COSTS: &str =
    "SELECT provider, count(cost_milli), coalesce(sum(cost_milli), 0), count(*) - count(cost_milli)
    FROM attempts WHERE updated_at >= ?1 AND updated_at < ?2
        AND (cost_milli IS NOT NULL OR state NOT IN ('intent', 'rejected', 'failed')) GROUP BY 1";
const PAYMENTS: &str = "SELECT provider, currency, count(*), sum(amount),
        coalesce(sum(CASE WHEN state IN ('refunding', 'refunded') THEN amount END), 0)
    FROM payments WHERE paid_at >= ?1 AND paid_at < ?2 GROUP BY 1, 2";

async fn read_all<T>(
    db: &mut SqliteConnection,
    span: Span,
    sql: &'static str,
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let rows = sqlx::query(sql).bind(micros(span.since)).bind(micros(span.until)).fetch_all(db).await;
    rows.map_err(classify)?.iter().map(read).collect()
}

fn corrupt(error: impl Display) -> StoreError {
    StoreError::Corrupt { table: "the statistics", message: error.to_string() }
}

fn cell<'r, T: Decode<'r, Sqlite> + Type<Sqlite>>(row: &'r SqliteRow, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(corrupt)
}

fn count(row: &SqliteRow, at: usize) -> Result<u64, StoreError> {
    cell::<i64>(row, at).map(i64::unsigned_abs)
}

fn word<T: FromStr<Err: Display>>(row: &SqliteRow, at: usize) -> Result<T, StoreError> {
    cell::<&str>(row, at)?.parse().map_err(corrupt)
}

/// Clocks that went back count as no time.
fn tick(row: &SqliteRow) -> Result<(u64, u64), StoreError> {
    Ok((u64::try_from(cell::<i64>(row, 0)?).unwrap_or_default(), count(row, 1)?))
}

fn ended(row: &SqliteRow) -> Result<Ended, StoreError> {
    let class = cell::<Option<&str>>(row, 3)?.map(|word| word.parse().map_err(corrupt)).transpose()?;
    let (template, stage) = (word(row, 1)?, word(row, 2)?);
    Ok(Ended { model: cell(row, 0)?, template, stage, class, jobs: count(row, 4)? })
}

fn moved(row: &SqliteRow) -> Result<Moved, StoreError> {
    Ok(Moved { kind: word(row, 0)?, entries: count(row, 1)?, credits: Credits(cell(row, 2)?) })
}

fn cost(row: &SqliteRow) -> Result<Cost, StoreError> {
    Ok(Cost {
        provider: cell(row, 0)?,
        attempts: count(row, 1)?,
        milli: cell(row, 2)?,
        unknown: count(row, 3)?,
    })
}

fn taken(row: &SqliteRow) -> Result<Taken, StoreError> {
    let paid = Price { amount: cell(row, 3)?, currency: word(row, 1)? };
    Ok(Taken { provider: word(row, 0)?, payments: count(row, 2)?, paid, refunded: cell(row, 4)? })
}
