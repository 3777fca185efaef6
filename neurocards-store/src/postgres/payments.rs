//! Payments, beside the ledger in the same schema.

use async_trait::async_trait;
use neurocards_core::{
    BotId, PayProvider, Payment, PaymentChange, PaymentClaim, PaymentFilter, PaymentHint, PaymentId,
    PaymentNew, PaymentOutcome, PaymentSettle, PaymentUnchanged, Payments, Price, Store, StoreError,
    Timestamp,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, QueryBuilder};

use super::error::{classify, classify_write, was_given_up};
use super::rows::{Cells, micros};
use super::{PostgresStore, TRIES, accounts, again};

const PAYMENT: &str = "payments.id, payments.account, payments.bot, payments.provider, payments.credits, \
     payments.amount, payments.currency, payments.state, payments.provider_id, payments.page, payments.refunds, \
     payments.taken_back, payments.refund_actor, payments.refund_reason, payments.told, payments.lease_epoch, \
     payments.wake_at, payments.created_at, payments.updated_at, payments.paid_at";

impl PostgresStore {
    async fn payment_apply_once(
        &self,
        id: PaymentId,
        change: &PaymentChange,
    ) -> Result<PaymentOutcome, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let outcome = apply(&mut tx, id, change, now).await?;
        match outcome {
            PaymentOutcome::Applied(_) => tx.commit().await.map_err(classify_write)?,
            _ => tx.rollback().await.map_err(classify)?,
        }
        Ok(outcome)
    }

    async fn payment_open_once(&self, new: &PaymentNew) -> Result<Payment, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let payment = open(&mut tx, new, now).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(payment)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Payments for PostgresStore {
    async fn payment_open(&self, new: &PaymentNew) -> Result<Payment, StoreError> {
        new.check()?;
        again!(self.payment_open_once(new))
    }

    async fn payment_get(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        get(&mut *self.connection().await?, id, "").await
    }

    async fn payment_known_as(
        &self,
        provider: PayProvider,
        provider_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        known_as(&mut *self.connection().await?, provider, provider_id).await
    }

    async fn payments_list(&self, filter: &PaymentFilter) -> Result<Vec<Payment>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(format!("SELECT {PAYMENT} FROM payments WHERE true"));
        if let Some(account) = &filter.account {
            query.push(" AND account = ").push_bind(account.as_str());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
        let mut connection = self.connection().await?;
        let rows = query.build().fetch_all(&mut *connection).await.map_err(classify)?;
        rows.iter().map(payment).collect()
    }

    async fn payment_apply(
        &self,
        id: PaymentId,
        change: &PaymentChange,
    ) -> Result<PaymentOutcome, StoreError> {
        again!(self.payment_apply_once(id, change))
    }

    async fn payments_claim(&self, claim: &PaymentClaim) -> Result<Vec<Payment>, StoreError> {
        let sql = format!(
            "WITH due AS MATERIALIZED (
                 SELECT id, wake_at AS due_at FROM payments
                 WHERE bot = $1 AND wake_at <= coalesce($4::timestamptz, now())
                 ORDER BY wake_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
             ), taken AS (
                 UPDATE payments SET lease_epoch = lease_epoch + 1,
                     wake_at = coalesce($4::timestamptz, now()) + $3 * interval '1 microsecond'
                 FROM due WHERE payments.id = due.id RETURNING {PAYMENT}, due.due_at
             )
             SELECT * FROM taken ORDER BY due_at, id"
        );
        let claimed = sqlx::query(AssertSqlSafe(sql)).bind(claim.bot.0).bind(i64::from(claim.limit));
        let claimed = claimed.bind(micros(claim.lease)).bind(self.time());
        let rows = claimed.fetch_all(&mut *self.connection().await?).await.map_err(classify_write)?;
        rows.iter().map(payment).collect()
    }

    async fn payment_settle(&self, settle: &PaymentSettle) -> Result<bool, StoreError> {
        let settled = sqlx::query(
            "UPDATE payments SET told = coalesce($3, told),
                 wake_at = coalesce($5::timestamptz, now()) + $4 * interval '1 microsecond'
             WHERE id = $1 AND lease_epoch = $2",
        );
        let settled = settled.bind(settle.id.as_uuid()).bind(settle.epoch);
        let settled = settled.bind(settle.told.map(|told| told.as_str()));
        let settled = settled.bind(settle.next.map(micros)).bind(self.time());
        let settled = settled.execute(&mut *self.connection().await?).await.map_err(classify_write)?;
        Ok(settled.rows_affected() == 1)
    }

    async fn payment_wake(&self, provider: PayProvider, hint: &PaymentHint) -> Result<bool, StoreError> {
        let woken = sqlx::query(
            "UPDATE payments SET lease_epoch = lease_epoch + 1,
                 wake_at = least(wake_at, coalesce($4::timestamptz, now()))
             WHERE provider = $1 AND state IN ('pending', 'paid')
                 AND (provider_id = $2 OR (id = $3 AND (provider_id IS NULL OR $2::text IS NULL)))",
        );
        let woken = woken.bind(provider.as_str()).bind(&hint.provider_id);
        let woken = woken.bind(hint.id.map(PaymentId::as_uuid)).bind(self.time());
        let woken = woken.execute(&mut *self.connection().await?).await.map_err(classify_write)?;
        Ok(woken.rows_affected() > 0)
    }
}

fn payment(row: &PgRow) -> Result<Payment, StoreError> {
    let mut cells = Cells::of("payments", row);
    Ok(Payment {
        id: PaymentId::from_uuid(cells.next()?),
        account: cells.word()?,
        bot: BotId(cells.next()?),
        provider: cells.word()?,
        credits: cells.credits()?,
        price: Price { amount: cells.next()?, currency: cells.word()? },
        state: cells.word()?,
        provider_id: cells.next()?,
        page: cells.next()?,
        refunds: cells.number()?,
        taken_back: cells.credits()?,
        refunded_by: cells.next::<Option<String>>()?.zip(cells.next()?),
        told: cells.word()?,
        epoch: cells.next()?,
        wake_at: cells.next()?,
        created_at: cells.next()?,
        updated_at: cells.next()?,
        paid_at: cells.next()?,
    })
}

async fn get(
    db: &mut PgConnection,
    id: PaymentId,
    lock: &'static str,
) -> Result<Option<Payment>, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT {PAYMENT} FROM payments WHERE id = $1{lock}"));
    let row = sqlx::query(sql).bind(id.as_uuid()).fetch_optional(db).await.map_err(classify)?;
    row.as_ref().map(payment).transpose()
}

async fn known_as(
    db: &mut PgConnection,
    provider: PayProvider,
    provider_id: &str,
) -> Result<Option<Payment>, StoreError> {
    let sql =
        AssertSqlSafe(format!("SELECT {PAYMENT} FROM payments WHERE provider = $1 AND provider_id = $2"));
    let row = sqlx::query(sql).bind(provider.as_str()).bind(provider_id);
    row.fetch_optional(db).await.map_err(classify)?.as_ref().map(payment).transpose()
}

/// Whoever opens a payment of the same account waits at its row, so that the open one is found.
async fn open(db: &mut PgConnection, new: &PaymentNew, now: Timestamp) -> Result<Payment, StoreError> {
    if accounts::locked(db, &new.account).await?.is_none() {
        return Err(StoreError::NoAccount { account: new.account.clone() });
    }
    let sql = format!(
        "SELECT {PAYMENT} FROM payments WHERE id = $6 OR (state = 'pending' AND account = $1 AND bot = $2
             AND provider = $3 AND credits = $4 AND amount = $5)"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(new.account.as_str()).bind(new.bot.0);
    let row = row.bind(new.provider.as_str()).bind(new.credits.0).bind(new.price.amount);
    if let Some(row) = row.bind(new.id.as_uuid()).fetch_optional(&mut *db).await.map_err(classify)? {
        return payment(&row);
    }
    let payment = new.payment(now);
    sqlx::query(
        "INSERT INTO payments (id, account, bot, provider, credits, amount, currency, state, refunds, taken_back, told,
             lease_epoch, wake_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, 0, 'pending', 0, $8, $9, $9)",
    )
    .bind(payment.id.as_uuid())
    .bind(payment.account.as_str())
    .bind(payment.bot.0)
    .bind(payment.provider.as_str())
    .bind(payment.credits.0)
    .bind(payment.price.amount)
    .bind(payment.price.currency.as_str())
    .bind(payment.wake_at)
    .bind(now)
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(payment)
}

/// The caller gives the transaction up unless it was applied. Locks are taken in one order: the payment, then its account.
async fn apply(
    db: &mut PgConnection,
    id: PaymentId,
    change: &PaymentChange,
    now: Timestamp,
) -> Result<PaymentOutcome, StoreError> {
    let Some(row) = get(db, id, " FOR UPDATE").await? else { return Ok(PaymentOutcome::Missing) };
    if let Some(said) = change.provider_id()
        && let Some(other) = known_as(db, row.provider, said).await?.filter(|other| other.id != id)
    {
        return Ok(PaymentOutcome::Taken(other.id));
    }
    let account = accounts::locked(db, &row.account)
        .await?
        .ok_or_else(|| StoreError::NoAccount { account: row.account.clone() })?;
    let changed = match row.after(change, &account, now) {
        Ok(changed) => changed,
        Err(PaymentUnchanged::Before) => return Ok(PaymentOutcome::Before(row)),
        Err(PaymentUnchanged::Refused) => return Ok(PaymentOutcome::Refused(row)),
    };
    write(db, &changed.payment).await?;
    if let Some(post) = &changed.post {
        accounts::post(db, post, now).await?;
    }
    Ok(PaymentOutcome::Applied(changed.payment))
}

async fn write(db: &mut PgConnection, payment: &Payment) -> Result<(), StoreError> {
    let (actor, reason) = payment.refunded_by.clone().unzip();
    sqlx::query(
        "UPDATE payments SET state = $2, provider_id = $3, page = $4, refunds = $5, taken_back = $6,
             refund_actor = $7, refund_reason = $8, lease_epoch = $9, wake_at = $10, updated_at = $11, paid_at = $12
         WHERE id = $1",
    )
    .bind(payment.id.as_uuid())
    .bind(payment.state.as_str())
    .bind(&payment.provider_id)
    .bind(&payment.page)
    .bind(i32::try_from(payment.refunds).unwrap_or(i32::MAX))
    .bind(payment.taken_back.0)
    .bind(actor)
    .bind(reason)
    .bind(payment.epoch)
    .bind(payment.wake_at)
    .bind(payment.updated_at)
    .bind(payment.paid_at)
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(())
}
