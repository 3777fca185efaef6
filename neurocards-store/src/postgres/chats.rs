//! Conversations, in the same schema.

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
use sqlx::{AssertSqlSafe, Connection};

use super::PostgresStore;
use super::error::{classify, classify_write};
use super::rows::micros;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChatStore for PostgresStore {
    async fn updates_put(&self, bot: BotId, updates: &[UpdateNew]) -> Result<u64, StoreError> {
        updates::put(&mut *self.connection().await?, bot, updates, self.time()).await
    }

    async fn updates_last(&self, bot: BotId) -> Result<Option<i64>, StoreError> {
        let last = sqlx::query_scalar(
            "SELECT max(id) FROM updates WHERE bot = $1
                 AND came_at > coalesce($2::timestamptz, now()) - $3 * interval '1 microsecond'",
        );
        let last = last.bind(bot.0).bind(self.time()).bind(micros(UPDATES_REMEMBERED));
        last.fetch_one(&mut *self.connection().await?).await.map_err(classify)
    }

    async fn updates_claim(&self, claim: &UpdateClaim) -> Result<Vec<UpdateRecord>, StoreError> {
        updates::claim(&mut *self.connection().await?, claim, self.time()).await
    }

    async fn update_settle(&self, settle: &UpdateSettle) -> Result<bool, StoreError> {
        updates::settle(&mut *self.connection().await?, settle, self.time()).await
    }

    async fn dialogue_get(&self, chat: ChatRef) -> Result<Option<Dialogue>, StoreError> {
        turns::dialogue(&mut *self.connection().await?, chat).await
    }

    async fn turn_apply(&self, turn: &Turn) -> Result<TurnOutcome, StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let outcome = turns::apply(&mut tx, turn, self.time()).await?;
        match outcome {
            TurnOutcome::Applied => tx.commit().await.map_err(classify_write)?,
            TurnOutcome::Lost | TurnOutcome::Moved | TurnOutcome::Used => {
                tx.rollback().await.map_err(classify)?;
            }
        }
        Ok(outcome)
    }

    async fn person_get(&self, person: PersonId) -> Result<Option<Person>, StoreError> {
        people::get(&mut *self.connection().await?, person).await
    }

    async fn person_mark(&self, person: PersonId, mark: &Mark) -> Result<bool, StoreError> {
        people::mark(&mut *self.connection().await?, person, mark, self.time()).await
    }

    async fn person_forget(&self, person: PersonId) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        people::forget(&mut tx, person).await?;
        tx.commit().await.map_err(classify_write)
    }

    async fn actions_put(&self, actions: &[ActionNew]) -> Result<(), StoreError> {
        turns::put_actions(&mut *self.connection().await?, actions, self.time()).await
    }

    async fn action_find(&self, press: &Press) -> Result<Pressed, StoreError> {
        turns::find_action(&mut *self.connection().await?, press, self.time()).await
    }

    async fn card_put(&self, card: &CardPut) -> Result<(), StoreError> {
        cards::put(&mut *self.connection().await?, card, self.time()).await
    }

    async fn card_get(&self, account: &AccountKey, key: &str) -> Result<Option<Card>, StoreError> {
        cards::get(&mut *self.connection().await?, account, key).await
    }

    async fn card_wake(&self, order: OrderId) -> Result<(), StoreError> {
        cards::wake(&mut *self.connection().await?, order, self.time()).await
    }

    async fn cards_claim(&self, claim: &CardClaim) -> Result<Vec<Card>, StoreError> {
        cards::claim(&mut *self.connection().await?, claim, self.time()).await
    }

    async fn card_settle(&self, settle: &CardSettle) -> Result<bool, StoreError> {
        cards::settle(&mut *self.connection().await?, settle, self.time()).await
    }

    async fn file_get(&self, bot: BotId, sha256: &str) -> Result<Option<String>, StoreError> {
        let found = sqlx::query_scalar("SELECT file_id FROM files WHERE bot = $1 AND sha256 = $2");
        let found = found.bind(bot.0).bind(sha256);
        found.fetch_optional(&mut *self.connection().await?).await.map_err(classify)
    }

    async fn file_put(&self, bot: BotId, sha256: &str, file_id: Option<&str>) -> Result<(), StoreError> {
        people::put_file(&mut *self.connection().await?, bot, sha256, file_id).await
    }

    async fn feedback_put(&self, feedback: &Feedback) -> Result<(), StoreError> {
        people::put_feedback(&mut *self.connection().await?, feedback).await
    }

    async fn feedback_of(&self, order: OrderId) -> Result<Vec<Feedback>, StoreError> {
        people::feedback(&mut *self.connection().await?, order).await
    }

    async fn allowance_take(&self, take: &AllowanceTake) -> Result<Allowance, StoreError> {
        let now = match self.time() {
            Some(now) => now,
            None => neurocards_core::Store::now(self).await?,
        };
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let allowance = people::take_allowance(&mut tx, take, now).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(allowance)
    }

    async fn person_find(&self, username: &str) -> Result<Option<Person>, StoreError> {
        people::find(&mut *self.connection().await?, username).await
    }

    async fn maintenance_get(&self) -> Result<Option<Maintenance>, StoreError> {
        maintenance::get(&mut *self.connection().await?).await
    }

    async fn maintenance_set(&self, closed: Option<(&str, bool)>) -> Result<(), StoreError> {
        maintenance::set(&mut *self.connection().await?, closed, self.time()).await
    }

    async fn broadcast_put(&self, new: &BroadcastNew) -> Result<Broadcast, StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let done = broadcasts::put(&mut tx, new, self.time()).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(done)
    }

    async fn broadcast_audience(&self, lang: Option<Lang>) -> Result<u64, StoreError> {
        broadcasts::audience(&mut *self.connection().await?, lang).await
    }

    async fn broadcast_last(&self, bot: BotId) -> Result<Option<Broadcast>, StoreError> {
        broadcasts::last(&mut *self.connection().await?, bot).await
    }

    async fn broadcast_cancel(&self, id: &str) -> Result<bool, StoreError> {
        broadcasts::cancel(&mut *self.connection().await?, id, self.time()).await
    }

    async fn broadcast_claim(&self, bot: BotId, lease: Duration) -> Result<Option<Broadcast>, StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let done = broadcasts::claim(&mut tx, bot, lease, self.time()).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(done)
    }

    async fn broadcast_next(
        &self,
        id: &str,
        epoch: i64,
        limit: u32,
        lease: Duration,
    ) -> Result<Option<Vec<PersonId>>, StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let done = broadcasts::next(&mut tx, (id, epoch), limit, lease, self.time()).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(done)
    }

    async fn broadcast_sending(&self, id: &str, epoch: i64, person: PersonId) -> Result<bool, StoreError> {
        broadcasts::sending(&mut *self.connection().await?, id, epoch, person).await
    }

    async fn broadcast_settle(
        &self,
        id: &str,
        person: PersonId,
        outcome: BroadcastOutcome,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let done = broadcasts::settle(&mut tx, id, person, outcome).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(done)
    }

    async fn broadcast_finish(&self, id: &str, epoch: i64) -> Result<bool, StoreError> {
        broadcasts::finish(&mut *self.connection().await?, id, epoch, self.time()).await
    }

    async fn chats_tidy(&self, kept: Duration) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        let mut gone = 0;
        for (what, kept) in [
            ("updates WHERE wake_at IS NULL AND came_at", UPDATES_REMEMBERED),
            ("actions WHERE expires_at", kept),
            ("cards WHERE state IN ('closed', 'waiting') AND updated_at", kept),
            ("allowances WHERE at", kept),
        ] {
            let sql = format!(
                "DELETE FROM {what} <= coalesce($1::timestamptz, now()) - $2 * interval '1 microsecond'"
            );
            let deleted = sqlx::query(AssertSqlSafe(sql)).bind(self.time()).bind(micros(kept));
            gone += deleted.execute(&mut *connection).await.map_err(classify_write)?.rows_affected();
        }
        Ok(gone)
    }
}
