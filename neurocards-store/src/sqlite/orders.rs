//! Orders: placing and reading.

use neurocards_core::{
    AccountKey, EntryKind, Job, JobEvent, JobEventBody, JobId, NoticeBody, Order, OrderId, OrderNew,
    OrderRecord, Placement, Stage, StoreError, Subject, Timestamp,
};
use sqlx::SqliteConnection;

use super::accounts::{self, Posting};
use super::error::classify;
use super::notices::{self, NoticeNew};
use super::rows::{self, json, micros, select};

pub(super) async fn place(
    db: &mut SqliteConnection,
    new: &OrderNew,
    now: Timestamp,
) -> Result<Placement, StoreError> {
    let order = Order { created_at: now, ..new.order.clone() };
    let account = accounts::get(db, &order.account)
        .await?
        .ok_or(StoreError::NoAccount { account: order.account.clone() })?;
    if let Some(before) = by_key(db, &order.account, &order.idempotency_key).await? {
        if before.order.fingerprint != order.fingerprint {
            return Ok(Placement::KeyReused { order: before.order.id });
        }
        return Ok(Placement::Existing(before));
    }
    let needed = new.check()?;
    let overflow = || StoreError::LedgerRule { rule: "the price of the order does not fit".to_owned() };
    let available = account.available.checked_add(account.credit_limit).ok_or_else(overflow)?;
    if available < needed {
        return Ok(Placement::NotEnough { needed, available });
    }
    insert(db, &order).await?;
    let turn = next_turn(db, &order).await?;
    let mut jobs = Vec::with_capacity(new.jobs.len());
    for (index, (job_id, entry_id)) in (0..).zip(&new.jobs) {
        let job = new.job(*job_id, index, now);
        insert_job(db, &job, turn + i64::from(index)).await?;
        let hold = Posting::new(*entry_id, EntryKind::Hold, &order.account);
        accounts::enter(db, &Posting { amount: job.price, job_id: Some(job.id), ..hold }, now).await?;
        let body = JobEventBody::Placed { held: job.price };
        insert_event(db, job.id, &JobEvent { at: now, stage: Stage::Prompt, epoch: 0, body }).await?;
        jobs.push(job);
    }
    let started = NoticeNew {
        id: new.started,
        account: &order.account,
        subject: Subject::Order(order.id),
        order_id: order.id,
        body: &NoticeBody::Started { videos: order.count, held: needed },
    };
    notices::insert(db, &started, now).await?;
    Ok(Placement::New(OrderRecord { order, jobs }))
}

pub(super) async fn by_key(
    db: &mut SqliteConnection,
    account: &AccountKey,
    key: &str,
) -> Result<Option<OrderRecord>, StoreError> {
    let row = sqlx::query(select!(orders, "WHERE account = ?1 AND idempotency_key = ?2"));
    let row = row.bind(account.as_str()).bind(key).fetch_optional(&mut *db).await.map_err(classify)?;
    let Some(order) = row.as_ref().map(rows::order).transpose()? else { return Ok(None) };
    let jobs = jobs(db, order.id).await?;
    Ok(Some(OrderRecord { order, jobs }))
}

async fn insert(db: &mut SqliteConnection, order: &Order) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO orders (id, account, idempotency_key, fingerprint, brief, count, model, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(order.id.to_string())
    .bind(order.account.as_str())
    .bind(&order.idempotency_key)
    .bind(&order.fingerprint)
    .bind(json(&order.brief)?)
    .bind(order.count)
    .bind(&order.model)
    .bind(micros(order.created_at))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

/// The smallest turn in the queue, but after the account's own jobs there.
async fn next_turn(db: &mut SqliteConnection, order: &Order) -> Result<i64, StoreError> {
    let turn = sqlx::query_scalar(
        "SELECT max(
             coalesce((SELECT min(turn) FROM jobs WHERE stage = 'prompt'), 0),
             coalesce((SELECT max(turn) + 1 FROM jobs WHERE stage = 'prompt' AND account = ?1), 0))",
    );
    turn.bind(order.account.as_str()).fetch_one(db).await.map_err(classify)
}

/// A new job: no prompt, no attempt, no owner.
async fn insert_job(db: &mut SqliteConnection, job: &Job, turn: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jobs (id, order_id, account, idx, provider, model, price, stage, attempts, retries, stumbles,
             crashes, slow_told, lease_epoch, wake_at, deadline_at, created_at, turn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 0, 0, 0, ?9, ?10, ?11, ?12)",
    )
    .bind(job.id.to_string())
    .bind(job.order_id.to_string())
    .bind(job.account.as_str())
    .bind(job.index)
    .bind(&job.provider)
    .bind(&job.model)
    .bind(job.price.0)
    .bind(job.stage.as_str())
    .bind(job.wake_at.map(micros))
    .bind(micros(job.deadline_at))
    .bind(micros(job.created_at))
    .bind(turn)
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn insert_event(
    db: &mut SqliteConnection,
    job: JobId,
    event: &JobEvent,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO events (job_id, at, stage, epoch, body) VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(job.to_string())
        .bind(micros(event.at))
        .bind(event.stage.as_str())
        .bind(event.epoch)
        .bind(json(&event.body)?)
        .execute(db)
        .await
        .map_err(classify)?;
    Ok(())
}

pub(super) async fn get(db: &mut SqliteConnection, id: OrderId) -> Result<Option<Order>, StoreError> {
    let row = sqlx::query(select!(orders, "WHERE id = ?1")).bind(id.to_string());
    row.fetch_optional(db).await.map_err(classify)?.as_ref().map(rows::order).transpose()
}

async fn jobs(db: &mut SqliteConnection, order: OrderId) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query(select!(jobs, "WHERE order_id = ?1 ORDER BY idx")).bind(order.to_string());
    rows.fetch_all(db).await.map_err(classify)?.iter().map(rows::job).collect()
}

pub(super) async fn record(
    db: &mut SqliteConnection,
    id: OrderId,
) -> Result<Option<OrderRecord>, StoreError> {
    let Some(order) = get(db, id).await? else { return Ok(None) };
    let jobs = jobs(db, id).await?;
    Ok(Some(OrderRecord { order, jobs }))
}
