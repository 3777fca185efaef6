//! Reading jobs: one, many, and everything that is known of one.

use neurocards_core::{Job, JobFilter, JobHistory, JobId, JobRecord, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder};

use super::error::classify;
use super::rows::{ATTEMPT, Cells, ENTRY, EVENT, JOB, NOTICE, ORDER};

pub(super) async fn record(db: &mut PgConnection, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    let sql = format!(
        "SELECT {JOB}, {ORDER}, artifacts.artifact, artifacts.removed_at FROM jobs JOIN orders ON orders.id = jobs.order_id
         LEFT JOIN artifacts ON artifacts.job_id = jobs.id WHERE jobs.id = $1"
    );
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(id.as_uuid()).fetch_optional(db).await.map_err(classify)?;
    let read = |row: &PgRow| {
        let mut cells = Cells::new(row);
        let (job, order) = (cells.job()?, cells.order()?);
        Ok(JobRecord { job, order, artifact: cells.artifact()?, removed_at: cells.next()? })
    };
    row.as_ref().map(read).transpose()
}

pub(super) async fn list(db: &mut PgConnection, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(format!("SELECT {JOB} FROM jobs WHERE true"));
    if let Some(account) = &filter.account {
        query.push(" AND account = ").push_bind(account.as_str());
    }
    if let Some(order) = filter.order {
        query.push(" AND order_id = ").push_bind(order.as_uuid());
    }
    if !filter.stages.is_empty() {
        // As words in the statement, so that the planner sees which partial index has them.
        let stages: Vec<_> = filter.stages.iter().map(|stage| format!("'{stage}'")).collect();
        query.push(format!(" AND stage IN ({})", stages.join(", ")));
    }
    if let Some(class) = filter.class {
        query.push(" AND error ->> 'class' = ").push_bind(class.as_str());
    }
    if let Some(model) = &filter.model {
        query.push(" AND model = ").push_bind(model);
    }
    if let Some(since) = filter.since {
        query.push(" AND created_at >= ").push_bind(since);
    }
    if let Some(until) = filter.until {
        query.push(" AND created_at < ").push_bind(until);
    }
    if let Some(text) = &filter.text {
        query.push(" AND EXISTS (SELECT FROM orders WHERE orders.id = jobs.order_id AND (false");
        for spelling in JobFilter::spellings(text) {
            query.push(" OR strpos(orders.brief ->> 'description', ").push_bind(spelling).push(") > 0");
        }
        query.push("))");
    }
    if let Some(before) = filter.before {
        query.push(" AND id < ").push_bind(before.as_uuid());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
    let rows = query.build().fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| Cells::new(row).job()).collect()
}

pub(super) async fn history(db: &mut PgConnection, id: JobId) -> Result<Option<JobHistory>, StoreError> {
    let Some(record) = record(db, id).await? else { return Ok(None) };
    let job = id.as_uuid();
    let of_job =
        async |db: &mut PgConnection, columns: &str, table: &str| -> Result<Vec<PgRow>, StoreError> {
            let sql = format!("SELECT {columns} FROM {table} WHERE job_id = $1 ORDER BY seq");
            sqlx::query(AssertSqlSafe(sql)).bind(job).fetch_all(db).await.map_err(classify)
        };
    let events = of_job(db, EVENT, "events").await?;
    let attempts = of_job(db, ATTEMPT, "attempts").await?;
    let ledger = of_job(db, ENTRY, "ledger").await?;
    let sql = format!(
        "SELECT {NOTICE} FROM notices WHERE order_id = $1 AND (subject = 'order' OR subject_id = $2) ORDER BY id"
    );
    let notices = sqlx::query(AssertSqlSafe(sql)).bind(record.order.id.as_uuid()).bind(job);
    let notices = notices.fetch_all(&mut *db).await.map_err(classify)?;
    Ok(Some(JobHistory {
        record,
        events: events.iter().map(|row| Cells::new(row).event()).collect::<Result<_, _>>()?,
        attempts: attempts.iter().map(|row| Cells::new(row).attempt()).collect::<Result<_, _>>()?,
        notices: notices.iter().map(|row| Cells::new(row).notice()).collect::<Result<_, _>>()?,
        ledger: ledger.iter().map(|row| Cells::new(row).entry()).collect::<Result<_, _>>()?,
    }))
}
