//! Accounts, their books and the ledger.

use neurocards_core::{
    Account, AccountKey, AccountOpen, Book, Credits, CreditsPost, EntryKind, LedgerEntry, LedgerFilter,
    Posted, StoreError, Timestamp,
};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder};

use super::error::{classify, classify_write};
use super::rows::{ACCOUNT, Cells, ENTRY};

pub(super) async fn get(db: &mut PgConnection, key: &AccountKey) -> Result<Option<Account>, StoreError> {
    read(db, key, "").await
}

/// The account, and nobody else moves its credits until the transaction ends.
pub(super) async fn locked(db: &mut PgConnection, key: &AccountKey) -> Result<Option<Account>, StoreError> {
    read(db, key, " FOR NO KEY UPDATE").await
}

async fn read(
    db: &mut PgConnection,
    key: &AccountKey,
    lock: &'static str,
) -> Result<Option<Account>, StoreError> {
    let sql = AssertSqlSafe(format!("SELECT {ACCOUNT} FROM accounts WHERE key = $1{lock}"));
    let row = sqlx::query(sql).bind(key.as_str()).fetch_optional(db).await.map_err(classify)?;
    row.as_ref().map(|row| Cells::new(row).account()).transpose()
}

pub(super) async fn open(
    db: &mut PgConnection,
    open: &AccountOpen,
    now: Timestamp,
) -> Result<Account, StoreError> {
    let opened = sqlx::query(
        "INSERT INTO accounts (key, credit_limit, created_at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING",
    );
    let opened = opened
        .bind(open.account.as_str())
        .bind(open.credit_limit.0)
        .bind(now)
        .execute(&mut *db)
        .await
        .map_err(classify_write)?;
    if opened.rows_affected() == 1
        && let Some((id, amount)) = open.bonus.filter(|(_, amount)| amount.is_positive())
    {
        let bonus = CreditsPost {
            id,
            kind: EntryKind::Bonus,
            account: open.account.clone(),
            amount,
            reference: None,
            reason: None,
            actor: None,
        };
        enter(db, &bonus, now).await?;
    }
    get(db, &open.account).await?.ok_or(StoreError::NoAccount { account: open.account.clone() })
}

/// Writes an entry that belongs to no job, and moves the account's balance.
async fn enter(db: &mut PgConnection, post: &CreditsPost, now: Timestamp) -> Result<LedgerEntry, StoreError> {
    let (debit, credit) = post.kind.books(post.amount < Credits::ZERO);
    let change = if credit == Book::Available { post.amount.0.abs() } else { -post.amount.0.abs() };
    let entry = LedgerEntry {
        id: post.id,
        kind: post.kind,
        account: post.account.clone(),
        debit: debit.key(&post.account),
        credit: credit.key(&post.account),
        amount: Credits(post.amount.0.saturating_abs()),
        job_id: None,
        reference: post.reference.clone(),
        reason: post.reason.clone(),
        actor: post.actor.clone(),
        created_at: now,
    };
    sqlx::query(
        "INSERT INTO ledger (id, kind, account, debit, credit, amount, reference, reason, actor, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(entry.id.as_uuid())
    .bind(entry.kind.as_str())
    .bind(entry.account.as_str())
    .bind(&entry.debit)
    .bind(&entry.credit)
    .bind(entry.amount.0)
    .bind(&entry.reference)
    .bind(&entry.reason)
    .bind(&entry.actor)
    .bind(now)
    .execute(&mut *db)
    .await
    .map_err(classify_write)?;
    sqlx::query("UPDATE accounts SET available = available + $2 WHERE key = $1")
        .bind(entry.account.as_str())
        .bind(change)
        .execute(db)
        .await
        .map_err(classify_write)?;
    Ok(entry)
}

pub(super) async fn post(
    db: &mut PgConnection,
    post: &CreditsPost,
    now: Timestamp,
) -> Result<Posted, StoreError> {
    // Whoever uses the same reference waits here, whatever the account: it is looked for once it can be seen.
    if let Some(reference) = &post.reference {
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))")
            .bind(post.kind.as_str())
            .bind(reference)
            .execute(&mut *db)
            .await
            .map_err(classify)?;
    }
    let account = locked(db, &post.account)
        .await?
        .ok_or_else(|| StoreError::NoAccount { account: post.account.clone() })?;
    if let Some(reference) = &post.reference {
        let sql = AssertSqlSafe(format!("SELECT {ENTRY} FROM ledger WHERE kind = $1 AND reference = $2"));
        let before = sqlx::query(sql).bind(post.kind.as_str()).bind(reference).fetch_optional(&mut *db);
        if let Some(before) = before.await.map_err(classify)? {
            return Cells::new(&before).entry().map(Posted::Before);
        }
    }
    post.check(&account)?;
    enter(db, post, now).await.map(Posted::New)
}

pub(super) async fn ledger(
    db: &mut PgConnection,
    filter: &LedgerFilter,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let mut query = QueryBuilder::<Postgres>::new(format!("SELECT {ENTRY} FROM ledger WHERE true"));
    if let Some(account) = &filter.account {
        query.push(" AND account = ").push_bind(account.as_str());
    }
    if let Some(job) = filter.job {
        query.push(" AND job_id = ").push_bind(job.as_uuid());
    }
    query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(filter.limit));
    let rows = query.build().fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| Cells::new(row).entry()).collect()
}
