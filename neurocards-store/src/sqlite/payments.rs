//! Payments, beside the ledger in the same file.

use async_trait::async_trait;
use neurocards_core::{
    AccountKey, BotId, PayProvider, Payment, PaymentChange, PaymentClaim, PaymentFilter, PaymentHint,
    PaymentId, PaymentNew, PaymentOutcome, PaymentSettle, PaymentUnchanged, Payments, Price, StoreError,
    Timestamp,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::error::classify;
use super::rows::{Cells, later, micros, select};
use super::{SqliteStore, accounts, commit};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Payments for SqliteStore {
    async fn payment_open(&self, new: &PaymentNew) -> Result<Payment, StoreError> {
        new.check()?;
        let (mut tx, now) = self.write().await?;
        let payment = open(&mut tx, new, now).await?;
        commit(tx).await?;
        Ok(payment)
    }

    async fn payment_get(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        get(&mut *self.readers.acquire().await.map_err(classify)?, id).await
    }

    async fn payment_known_as(
        &self,
        provider: PayProvider,
        provider_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        known_as(&mut *self.readers.acquire().await.map_err(classify)?, provider, provider_id).await
    }

    async fn payments_list(&self, filter: &PaymentFilter) -> Result<Vec<Payment>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(select!(payments, "WHERE true"));
        if let Some(account) = &filter.account {
            query.push(" AND account = ").push_bind(account.as_str());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        let rows = query.build().fetch_all(&mut *connection).await.map_err(classify)?;
        rows.iter().map(payment).collect()
    }

    async fn payment_apply(
        &self,
        id: PaymentId,
        change: &PaymentChange,
    ) -> Result<PaymentOutcome, StoreError> {
        let (mut tx, now) = self.write().await?;
        let outcome = apply(&mut tx, id, change, now).await?;
        if matches!(outcome, PaymentOutcome::Applied(_)) {
            commit(tx).await?;
        }
        Ok(outcome)
    }

    async fn payments_claim(&self, claim: &PaymentClaim) -> Result<Vec<Payment>, StoreError> {
        // An idle keeper looks without taking the lock that others write under.
        let due =
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM payments WHERE bot = ?1 AND wake_at <= ?2");
        let due = due.bind(claim.bot.0).bind(micros(self.time()));
        if due.fetch_one(&mut *self.readers.acquire().await.map_err(classify)?).await.map_err(classify)? == 0
        {
            return Ok(Vec::new());
        }
        let (mut tx, now) = self.write().await?;
        let taken = take(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(taken)
    }

    async fn payment_settle(&self, settle: &PaymentSettle) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let settled = sqlx::query(
            "UPDATE payments SET told = coalesce(?3, told), wake_at = ?4 WHERE id = ?1 AND lease_epoch = ?2",
        );
        let settled = settled.bind(settle.id.to_string()).bind(settle.epoch);
        let settled = settled.bind(settle.told.map(|told| told.as_str()));
        let settled = settled.bind(settle.next.map(|next| later(now, next)));
        let settled = settled.execute(&mut *tx).await.map_err(classify)?.rows_affected() == 1;
        commit(tx).await?;
        Ok(settled)
    }

    async fn payment_wake(&self, provider: PayProvider, hint: &PaymentHint) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let woken = sqlx::query(
            "UPDATE payments SET wake_at = min(coalesce(wake_at, ?4), ?4), lease_epoch = lease_epoch + 1
             WHERE provider = ?1 AND state IN ('pending', 'paid')
                 AND (provider_id = ?2 OR (id = ?3 AND (provider_id IS NULL OR ?2 IS NULL)))",
        );
        let woken = woken.bind(provider.as_str()).bind(&hint.provider_id);
        let woken = woken.bind(hint.id.map(|id| id.to_string())).bind(micros(now));
        let woken = woken.execute(&mut *tx).await.map_err(classify)?.rows_affected() > 0;
        commit(tx).await?;
        Ok(woken)
    }
}

fn payment(row: &SqliteRow) -> Result<Payment, StoreError> {
    let cells = Cells { table: "payments", row };
    let actor = cells.get::<Option<String>>("refund_actor")?;
    Ok(Payment {
        id: cells.word("id")?,
        account: cells.word::<AccountKey>("account")?,
        bot: BotId(cells.get("bot")?),
        provider: cells.word("provider")?,
        credits: cells.credits("credits")?,
        price: Price { amount: cells.get("amount")?, currency: cells.word("currency")? },
        state: cells.word("state")?,
        provider_id: cells.get("provider_id")?,
        page: cells.get("page")?,
        refunds: cells.number("refunds")?,
        taken_back: cells.credits("taken_back")?,
        refunded_by: actor.zip(cells.get("refund_reason")?),
        told: cells.word("told")?,
        epoch: cells.get("lease_epoch")?,
        wake_at: cells.time_opt("wake_at")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
        paid_at: cells.time_opt("paid_at")?,
    })
}

async fn get(db: &mut SqliteConnection, id: PaymentId) -> Result<Option<Payment>, StoreError> {
    let row = sqlx::query(select!(payments, "WHERE id = ?1")).bind(id.to_string());
    row.fetch_optional(db).await.map_err(classify)?.as_ref().map(payment).transpose()
}

async fn known_as(
    db: &mut SqliteConnection,
    provider: PayProvider,
    provider_id: &str,
) -> Result<Option<Payment>, StoreError> {
    let row = sqlx::query(select!(payments, "WHERE provider = ?1 AND provider_id = ?2"));
    let row = row.bind(provider.as_str()).bind(provider_id);
    row.fetch_optional(db).await.map_err(classify)?.as_ref().map(payment).transpose()
}

async fn open(db: &mut SqliteConnection, new: &PaymentNew, now: Timestamp) -> Result<Payment, StoreError> {
    if accounts::get(db, &new.account).await?.is_none() {
        return Err(StoreError::NoAccount { account: new.account.clone() });
    }
    let row = sqlx::query(select!(
        payments,
        "WHERE id = ?6 OR (state = 'pending' AND account = ?1 AND bot = ?2 AND provider = ?3 AND credits = ?4
             AND amount = ?5)"
    ));
    let row = row.bind(new.account.as_str()).bind(new.bot.0).bind(new.provider.as_str());
    let row = row.bind(new.credits.0).bind(new.price.amount).bind(new.id.to_string());
    if let Some(row) = row.fetch_optional(&mut *db).await.map_err(classify)? {
        return payment(&row);
    }
    let payment = new.payment(now);
    sqlx::query(
        "INSERT INTO payments (id, account, bot, provider, credits, amount, currency, state, refunds, taken_back, told,
             lease_epoch, wake_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', 0, 0, 'pending', 0, ?8, ?9, ?9)",
    )
    .bind(payment.id.to_string())
    .bind(payment.account.as_str())
    .bind(payment.bot.0)
    .bind(payment.provider.as_str())
    .bind(payment.credits.0)
    .bind(payment.price.amount)
    .bind(payment.price.currency.as_str())
    .bind(payment.wake_at.map(micros))
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(payment)
}

/// The caller gives the transaction up unless it was applied.
async fn apply(
    db: &mut SqliteConnection,
    id: PaymentId,
    change: &PaymentChange,
    now: Timestamp,
) -> Result<PaymentOutcome, StoreError> {
    let Some(row) = get(db, id).await? else { return Ok(PaymentOutcome::Missing) };
    if let Some(said) = change.provider_id()
        && let Some(other) = known_as(db, row.provider, said).await?.filter(|other| other.id != id)
    {
        return Ok(PaymentOutcome::Taken(other.id));
    }
    let account = accounts::get(db, &row.account)
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

async fn write(db: &mut SqliteConnection, payment: &Payment) -> Result<(), StoreError> {
    let (actor, reason) = payment.refunded_by.clone().unzip();
    sqlx::query(
        "UPDATE payments SET state = ?2, provider_id = ?3, page = ?4, refunds = ?5, taken_back = ?6,
             refund_actor = ?7, refund_reason = ?8, lease_epoch = ?9, wake_at = ?10, updated_at = ?11, paid_at = ?12
         WHERE id = ?1",
    )
    .bind(payment.id.to_string())
    .bind(payment.state.as_str())
    .bind(&payment.provider_id)
    .bind(&payment.page)
    .bind(i64::from(payment.refunds))
    .bind(payment.taken_back.0)
    .bind(actor)
    .bind(reason)
    .bind(payment.epoch)
    .bind(payment.wake_at.map(micros))
    .bind(micros(payment.updated_at))
    .bind(payment.paid_at.map(micros))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn take(
    db: &mut SqliteConnection,
    claim: &PaymentClaim,
    now: Timestamp,
) -> Result<Vec<Payment>, StoreError> {
    let due =
        sqlx::query(select!(payments, "WHERE bot = ?1 AND wake_at <= ?2 ORDER BY wake_at, id LIMIT ?3"));
    let due = due.bind(claim.bot.0).bind(micros(now)).bind(i64::from(claim.limit));
    let rows = due.fetch_all(&mut *db).await.map_err(classify)?;
    let mut taken = Vec::new();
    for row in &rows {
        let row = payment(row)?;
        let raised =
            sqlx::query("UPDATE payments SET lease_epoch = lease_epoch + 1, wake_at = ?2 WHERE id = ?1");
        let raised = raised.bind(row.id.to_string()).bind(later(now, claim.lease));
        raised.execute(&mut *db).await.map_err(classify)?;
        taken.push(get(db, row.id).await?.unwrap_or(row));
    }
    Ok(taken)
}
