//! Orders: placing and reading.

use std::collections::HashMap;
use std::sync::Arc;

use neurocards_core::{
    AccountKey, Book, Clock, JobEventBody, JobId, NoticeBody, Order, OrderId, OrderNew, OrderRecord,
    Placement, StoreError, Timestamp,
};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::accounts;
use super::connections::Connections;
use super::error::{Fault, classify};
use super::rows::{Cells, JOB, ORDER, json, micros};
use super::time;
use crate::batch::Write;
use tokio::sync::Notify;

/// Places orders.
pub(super) struct Place {
    pub(super) db: Connections,
    pub(super) clock: Option<Arc<dyn Clock>>,
    /// Told when orders were placed.
    pub(super) placed: Arc<Notify>,
}

#[derive(Serialize)]
struct OrderRow<'a> {
    id: Uuid,
    account: &'a str,
    key: &'a str,
    fingerprint: &'a str,
    brief: &'a neurocards_core::Brief,
    count: u32,
    model: &'a str,
    provider: &'a str,
    price: i64,
    needed: i64,
    deadline: i64,
    notice: Uuid,
    body: NoticeBody,
    debit: String,
    credit: String,
    event: JobEventBody,
}

#[derive(Serialize)]
struct JobRow {
    order_id: Uuid,
    id: Uuid,
    entry: Uuid,
    idx: usize,
}

/// How often an order that was refused for a reason that is gone is tried again.
const TRIES: u32 = 5;

impl Write for Place {
    type Item = OrderNew;
    type Answer = Placement;
    type Key = (String, String);

    fn key(item: &OrderNew) -> Self::Key {
        (item.order.account.to_string(), item.order.idempotency_key.clone())
    }

    async fn write(&self, items: &[OrderNew]) -> Vec<Result<Placement, StoreError>> {
        let valid: Vec<_> = items.iter().filter(|item| item.check().is_ok()).collect();
        let placed = match self.place(&valid).await {
            Ok(placed) => placed,
            // One of them is at fault: each is looked at alone.
            Err(fault) if fault.is_of_one() || fault.is_a_deadlock() => HashMap::new(),
            Err(fault) => return items.iter().map(|_| Err(fault.told())).collect(),
        };
        let mut answers = Vec::with_capacity(items.len());
        for item in items {
            answers.push(match placed.get(&item.order.id.as_uuid()) {
                Some(now) => Ok(Placement::New(record(item, *now))),
                None => self.place_alone(item).await,
            });
        }
        answers
    }
}

/// An order that was just placed, as it can be read back.
fn record(new: &OrderNew, now: Timestamp) -> OrderRecord {
    let order = Order { created_at: now, ..new.order.clone() };
    let jobs = (0..).zip(&new.jobs).map(|(index, (id, _))| new.job(*id, index, now)).collect();
    OrderRecord { order, jobs }
}

impl Place {
    /// Places what can be placed; answers when.
    async fn place(&self, orders: &[&OrderNew]) -> Result<HashMap<Uuid, Timestamp>, Fault> {
        if orders.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<_> = orders.iter().map(|new| order_row(new)).collect();
        let jobs: Vec<_> = orders.iter().flat_map(|new| job_rows(new)).collect();
        let unreadable = |error: StoreError| Fault::of(sqlx::Error::Encode(Box::new(error)));
        let (rows, jobs) = (json(&rows).map_err(unreadable)?, json(&jobs).map_err(unreadable)?);
        let place = sqlx::query(include_str!("sql/place.sql")).bind(rows).bind(jobs).bind(time(&self.clock));
        let mut db = self.db.warm().await.map_err(Fault::of)?;
        let placed = place.fetch_all(&mut *db).await.map_err(Fault::of_write)?;
        self.db.keep(db);
        if !placed.is_empty() {
            self.placed.notify_one();
        }
        placed
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, _>>()
            .map_err(Fault::of)
    }

    /// Places one order, or finds out why it cannot be.
    async fn place_alone(&self, new: &OrderNew) -> Result<Placement, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            if let Some(refused) = self.refused(new).await? {
                return Ok(refused);
            }
            match self.place(&[new]).await {
                Ok(placed) => {
                    if let Some(now) = placed.get(&new.order.id.as_uuid()) {
                        return Ok(Placement::New(record(new, *now)));
                    }
                }
                // Somebody placed the same key, or held the same credits, between the two statements.
                Err(fault) if (fault.is_taken() || fault.is_a_deadlock()) && tries < TRIES => {}
                Err(fault) => return Err(fault.told()),
            }
            if tries >= TRIES {
                let source = "the account's orders are placed faster than they can be told apart".into();
                return Err(StoreError::Unavailable { source });
            }
        }
    }

    /// Why an order will not be placed; `None` when it can be, as far as anybody knows.
    async fn refused(&self, new: &OrderNew) -> Result<Option<Placement>, StoreError> {
        let mut db = self.db.acquire().await.map_err(classify)?;
        let key = &new.order.account;
        let account = accounts::get(&mut db, key).await?;
        let account = account.ok_or_else(|| StoreError::NoAccount { account: key.clone() })?;
        if let Some(before) = by_key(&mut db, key, &new.order.idempotency_key).await? {
            if before.order.fingerprint != new.order.fingerprint {
                return Ok(Some(Placement::KeyReused { order: before.order.id }));
            }
            return Ok(Some(Placement::Existing(before)));
        }
        let needed = new.check()?;
        let overflow = || StoreError::LedgerRule { rule: "the price of the order does not fit".to_owned() };
        let available = account.available.checked_add(account.credit_limit).ok_or_else(overflow)?;
        Ok((available < needed).then_some(Placement::NotEnough { needed, available }))
    }
}

fn order_row(new: &OrderNew) -> OrderRow<'_> {
    let order = &new.order;
    let needed = new.check().unwrap_or_default();
    OrderRow {
        id: order.id.as_uuid(),
        account: order.account.as_str(),
        key: &order.idempotency_key,
        fingerprint: &order.fingerprint,
        brief: &order.brief,
        count: order.count,
        model: &order.model,
        provider: &new.provider,
        price: new.price.0,
        needed: needed.0,
        deadline: micros(new.deadline),
        notice: new.started.as_uuid(),
        body: NoticeBody::Started { videos: order.count, held: needed },
        debit: Book::Available.key(&order.account),
        credit: Book::Held.key(&order.account),
        event: JobEventBody::Placed { held: new.price },
    }
}

fn job_rows(new: &OrderNew) -> impl Iterator<Item = JobRow> {
    let order_id = new.order.id.as_uuid();
    let row = move |(idx, (id, entry)): (usize, &(JobId, neurocards_core::EntryId))| JobRow {
        order_id,
        id: id.as_uuid(),
        entry: entry.as_uuid(),
        idx,
    };
    new.jobs.iter().enumerate().map(row)
}

pub(super) async fn by_key(
    db: &mut PgConnection,
    account: &AccountKey,
    key: &str,
) -> Result<Option<OrderRecord>, StoreError> {
    let sql =
        AssertSqlSafe(format!("SELECT {ORDER} FROM orders WHERE account = $1 AND idempotency_key = $2"));
    let row = sqlx::query(sql).bind(account.as_str()).bind(key).fetch_optional(&mut *db).await;
    let row = row.map_err(classify)?;
    let Some(order) = row.as_ref().map(|row| Cells::new(row).order()).transpose()? else { return Ok(None) };
    let jobs = jobs(db, order.id).await?;
    Ok(Some(OrderRecord { order, jobs }))
}

pub(super) async fn get(db: &mut PgConnection, id: OrderId) -> Result<Option<Order>, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT {ORDER} FROM orders WHERE id = $1"));
    let row = sqlx::query(sql).bind(id.as_uuid()).fetch_optional(db).await.map_err(classify)?;
    row.as_ref().map(|row| Cells::new(row).order()).transpose()
}

async fn jobs(db: &mut PgConnection, order: OrderId) -> Result<Vec<neurocards_core::Job>, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT {JOB} FROM jobs WHERE order_id = $1 ORDER BY idx"));
    let rows: Vec<PgRow> = sqlx::query(sql).bind(order.as_uuid()).fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| Cells::new(row).job()).collect()
}

pub(super) async fn read(db: &mut PgConnection, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
    let Some(order) = get(db, id).await? else { return Ok(None) };
    let jobs = jobs(db, id).await?;
    Ok(Some(OrderRecord { order, jobs }))
}
