//! Accounts, their books and the ledger.

use neurocards_core::{
    Account, AccountKey, AccountOpen, Book, Credits, CreditsPost, EntryId, EntryKind, JobId, LedgerEntry,
    LedgerFilter, Posted, StoreError, Timestamp,
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::error::classify;
use super::rows::{self, micros, select};

pub(super) async fn get(db: &mut SqliteConnection, key: &AccountKey) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(
        "SELECT a.key, a.credit_limit, a.created_at, available.balance AS available, held.balance AS held
         FROM accounts a
         JOIN books available ON available.key = ?2
         JOIN books held ON held.key = ?3
         WHERE a.key = ?1",
    )
    .bind(key.as_str())
    .bind(Book::Available.key(key))
    .bind(Book::Held.key(key));
    row.fetch_optional(db).await.map_err(classify)?.as_ref().map(rows::account).transpose()
}

pub(super) async fn open(
    db: &mut SqliteConnection,
    open: &AccountOpen,
    now: Timestamp,
) -> Result<Account, StoreError> {
    if let Some(account) = get(db, &open.account).await? {
        return Ok(account);
    }
    sqlx::query("INSERT INTO accounts (key, credit_limit, created_at) VALUES (?1, ?2, ?3)")
        .bind(open.account.as_str())
        .bind(open.credit_limit.0)
        .bind(micros(now))
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    sqlx::query("INSERT INTO books (key, account, balance, floor) VALUES (?1, ?3, 0, ?4), (?2, ?3, 0, 0)")
        .bind(Book::Available.key(&open.account))
        .bind(Book::Held.key(&open.account))
        .bind(open.account.as_str())
        .bind(-open.credit_limit.0)
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    if let Some((id, amount)) = open.bonus.filter(|(_, amount)| amount.is_positive()) {
        let account = &open.account;
        enter(db, &Posting { amount, ..Posting::new(id, EntryKind::Bonus, account) }, now).await?;
    }
    get(db, &open.account).await?.ok_or(StoreError::NoAccount { account: open.account.clone() })
}

/// What an entry is written from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting<'a> {
    pub(super) id: EntryId,
    pub(super) kind: EntryKind,
    pub(super) account: &'a AccountKey,
    /// Negative for an adjustment out of the account.
    pub(super) amount: Credits,
    pub(super) job_id: Option<JobId>,
    pub(super) reference: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) actor: Option<&'a str>,
}

impl<'a> Posting<'a> {
    pub(super) fn new(id: EntryId, kind: EntryKind, account: &'a AccountKey) -> Self {
        let amount = Credits::ZERO;
        Self { id, kind, account, amount, job_id: None, reference: None, reason: None, actor: None }
    }
}

/// Writes an entry and moves the balances of its two books.
pub(super) async fn enter(
    db: &mut SqliteConnection,
    posting: &Posting<'_>,
    now: Timestamp,
) -> Result<LedgerEntry, StoreError> {
    let (debit, credit) = posting.kind.books(posting.amount < Credits::ZERO);
    let entry = LedgerEntry {
        id: posting.id,
        kind: posting.kind,
        account: posting.account.clone(),
        debit: debit.key(posting.account),
        credit: credit.key(posting.account),
        amount: Credits(posting.amount.0.saturating_abs()),
        job_id: posting.job_id,
        reference: posting.reference.map(str::to_owned),
        reason: posting.reason.map(str::to_owned),
        actor: posting.actor.map(str::to_owned),
        created_at: now,
    };
    sqlx::query(
        "INSERT INTO ledger (id, kind, account, debit, credit, amount, job_id, reference, reason, actor, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .bind(entry.id.to_string())
    .bind(entry.kind.as_str())
    .bind(entry.account.as_str())
    .bind(&entry.debit)
    .bind(&entry.credit)
    .bind(entry.amount.0)
    .bind(entry.job_id.map(|id| id.to_string()))
    .bind(&entry.reference)
    .bind(&entry.reason)
    .bind(&entry.actor)
    .bind(micros(now))
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    sqlx::query(
        "UPDATE books SET balance = balance + CASE key WHEN ?1 THEN -?3 ELSE ?3 END WHERE key IN (?1, ?2)",
    )
    .bind(&entry.debit)
    .bind(&entry.credit)
    .bind(entry.amount.0)
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    Ok(entry)
}

pub(super) async fn post(
    db: &mut SqliteConnection,
    post: &CreditsPost,
    now: Timestamp,
) -> Result<Posted, StoreError> {
    let account = get(db, &post.account)
        .await?
        .ok_or_else(|| StoreError::NoAccount { account: post.account.clone() })?;
    if let Some(reference) = &post.reference {
        let before = sqlx::query(select!(ledger, "WHERE kind = ?1 AND reference = ?2"))
            .bind(post.kind.as_str())
            .bind(reference)
            .fetch_optional(&mut *db)
            .await
            .map_err(classify)?;
        if let Some(before) = before {
            return rows::entry(&before).map(Posted::Before);
        }
    }
    post.check(&account)?;
    let posting = Posting {
        amount: post.amount,
        reference: post.reference.as_deref(),
        reason: post.reason.as_deref(),
        actor: post.actor.as_deref(),
        ..Posting::new(post.id, post.kind, &post.account)
    };
    enter(db, &posting, now).await.map(Posted::New)
}

pub(super) async fn ledger(
    db: &mut SqliteConnection,
    filter: &LedgerFilter,
) -> Result<Vec<LedgerEntry>, StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(select!(ledger, "WHERE true"));
    if let Some(account) = &filter.account {
        query.push(" AND account = ").push_bind(account.as_str());
    }
    if let Some(job) = filter.job {
        query.push(" AND job_id = ").push_bind(job.to_string());
    }
    query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(filter.limit));
    query.build().fetch_all(db).await.map_err(classify)?.iter().map(rows::entry).collect()
}
