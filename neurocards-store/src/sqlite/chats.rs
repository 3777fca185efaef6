//! Conversations, in the same file.

mod broadcasts;
mod cards;
mod maintenance;
mod people;
mod turns;
mod updates;

use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    AccountKey, ActionNew, Allowance, AllowanceTake, BotId, Broadcast, BroadcastNew, BroadcastOutcome, Card,
    CardClaim, CardPut, CardSettle, ChatRef, ChatStore, Dialogue, Feedback, Lang, Maintenance, Mark, OrderId,
    Person, PersonId, Press, Pressed, StoreError, Turn, TurnOutcome, UPDATES_REMEMBERED, UpdateClaim,
    UpdateNew, UpdateRecord, UpdateSettle,
};
use sqlx::AssertSqlSafe;

use super::error::classify;
use super::rows::{later, micros};
use super::{SqliteStore, commit};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChatStore for SqliteStore {
    async fn updates_put(&self, bot: BotId, updates: &[UpdateNew]) -> Result<u64, StoreError> {
        let (mut tx, now) = self.write().await?;
        let new = updates::put(&mut tx, bot, updates, now).await?;
        commit(tx).await?;
        Ok(new)
    }

    async fn updates_last(&self, bot: BotId) -> Result<Option<i64>, StoreError> {
        let since = self.time() - UPDATES_REMEMBERED;
        let last = sqlx::query_scalar("SELECT max(id) FROM updates WHERE bot = ?1 AND came_at > ?2");
        let last = last.bind(bot.0).bind(micros(since));
        last.fetch_one(&mut *self.readers.acquire().await.map_err(classify)?).await.map_err(classify)
    }

    async fn updates_claim(&self, claim: &UpdateClaim) -> Result<Vec<UpdateRecord>, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(classify)?;
        if updates::due(&mut reader, claim, self.time()).await?.is_empty() {
            return Ok(Vec::new());
        }
        drop(reader);
        let (mut tx, now) = self.write().await?;
        let taken = updates::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(taken)
    }

    async fn update_settle(&self, settle: &UpdateSettle) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let settled = updates::settle(&mut tx, settle, now).await?;
        commit(tx).await?;
        Ok(settled)
    }

    async fn dialogue_get(&self, chat: ChatRef) -> Result<Option<Dialogue>, StoreError> {
        turns::dialogue(&mut *self.readers.acquire().await.map_err(classify)?, chat).await
    }

    async fn turn_apply(&self, turn: &Turn) -> Result<TurnOutcome, StoreError> {
        let (mut tx, now) = self.write().await?;
        let outcome = turns::apply(&mut tx, turn, now).await?;
        if outcome == TurnOutcome::Applied {
            commit(tx).await?;
        }
        // Else the transaction is dropped, which rolls it back: a lost turn leaves nothing.
        Ok(outcome)
    }

    async fn person_get(&self, person: PersonId) -> Result<Option<Person>, StoreError> {
        people::get(&mut *self.readers.acquire().await.map_err(classify)?, person).await
    }

    async fn person_mark(&self, person: PersonId, mark: &Mark) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let marked = people::mark(&mut tx, person, mark, now).await?;
        commit(tx).await?;
        Ok(marked)
    }

    async fn person_forget(&self, person: PersonId) -> Result<(), StoreError> {
        let (mut tx, _) = self.write().await?;
        people::forget(&mut tx, person).await?;
        commit(tx).await
    }

    async fn actions_put(&self, actions: &[ActionNew]) -> Result<(), StoreError> {
        let (mut tx, now) = self.write().await?;
        turns::put_actions(&mut tx, actions, now).await?;
        commit(tx).await
    }

    async fn action_find(&self, press: &Press) -> Result<Pressed, StoreError> {
        let now = self.time();
        turns::find_action(&mut *self.readers.acquire().await.map_err(classify)?, press, now).await
    }

    async fn card_put(&self, card: &CardPut) -> Result<(), StoreError> {
        let (mut tx, now) = self.write().await?;
        cards::put(&mut tx, card, now).await?;
        commit(tx).await
    }

    async fn card_get(&self, account: &AccountKey, key: &str) -> Result<Option<Card>, StoreError> {
        cards::get(&mut *self.readers.acquire().await.map_err(classify)?, account, key).await
    }

    async fn card_wake(&self, order: OrderId) -> Result<(), StoreError> {
        let (mut tx, now) = self.write().await?;
        cards::wake(&mut tx, order, now).await?;
        commit(tx).await
    }

    async fn cards_claim(&self, claim: &CardClaim) -> Result<Vec<Card>, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(classify)?;
        if !cards::any_due(&mut reader, claim, self.time()).await? {
            return Ok(Vec::new());
        }
        drop(reader);
        let (mut tx, now) = self.write().await?;
        let taken = cards::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(taken)
    }

    async fn card_settle(&self, settle: &CardSettle) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let settled = cards::settle(&mut tx, settle, now).await?;
        commit(tx).await?;
        Ok(settled)
    }

    async fn file_get(&self, bot: BotId, sha256: &str) -> Result<Option<String>, StoreError> {
        let found = sqlx::query_scalar("SELECT file_id FROM files WHERE bot = ?1 AND sha256 = ?2");
        let found = found.bind(bot.0).bind(sha256);
        found.fetch_optional(&mut *self.readers.acquire().await.map_err(classify)?).await.map_err(classify)
    }

    async fn file_put(&self, bot: BotId, sha256: &str, file_id: Option<&str>) -> Result<(), StoreError> {
        let (mut tx, _) = self.write().await?;
        people::put_file(&mut tx, bot, sha256, file_id).await?;
        commit(tx).await
    }

    async fn feedback_put(&self, feedback: &Feedback) -> Result<(), StoreError> {
        let (mut tx, _) = self.write().await?;
        people::put_feedback(&mut tx, feedback).await?;
        commit(tx).await
    }

    async fn feedback_of(&self, order: OrderId) -> Result<Vec<Feedback>, StoreError> {
        people::feedback(&mut *self.readers.acquire().await.map_err(classify)?, order).await
    }

    async fn allowance_take(&self, take: &AllowanceTake) -> Result<Allowance, StoreError> {
        let (mut tx, now) = self.write().await?;
        let allowance = people::take_allowance(&mut tx, take, now).await?;
        commit(tx).await?;
        Ok(allowance)
    }

    async fn person_find(&self, username: &str) -> Result<Option<Person>, StoreError> {
        people::find(&mut *self.readers.acquire().await.map_err(classify)?, username).await
    }

    async fn maintenance_get(&self) -> Result<Option<Maintenance>, StoreError> {
        maintenance::get(&mut *self.readers.acquire().await.map_err(classify)?).await
    }

    async fn maintenance_set(&self, closed: Option<(&str, bool)>) -> Result<(), StoreError> {
        let (mut tx, now) = self.write().await?;
        maintenance::set(&mut tx, closed, now).await?;
        commit(tx).await
    }

    async fn broadcast_put(&self, new: &BroadcastNew) -> Result<Broadcast, StoreError> {
        let (mut tx, now) = self.write().await?;
        let done = broadcasts::put(&mut tx, new, now).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn broadcast_audience(&self, lang: Option<Lang>) -> Result<u64, StoreError> {
        broadcasts::audience(&mut *self.readers.acquire().await.map_err(classify)?, lang).await
    }

    async fn broadcast_last(&self, bot: BotId) -> Result<Option<Broadcast>, StoreError> {
        broadcasts::last(&mut *self.readers.acquire().await.map_err(classify)?, bot).await
    }

    async fn broadcast_cancel(&self, id: &str) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let done = broadcasts::cancel(&mut tx, id, now).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn broadcast_claim(&self, bot: BotId, lease: Duration) -> Result<Option<Broadcast>, StoreError> {
        if !broadcasts::any_due(&mut *self.readers.acquire().await.map_err(classify)?, bot, self.time())
            .await?
        {
            return Ok(None);
        }
        let (mut tx, now) = self.write().await?;
        let done = broadcasts::claim(&mut tx, bot, lease, now).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn broadcast_next(
        &self,
        id: &str,
        epoch: i64,
        limit: u32,
        lease: Duration,
    ) -> Result<Option<Vec<PersonId>>, StoreError> {
        let (mut tx, now) = self.write().await?;
        let done = broadcasts::next(&mut tx, (id, epoch), limit, later(now, lease)).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn broadcast_sending(&self, id: &str, epoch: i64, person: PersonId) -> Result<bool, StoreError> {
        let (mut tx, _) = self.write().await?;
        let done = broadcasts::sending(&mut tx, id, epoch, person).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn broadcast_settle(
        &self,
        id: &str,
        person: PersonId,
        outcome: BroadcastOutcome,
    ) -> Result<(), StoreError> {
        let (mut tx, _) = self.write().await?;
        broadcasts::settle(&mut tx, id, person, outcome).await?;
        commit(tx).await
    }

    async fn broadcast_finish(&self, id: &str, epoch: i64) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let done = broadcasts::finish(&mut tx, id, epoch, now).await?;
        commit(tx).await?;
        Ok(done)
    }

    async fn chats_tidy(&self, kept: Duration) -> Result<u64, StoreError> {
        let (mut tx, now) = self.write().await?;
        let old = |kept: Duration| {
            micros(now).saturating_sub_unsigned(kept.as_micros().try_into().unwrap_or(u64::MAX))
        };
        let mut gone = 0;
        for (statement, before) in [
            ("DELETE FROM updates WHERE wake_at IS NULL AND came_at <= ?1", old(UPDATES_REMEMBERED)),
            ("DELETE FROM actions WHERE expires_at <= ?1", old(kept)),
            ("DELETE FROM cards WHERE state IN ('closed', 'waiting') AND updated_at <= ?1", old(kept)),
            ("DELETE FROM allowances WHERE at <= ?1", old(kept)),
        ] {
            let deleted = sqlx::query(AssertSqlSafe(statement)).bind(before).execute(&mut *tx).await;
            gone += deleted.map_err(classify)?.rows_affected();
        }
        commit(tx).await?;
        Ok(gone)
    }
}
