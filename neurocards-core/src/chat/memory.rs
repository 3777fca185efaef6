//! Conversations in memory: the reference for the conformance suite, and what tests run on.
//!
//! Known weakness: nothing survives the process.

mod broadcasts;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use self::broadcasts::Broadcasts;
use super::{
    ActionId, ActionNew, Allowance, AllowanceTake, BotId, Broadcast, BroadcastNew, BroadcastOutcome, Card,
    CardClaim, CardNext, CardPut, CardSettle, CardState, ChatRef, ChatStore, Dialogue, Feedback, Maintenance,
    Mark, Person, PersonId, PersonWrite, Press, Pressed, Turn, TurnOutcome, UPDATES_REMEMBERED, UpdateClaim,
    UpdateNew, UpdateRecord, UpdateSettle,
};
use crate::account::AccountKey;
use crate::brief::Lang;
use crate::clock::{Clock, Timestamp, later};
use crate::ids::OrderId;
use crate::store::StoreError;

/// Conversations in memory.
#[derive(Debug)]
pub struct MemoryChats {
    clock: Arc<dyn Clock>,
    tables: Mutex<Tables>,
}

#[derive(Debug)]
struct UpdateRow {
    record: UpdateRecord,
    open: bool,
    wake_at: Timestamp,
    came_at: Timestamp,
}

#[derive(Debug)]
struct ActionRow {
    new: ActionNew,
    expires_at: Timestamp,
    used: bool,
}

#[derive(Debug)]
struct CardRow {
    card: Card,
    wake_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Default)]
struct Tables {
    updates: BTreeMap<(BotId, i64), UpdateRow>,
    dialogues: BTreeMap<ChatRef, Dialogue>,
    people: BTreeMap<PersonId, Person>,
    actions: BTreeMap<ActionId, ActionRow>,
    cards: BTreeMap<(AccountKey, String), CardRow>,
    files: BTreeMap<(BotId, String), String>,
    feedback: BTreeMap<(OrderId, PersonId), Feedback>,
    allowances: BTreeMap<(PersonId, String, String), Timestamp>,
    maintenance: Option<Maintenance>,
    broadcasts: Broadcasts,
}

impl MemoryChats {
    /// Nobody has spoken yet; time is the clock's.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tables: Mutex::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn put_actions(&mut self, actions: &[ActionNew], now: Timestamp) {
        for new in actions {
            let row = ActionRow { expires_at: later(now, new.ttl), new: new.clone(), used: false };
            self.actions.entry(new.id).or_insert(row);
        }
    }

    fn claim_updates(&mut self, claim: &UpdateClaim, now: Timestamp) -> Vec<UpdateRecord> {
        let mut heads = BTreeMap::new();
        let open = self.updates.iter().filter(|((bot, _), row)| *bot == claim.bot && row.open);
        for (key, row) in open {
            heads.entry(row.record.lane).or_insert(*key);
        }
        let mut due: Vec<_> = heads.into_values().filter(|key| self.updates[key].wake_at <= now).collect();
        due.sort_unstable();
        due.truncate(claim.limit as usize);
        let mut taken = Vec::new();
        for key in due {
            if let Some(row) = self.updates.get_mut(&key) {
                row.record.tries += 1;
                row.record.epoch += 1;
                row.wake_at = later(now, claim.lease);
                taken.push(row.record.clone());
            }
        }
        taken
    }

    fn turn(&mut self, turn: &Turn, now: Timestamp) -> TurnOutcome {
        let (id, epoch) = turn.update;
        let update = self.updates.get(&(turn.chat.bot, id));
        if !update.is_some_and(|row| row.open && row.record.epoch == epoch && row.record.reply.is_none()) {
            return TurnOutcome::Lost;
        }
        let version = self.dialogues.get(&turn.chat).map_or(0, |dialogue| dialogue.version);
        if turn.dialogue.as_ref().is_some_and(|write| write.expected != version) {
            return TurnOutcome::Moved;
        }
        if turn.used.is_some_and(|id| self.actions.get(&id).is_none_or(|row| row.used)) {
            return TurnOutcome::Used;
        }
        if let Some(row) = turn.used.and_then(|id| self.actions.get_mut(&id)) {
            row.used = true;
        }
        if let Some(write) = &turn.dialogue {
            let dialogue = Dialogue {
                chat: turn.chat,
                person: turn.person,
                format: write.format,
                state: write.state.clone(),
                version: version + 1,
                updated_at: now,
            };
            self.dialogues.insert(turn.chat, dialogue);
        }
        if let Some(seen) = &turn.seen {
            self.see(turn.person, seen, now);
        }
        self.put_actions(&turn.actions, now);
        if let Some(row) = self.updates.get_mut(&(turn.chat.bot, id)) {
            row.record.reply.clone_from(&turn.reply);
            row.end_unless(turn.reply.is_some());
        }
        TurnOutcome::Applied
    }

    fn see(&mut self, id: PersonId, seen: &PersonWrite, now: Timestamp) {
        let person = self.people.entry(id).or_insert_with(|| Person {
            id,
            username: None,
            lang: seen.lang,
            lang_chosen: false,
            source: seen.source.clone(),
            consent_at: None,
            blocked_at: None,
            banned_at: None,
            banned_by: None,
            preferences: Value::Null,
            first_seen_at: now,
            last_seen_at: now,
        });
        person.username.clone_from(&seen.username);
        (person.lang, person.lang_chosen) = (seen.lang, seen.lang_chosen);
        person.consent_at = person.consent_at.or(seen.consents.then_some(now));
        person.blocked_at = None;
        person.preferences = seen.preferences.clone();
        person.last_seen_at = now;
    }

    fn mark(&mut self, id: PersonId, mark: &Mark, now: Timestamp) -> bool {
        let Some(person) = self.people.get_mut(&id) else { return false };
        match mark {
            Mark::Blocked => person.blocked_at = person.blocked_at.or(Some(now)),
            Mark::Unblocked => person.blocked_at = None,
            Mark::Banned { actor, reason } => {
                person.banned_at = Some(now);
                person.banned_by = Some((actor.clone(), reason.clone()));
            }
            Mark::Unbanned => (person.banned_at, person.banned_by) = (None, None),
        }
        true
    }

    fn forget(&mut self, id: PersonId) {
        if let Some(person) = self.people.get_mut(&id) {
            (person.username, person.source, person.consent_at) = (None, None, None);
            person.lang_chosen = false;
            person.preferences = Value::Null;
        }
        let chats: Vec<_> = self.dialogues.values().filter(|d| d.person == id).map(|d| d.chat).collect();
        self.dialogues.retain(|_, dialogue| dialogue.person != id);
        self.actions.retain(|_, row| row.new.person != id);
        self.cards.retain(|_, row| !chats.contains(&row.card.chat));
        self.feedback.retain(|(_, person), _| *person != id);
    }

    fn take(&mut self, take: &AllowanceTake, now: Timestamp) -> Allowance {
        let key = (take.person, take.what.clone(), take.key.clone());
        let held = self.allowances.iter().filter(|((person, what, _), at)| {
            *person == take.person && *what == take.what && later(**at, take.within) > now
        });
        let mut held: Vec<_> = held.map(|(_, at)| *at).collect();
        held.sort_unstable();
        if let Entry::Vacant(free) = self.allowances.entry(key) {
            if let Some(over) = held.len().checked_sub(take.most as usize) {
                return Allowance::Spent {
                    until: later(held.get(over).copied().unwrap_or(now), take.within),
                };
            }
            free.insert(now);
            held.push(now);
        }
        Allowance::Granted { left: take.most.saturating_sub(u32::try_from(held.len()).unwrap_or(u32::MAX)) }
    }

    fn put_card(&mut self, put: &CardPut, now: Timestamp) {
        let fresh = || CardRow {
            card: Card {
                account: put.account.clone(),
                key: put.key.clone(),
                chat: put.chat,
                message_id: put.message_id,
                order: None,
                shown: None,
                state: CardState::Waiting,
                epoch: 0,
                created_at: now,
            },
            wake_at: now,
            updated_at: now,
        };
        let row = self.cards.entry((put.account.clone(), put.key.clone())).or_insert_with(fresh);
        if row.card.message_id != put.message_id || row.card.chat != put.chat {
            row.card.shown = None;
        }
        (row.card.chat, row.card.message_id, row.updated_at) = (put.chat, put.message_id, now);
        if put.order.is_some() {
            row.card.order = put.order;
            if row.card.state == CardState::Waiting {
                row.card.state = CardState::Live;
            }
            row.wake_at = row.wake_at.min(now);
        }
    }

    fn claim_cards(&mut self, claim: &CardClaim, now: Timestamp) -> Vec<Card> {
        let live = |row: &&mut CardRow| {
            row.card.chat.bot == claim.bot
                && matches!(row.card.state, CardState::Live | CardState::Closing)
                && row.wake_at <= now
        };
        let mut due: Vec<_> = self.cards.values_mut().filter(live).collect();
        due.sort_by_key(|row| (row.wake_at, row.card.created_at));
        due.truncate(claim.limit as usize);
        let taken = due.into_iter().map(|row| {
            row.card.epoch += 1;
            row.wake_at = later(now, claim.lease);
            row.card.clone()
        });
        taken.collect()
    }

    fn settle_card(&mut self, settle: &CardSettle, now: Timestamp) -> bool {
        let row = self.cards.get_mut(&(settle.account.clone(), settle.key.clone()));
        let Some(row) = row.filter(|row| row.card.epoch == settle.epoch) else { return false };
        if settle.shown.is_some() {
            row.card.shown.clone_from(&settle.shown);
        }
        match settle.next {
            CardNext::After(wait) => row.wake_at = later(now, wait),
            CardNext::Closing => row.card.state = CardState::Closing,
            CardNext::Closed => row.card.state = CardState::Closed,
        }
        row.updated_at = now;
        true
    }

    fn tidy(&mut self, kept: Duration, now: Timestamp) -> usize {
        let sizes = |tables: &Self| {
            tables.updates.len() + tables.actions.len() + tables.cards.len() + tables.allowances.len()
        };
        let before = sizes(self);
        self.updates.retain(|_, row| row.open || later(row.came_at, UPDATES_REMEMBERED) > now);
        self.actions.retain(|_, row| later(row.expires_at, kept) > now);
        let done = |state| matches!(state, CardState::Closed | CardState::Waiting);
        self.cards.retain(|_, row| !done(row.card.state) || later(row.updated_at, kept) > now);
        self.allowances.retain(|_, at| later(*at, kept) > now);
        before - sizes(self)
    }
}

impl UpdateRow {
    /// What an update said is forgotten when it ends.
    fn end_unless(&mut self, goes_on: bool) {
        if !goes_on {
            self.open = false;
            self.record.body = Value::Null;
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ChatStore for MemoryChats {
    async fn updates_put(&self, bot: BotId, updates: &[UpdateNew]) -> Result<u64, StoreError> {
        let (now, mut tables) = (self.clock.now(), self.tables());
        let before = tables.updates.len();
        for UpdateNew { id, lane, body } in updates.iter().cloned() {
            let record = UpdateRecord { id, lane, body, tries: 0, epoch: 0, reply: None };
            let row = UpdateRow { record, open: true, wake_at: now, came_at: now };
            tables.updates.entry((bot, id)).or_insert(row);
        }
        Ok((tables.updates.len() - before) as u64)
    }

    async fn updates_last(&self, bot: BotId) -> Result<Option<i64>, StoreError> {
        let (now, tables) = (self.clock.now(), self.tables());
        let ours = tables.updates.iter().filter(|((of, _), _)| *of == bot);
        let fresh = ours.filter(|(_, row)| later(row.came_at, UPDATES_REMEMBERED) > now);
        Ok(fresh.map(|((_, id), _)| *id).max())
    }

    async fn updates_claim(&self, claim: &UpdateClaim) -> Result<Vec<UpdateRecord>, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().claim_updates(claim, now))
    }

    async fn update_settle(&self, settle: &UpdateSettle) -> Result<bool, StoreError> {
        let (now, mut tables) = (self.clock.now(), self.tables());
        let row = tables.updates.get_mut(&(settle.bot, settle.id));
        let Some(row) = row.filter(|row| row.open && row.record.epoch == settle.epoch) else {
            return Ok(false);
        };
        row.end_unless(settle.again.is_some());
        if let Some(wait) = settle.again {
            row.wake_at = later(now, wait);
        }
        Ok(true)
    }

    async fn dialogue_get(&self, chat: ChatRef) -> Result<Option<Dialogue>, StoreError> {
        Ok(self.tables().dialogues.get(&chat).cloned())
    }

    async fn turn_apply(&self, turn: &Turn) -> Result<TurnOutcome, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().turn(turn, now))
    }

    async fn person_get(&self, person: PersonId) -> Result<Option<Person>, StoreError> {
        Ok(self.tables().people.get(&person).cloned())
    }

    async fn person_mark(&self, person: PersonId, mark: &Mark) -> Result<bool, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().mark(person, mark, now))
    }

    async fn person_forget(&self, person: PersonId) -> Result<(), StoreError> {
        self.tables().forget(person);
        Ok(())
    }

    async fn actions_put(&self, actions: &[ActionNew]) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.tables().put_actions(actions, now);
        Ok(())
    }

    async fn action_find(&self, press: &Press) -> Result<Pressed, StoreError> {
        let (now, tables) = (self.clock.now(), self.tables());
        let row = tables.actions.get(&press.id);
        let theirs = row.filter(|row| row.new.chat == press.chat && row.new.person == press.person);
        Ok(match theirs {
            None => Pressed::Unknown,
            Some(row) if row.used => Pressed::Used,
            Some(row) if row.expires_at <= now => Pressed::Expired,
            Some(row) => Pressed::Good { body: row.new.body.clone(), once: row.new.once },
        })
    }

    async fn card_put(&self, card: &CardPut) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.tables().put_card(card, now);
        Ok(())
    }

    async fn card_get(&self, account: &AccountKey, key: &str) -> Result<Option<Card>, StoreError> {
        let tables = self.tables();
        Ok(tables.cards.get(&(account.clone(), key.to_owned())).map(|row| row.card.clone()))
    }

    async fn card_wake(&self, order: OrderId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tables = self.tables();
        let of_order = |row: &&mut CardRow| row.card.order == Some(order);
        for row in tables.cards.values_mut().filter(of_order) {
            row.card.epoch += 1;
            row.wake_at = row.wake_at.min(now);
        }
        Ok(())
    }

    async fn cards_claim(&self, claim: &CardClaim) -> Result<Vec<Card>, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().claim_cards(claim, now))
    }

    async fn card_settle(&self, settle: &CardSettle) -> Result<bool, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().settle_card(settle, now))
    }

    async fn file_get(&self, bot: BotId, sha256: &str) -> Result<Option<String>, StoreError> {
        Ok(self.tables().files.get(&(bot, sha256.to_owned())).cloned())
    }

    async fn file_put(&self, bot: BotId, sha256: &str, file_id: Option<&str>) -> Result<(), StoreError> {
        let (key, mut tables) = ((bot, sha256.to_owned()), self.tables());
        match file_id {
            Some(file_id) => drop(tables.files.insert(key, file_id.to_owned())),
            None => drop(tables.files.remove(&key)),
        }
        Ok(())
    }

    async fn feedback_put(&self, feedback: &Feedback) -> Result<(), StoreError> {
        self.tables().feedback.insert((feedback.order, feedback.person), feedback.clone());
        Ok(())
    }

    async fn feedback_of(&self, order: OrderId) -> Result<Vec<Feedback>, StoreError> {
        let tables = self.tables();
        Ok(tables.feedback.values().filter(|feedback| feedback.order == order).cloned().collect())
    }

    async fn allowance_take(&self, take: &AllowanceTake) -> Result<Allowance, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().take(take, now))
    }

    async fn person_find(&self, username: &str) -> Result<Option<Person>, StoreError> {
        let tables = self.tables();
        let named = |person: &&Person| {
            person.username.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(username))
        };
        Ok(tables
            .people
            .values()
            .filter(named)
            .max_by_key(|person| (person.last_seen_at, person.id))
            .cloned())
    }

    async fn maintenance_get(&self) -> Result<Option<Maintenance>, StoreError> {
        Ok(self.tables().maintenance.clone())
    }

    async fn maintenance_set(&self, closed: Option<(&str, bool)>) -> Result<(), StoreError> {
        let since = self.clock.now();
        let known = &mut self.tables().maintenance;
        match closed {
            None => *known = None,
            Some((actor, paused)) => {
                known.get_or_insert(Maintenance { actor: actor.to_owned(), paused, since });
            }
        }
        Ok(())
    }

    async fn broadcast_put(&self, new: &BroadcastNew) -> Result<Broadcast, StoreError> {
        let (now, mut tables) = (self.clock.now(), self.tables());
        let tables = &mut *tables;
        Ok(tables.broadcasts.put(new, &tables.people, now))
    }

    async fn broadcast_audience(&self, lang: Option<Lang>) -> Result<u64, StoreError> {
        Ok(broadcasts::audience(&self.tables().people, lang))
    }

    async fn broadcast_last(&self, bot: BotId) -> Result<Option<Broadcast>, StoreError> {
        Ok(self.tables().broadcasts.last(bot))
    }

    async fn broadcast_cancel(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.tables().broadcasts.cancel(id))
    }

    async fn broadcast_claim(&self, bot: BotId, lease: Duration) -> Result<Option<Broadcast>, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().broadcasts.claim(bot, lease, now))
    }

    async fn broadcast_next(
        &self,
        id: &str,
        epoch: i64,
        limit: u32,
        lease: Duration,
    ) -> Result<Option<Vec<PersonId>>, StoreError> {
        let (until, mut tables) = (later(self.clock.now(), lease), self.tables());
        let tables = &mut *tables;
        Ok(tables.broadcasts.next((id, epoch), limit, &tables.people, until))
    }

    async fn broadcast_sending(&self, id: &str, epoch: i64, person: PersonId) -> Result<bool, StoreError> {
        Ok(self.tables().broadcasts.sending(id, epoch, person))
    }

    async fn broadcast_settle(
        &self,
        id: &str,
        person: PersonId,
        outcome: BroadcastOutcome,
    ) -> Result<(), StoreError> {
        self.tables().broadcasts.settle(id, person, outcome);
        Ok(())
    }

    async fn broadcast_finish(&self, id: &str, epoch: i64) -> Result<bool, StoreError> {
        Ok(self.tables().broadcasts.finish(id, epoch))
    }

    async fn chats_tidy(&self, kept: Duration) -> Result<u64, StoreError> {
        let now = self.clock.now();
        Ok(self.tables().tidy(kept, now) as u64)
    }
}
