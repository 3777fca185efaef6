//! What a channel handed over.

use neurocards_core::{BotId, StoreError, Timestamp, UpdateClaim, UpdateNew, UpdateRecord, UpdateSettle};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use crate::postgres::error::classify_write;
use crate::postgres::rows::{Cells, json, micros};

pub(super) async fn put(
    db: &mut PgConnection,
    bot: BotId,
    updates: &[UpdateNew],
    time: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let (mut ids, mut lanes, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for update in updates {
        ids.push(update.id);
        lanes.push(update.lane);
        bodies.push(json(&update.body)?);
    }
    let put = sqlx::query(
        "INSERT INTO updates (bot, id, lane, body, tries, lease_epoch, wake_at, came_at)
         SELECT $1, id, lane, body::json, 0, 0, coalesce($5::timestamptz, now()), coalesce($5::timestamptz, now())
         FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS new (id, lane, body)
         ORDER BY id ON CONFLICT DO NOTHING",
    );
    let put = put.bind(bot.0).bind(ids).bind(lanes).bind(bodies).bind(time);
    Ok(put.execute(db).await.map_err(classify_write)?.rows_affected())
}

/// The first open update of each lane that nobody has, the oldest first. Of two that look at the same moment one gets
/// it: the other finds it locked, and what comes behind it is not the first.
pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &UpdateClaim,
    time: Option<Timestamp>,
) -> Result<Vec<UpdateRecord>, StoreError> {
    let taken = sqlx::query(
        "WITH clock AS (SELECT coalesce($2::timestamptz, now()) AS now),
         due AS (
             SELECT id FROM updates WHERE bot = $1 AND wake_at <= (SELECT now FROM clock) AND NOT EXISTS (
                 SELECT 1 FROM updates AS earlier WHERE earlier.bot = $1 AND earlier.lane = updates.lane
                     AND earlier.id < updates.id AND earlier.wake_at IS NOT NULL)
             ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
         ),
         taken AS (
             UPDATE updates SET tries = tries + 1, lease_epoch = lease_epoch + 1,
                 wake_at = clock.now + $4 * interval '1 microsecond'
             FROM due CROSS JOIN clock WHERE updates.bot = $1 AND updates.id = due.id
             RETURNING updates.*
         )
         SELECT id, lane, body, tries, lease_epoch, reply FROM taken ORDER BY id",
    );
    let taken = taken.bind(claim.bot.0).bind(time).bind(i64::from(claim.limit)).bind(micros(claim.lease));
    let taken = taken.fetch_all(db).await.map_err(classify_write)?;
    taken.iter().map(record).collect()
}

pub(super) async fn settle(
    db: &mut PgConnection,
    settle: &UpdateSettle,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let settled = sqlx::query(
        "UPDATE updates SET body = CASE WHEN $4::bigint IS NULL THEN 'null' ELSE body END,
             wake_at = coalesce($5::timestamptz, now()) + $4 * interval '1 microsecond'
         WHERE bot = $1 AND id = $2 AND lease_epoch = $3 AND wake_at IS NOT NULL",
    );
    let settled = settled.bind(settle.bot.0).bind(settle.id).bind(settle.epoch);
    let settled = settled.bind(settle.again.map(micros)).bind(time);
    Ok(settled.execute(db).await.map_err(classify_write)?.rows_affected() == 1)
}

fn record(row: &PgRow) -> Result<UpdateRecord, StoreError> {
    let mut cells = Cells::of("updates", row);
    Ok(UpdateRecord {
        id: cells.next()?,
        lane: cells.next()?,
        body: cells.next::<Json<_>>()?.0,
        tries: cells.number()?,
        epoch: cells.next()?,
        reply: cells.next::<Option<Json<_>>>()?.map(|reply| reply.0),
    })
}
