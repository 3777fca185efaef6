//! Reading jobs: one, many, and everything that is known of one.

use neurocards_core::{Job, JobFilter, JobHistory, JobId, JobRecord, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::error::classify;
use super::rows::select;
use super::{orders, rows};

pub(super) async fn record(db: &mut SqliteConnection, id: JobId) -> Result<Option<JobRecord>, StoreError> {
    let job = sqlx::query(select!(jobs, "WHERE id = ?1")).bind(id.to_string());
    let Some(job) = job.fetch_optional(&mut *db).await.map_err(classify)? else { return Ok(None) };
    let job = rows::job(&job)?;
    let missing = || StoreError::Corrupt { table: "jobs", message: format!("{id} has no order") };
    let order = orders::get(db, job.order_id).await?.ok_or_else(missing)?;
    let row =
        sqlx::query("SELECT artifact, removed_at FROM artifacts WHERE job_id = ?1").bind(id.to_string());
    let row = row.fetch_optional(db).await.map_err(classify)?;
    let (artifact, removed_at) = row.as_ref().map(rows::artifact).transpose()?.unzip();
    Ok(Some(JobRecord { job, order, artifact, removed_at: removed_at.flatten() }))
}

pub(super) async fn list(db: &mut SqliteConnection, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(select!(jobs, "WHERE true"));
    if let Some(account) = &filter.account {
        query.push(" AND account = ").push_bind(account.as_str());
    }
    if let Some(order) = filter.order {
        query.push(" AND order_id = ").push_bind(order.to_string());
    }
    if !filter.stages.is_empty() {
        query.push(" AND stage IN (");
        let mut stages = query.separated(", ");
        for stage in &filter.stages {
            stages.push_bind(stage.as_str());
        }
        query.push(")");
    }
    if let Some(class) = filter.class {
        query.push(" AND error ->> 'class' = ").push_bind(class.as_str());
    }
    if let Some(model) = &filter.model {
        query.push(" AND model = ").push_bind(model);
    }
    if let Some(since) = filter.since {
        query.push(" AND created_at >= ").push_bind(since.timestamp_micros());
    }
    if let Some(until) = filter.until {
        query.push(" AND created_at < ").push_bind(until.timestamp_micros());
    }
    if let Some(text) = &filter.text {
        query.push(" AND EXISTS (SELECT 1 FROM orders WHERE orders.id = jobs.order_id AND (false");
        for spelling in JobFilter::spellings(text) {
            query.push(" OR instr(orders.brief ->> 'description', ").push_bind(spelling).push(") > 0");
        }
        query.push("))");
    }
    if let Some(before) = filter.before {
        query.push(" AND id < ").push_bind(before.to_string());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(db).await.map_err(classify)?.iter().map(rows::job).collect()
}

pub(super) async fn history(db: &mut SqliteConnection, id: JobId) -> Result<Option<JobHistory>, StoreError> {
    let Some(record) = record(db, id).await? else { return Ok(None) };
    let job = id.to_string();
    let of_job = async |db: &mut SqliteConnection, sql: &'static str| -> Result<Vec<SqliteRow>, StoreError> {
        sqlx::query(sql).bind(&job).fetch_all(db).await.map_err(classify)
    };
    let events = of_job(db, select!(events, "WHERE job_id = ?1 ORDER BY seq")).await?;
    let attempts = of_job(db, select!(attempts, "WHERE job_id = ?1 ORDER BY seq")).await?;
    let ledger = of_job(db, select!(ledger, "WHERE job_id = ?1 ORDER BY seq")).await?;
    let notices = sqlx::query(select!(
        notices,
        "WHERE order_id = ?1 AND (subject = 'order' OR subject_id = ?2) ORDER BY id"
    ))
    .bind(record.order.id.to_string())
    .bind(&job)
    .fetch_all(&mut *db)
    .await
    .map_err(classify)?;
    Ok(Some(JobHistory {
        record,
        events: events.iter().map(rows::event).collect::<Result<_, _>>()?,
        attempts: attempts.iter().map(rows::attempt).collect::<Result<_, _>>()?,
        notices: notices.iter().map(rows::notice).collect::<Result<_, _>>()?,
        ledger: ledger.iter().map(rows::entry).collect::<Result<_, _>>()?,
    }))
}
