//! Broadcasts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{BotId, Broadcast, BroadcastNew, BroadcastOutcome, BroadcastState, Person, PersonId};
use crate::brief::Lang;
use crate::clock::{Timestamp, later};

#[derive(Debug)]
struct Row {
    broadcast: Broadcast,
    bot: BotId,
    /// The last person who was handed out.
    cursor: PersonId,
    wake_at: Timestamp,
    /// Who was handed out and is not settled; `true` from just before the call on.
    out: BTreeMap<PersonId, bool>,
}

#[derive(Debug, Default)]
pub(super) struct Broadcasts {
    rows: BTreeMap<String, Row>,
}

type People = BTreeMap<PersonId, Person>;

fn hears(person: &Person, lang: Option<Lang>) -> bool {
    person.blocked_at.is_none() && person.banned_at.is_none() && lang.is_none_or(|lang| lang == person.lang)
}

/// How many people there are for it.
pub(super) fn audience(people: &People, lang: Option<Lang>) -> u64 {
    people.values().filter(|person| hears(person, lang)).count() as u64
}

impl Broadcasts {
    pub(super) fn put(&mut self, new: &BroadcastNew, people: &People, now: Timestamp) -> Broadcast {
        let fresh = || Row {
            broadcast: Broadcast {
                id: new.id.clone(),
                author: new.author,
                text: new.text.clone(),
                lang: new.lang,
                state: BroadcastState::Sending,
                total: audience(people, new.lang),
                sent: 0,
                blocked: 0,
                failed: 0,
                unknown: 0,
                created_at: now,
                epoch: 0,
            },
            bot: new.bot,
            cursor: PersonId(i64::MIN),
            wake_at: now,
            out: BTreeMap::new(),
        };
        self.rows.entry(new.id.clone()).or_insert_with(fresh).broadcast.clone()
    }

    pub(super) fn last(&self, bot: BotId) -> Option<Broadcast> {
        let ours = self.rows.values().filter(|row| row.bot == bot);
        let last = ours.max_by_key(|row| (row.broadcast.created_at, row.broadcast.id.clone()));
        last.map(|row| row.broadcast.clone())
    }

    pub(super) fn cancel(&mut self, id: &str) -> bool {
        let row = self.rows.get_mut(id).filter(|row| row.broadcast.state == BroadcastState::Sending);
        row.map(|row| row.broadcast.state = BroadcastState::Cancelled).is_some()
    }

    pub(super) fn claim(&mut self, bot: BotId, lease: Duration, now: Timestamp) -> Option<Broadcast> {
        let due = |row: &&mut Row| {
            row.bot == bot && row.broadcast.state == BroadcastState::Sending && row.wake_at <= now
        };
        let row = self.rows.values_mut().filter(due).min_by_key(|row| row.broadcast.created_at)?;
        row.wake_at = later(now, lease);
        row.broadcast.epoch += 1;
        row.broadcast.unknown += row.out.values().filter(|sending| **sending).count() as u64;
        row.out.retain(|_, sending| !*sending);
        Some(row.broadcast.clone())
    }

    fn ours(&mut self, id: &str, epoch: i64) -> Option<&mut Row> {
        let row = self.rows.get_mut(id)?;
        (row.broadcast.epoch == epoch && row.broadcast.state == BroadcastState::Sending).then_some(row)
    }

    pub(super) fn next(
        &mut self,
        (id, epoch): (&str, i64),
        limit: u32,
        people: &People,
        until: Timestamp,
    ) -> Option<Vec<PersonId>> {
        let row = self.ours(id, epoch)?;
        row.wake_at = until;
        let again: Vec<_> = row.out.iter().filter(|(_, sending)| !**sending).map(|(id, _)| *id).collect();
        if !again.is_empty() {
            return Some(again.into_iter().take(limit as usize).collect());
        }
        let (lang, began) = (row.broadcast.lang, row.broadcast.created_at);
        let behind = people.values().filter(|person| person.id > row.cursor);
        let next = behind.filter(|person| hears(person, lang) && person.first_seen_at <= began);
        let next: Vec<_> = next.take(limit as usize).map(|person| person.id).collect();
        row.cursor = next.last().copied().unwrap_or(row.cursor);
        row.out.extend(next.iter().map(|person| (*person, false)));
        Some(next)
    }

    pub(super) fn sending(&mut self, id: &str, epoch: i64, person: PersonId) -> bool {
        let out = self.ours(id, epoch).and_then(|row| row.out.get_mut(&person));
        out.filter(|sending| !**sending).map(|sending| *sending = true).is_some()
    }

    pub(super) fn settle(&mut self, id: &str, person: PersonId, outcome: BroadcastOutcome) {
        let Some(row) = self.rows.get_mut(id).filter(|row| row.out.contains_key(&person)) else { return };
        let count = match outcome {
            BroadcastOutcome::Later => {
                row.out.insert(person, false);
                return;
            }
            BroadcastOutcome::Sent => &mut row.broadcast.sent,
            BroadcastOutcome::Blocked => &mut row.broadcast.blocked,
            BroadcastOutcome::Failed => &mut row.broadcast.failed,
            BroadcastOutcome::Unknown => &mut row.broadcast.unknown,
        };
        *count += 1;
        row.out.remove(&person);
    }

    pub(super) fn finish(&mut self, id: &str, epoch: i64) -> bool {
        let row = self.ours(id, epoch).filter(|row| row.out.is_empty());
        row.map(|row| row.broadcast.state = BroadcastState::Done).is_some()
    }
}
