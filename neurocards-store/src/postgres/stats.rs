//! What a stretch of time brought.

use neurocards_core::{Cost, Credits, Ended, Moved, Price, Quantiles, Span, Stats, StoreError, Taken};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection};

use super::error::classify;
use super::rows::Cells;

/// A bounded number of statements over one moment, however many jobs there are.
pub(super) async fn read(db: &mut PgConnection, span: Span) -> Result<Stats, StoreError> {
    let mut tx = db.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(classify)?;
    let ordered = rows(&mut tx, span, "SELECT count(*) FROM jobs WHERE created_at >= $1 AND created_at < $2");
    let ordered = ordered.await?.first().map(|row| count(&mut Cells::new(row))).transpose()?;
    let stats = Stats {
        span,
        ordered: ordered.unwrap_or_default(),
        ended: read_all(&mut tx, span, ENDED, ended).await?,
        start: Quantiles::of_ticks(&read_all(&mut tx, span, START, tick).await?),
        whole: Quantiles::of_ticks(&read_all(&mut tx, span, WHOLE, tick).await?),
        ledger: read_all(&mut tx, span, LEDGER, moved).await?,
        costs: read_all(&mut tx, span, COSTS, cost).await?,
        payments: read_all(&mut tx, span, PAYMENTS, taken).await?,
    };
    Ok(stats.in_order())
}

const ENDED: &str = "SELECT jobs.model, orders.brief ->> 'template', jobs.stage,
        CASE WHEN jobs.stage = 'failed' THEN jobs.error ->> 'class' END, count(*)
    FROM jobs JOIN orders ON orders.id = jobs.order_id
    WHERE jobs.finished_at >= $1 AND jobs.finished_at < $2 GROUP BY 1, 2, 3, 4";
const START: &str =
    "SELECT floor(extract(epoch FROM attempts.sent_at - jobs.created_at) * 10)::bigint, count(*)
    FROM attempts JOIN jobs ON jobs.id = attempts.job_id
    WHERE attempts.seq = 1 AND attempts.sent_at >= $1 AND attempts.sent_at < $2 GROUP BY 1 ORDER BY 1";
const WHOLE: &str = "SELECT floor(extract(epoch FROM finished_at - created_at) * 10)::bigint, count(*)
    FROM jobs WHERE stage = 'done' AND finished_at >= $1 AND finished_at < $2 GROUP BY 1 ORDER BY 1";
const LEDGER: &str = "SELECT kind, count(*), sum(amount)::bigint FROM ledger
    WHERE created_at >= $1 AND created_at < $2 GROUP BY 1";
const COSTS: &str = "SELECT provider, count(cost_milli), coalesce(sum(cost_milli), 0)::bigint,
        count(*) FILTER (WHERE cost_milli IS NULL)
    FROM attempts WHERE updated_at >= $1 AND updated_at < $2
        AND (cost_milli IS NOT NULL OR state NOT IN ('intent', 'rejected', 'failed')) GROUP BY 1";
const PAYMENTS: &str = "SELECT provider, currency, count(*), sum(amount)::bigint,
        coalesce(sum(amount) FILTER (WHERE state IN ('refunding', 'refunded')), 0)::bigint
    FROM payments WHERE paid_at >= $1 AND paid_at < $2 GROUP BY 1, 2";

async fn rows(db: &mut PgConnection, span: Span, sql: &'static str) -> Result<Vec<PgRow>, StoreError> {
    sqlx::query(sql).bind(span.since).bind(span.until).fetch_all(db).await.map_err(classify)
}

async fn read_all<T>(
    db: &mut PgConnection,
    span: Span,
    sql: &'static str,
    read: impl Fn(&mut Cells<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows(db, span, sql).await?.iter().map(|row| read(&mut Cells::new(row))).collect()
}

fn count(cells: &mut Cells<'_>) -> Result<u64, StoreError> {
    cells.next::<i64>().map(i64::unsigned_abs)
}

/// Clocks that went back count as no time.
fn tick(cells: &mut Cells<'_>) -> Result<(u64, u64), StoreError> {
    Ok((u64::try_from(cells.next::<i64>()?).unwrap_or_default(), count(cells)?))
}

fn ended(cells: &mut Cells<'_>) -> Result<Ended, StoreError> {
    let model = cells.next()?;
    let (template, stage, class) = (cells.word()?, cells.word()?, cells.word_opt()?);
    Ok(Ended { model, template, stage, class, jobs: count(cells)? })
}

fn moved(cells: &mut Cells<'_>) -> Result<Moved, StoreError> {
    Ok(Moved { kind: cells.word()?, entries: count(cells)?, credits: Credits(cells.next()?) })
}

fn cost(cells: &mut Cells<'_>) -> Result<Cost, StoreError> {
    let (provider, attempts) = (cells.next()?, count(cells)?);
    Ok(Cost { provider, attempts, milli: cells.next()?, unknown: count(cells)? })
}

fn taken(cells: &mut Cells<'_>) -> Result<Taken, StoreError> {
    let (provider, currency, payments) = (cells.word()?, cells.word()?, count(cells)?);
    let paid = Price { amount: cells.next()?, currency };
    Ok(Taken { provider, payments, paid, refunded: cells.next()? })
}
