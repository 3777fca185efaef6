//! Alarms told to admins, without a flood: one process at a time takes an alarm from the store and says a word of it.
//!
//! Known weakness: a process that dies between telling one admin and another leaves both to be told by the next one, so
//! that the first hears it twice. An alarm that nobody hears would be worse.

mod say;
mod screens;

use std::time::Duration;

use neurocards::{AlarmClaim, AlarmRecord, AlarmSettle, ChatRef, Lang, Mark, PersonId, StoreError};
use tokio_util::sync::CancellationToken;

use self::say::{Word, say};
pub(crate) use self::screens::what;
use crate::api::CallError;
use crate::notify::{Parts, TelegramNotifier};
use crate::screen::mint;

/// In which nothing more is said of the same kind and subject.
pub(crate) const SILENCE: Duration = Duration::from_secs(30 * 60);
/// How many alarms are taken at once, and for how long.
const BATCH: u32 = 20;
const LEASE: Duration = Duration::from_secs(120);
/// How often the loop looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long after nobody could be told.
const AGAIN: Duration = Duration::from_secs(30);
/// How often a call is made that provably did not happen, and how long it may be waited for.
const TRIES: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_secs(20);

impl TelegramNotifier {
    /// Tells admins of alarms until told to stop. Any number of processes may do so at the same time; with no admins
    /// nobody does.
    pub async fn tell_admins(&self, stop: CancellationToken) {
        let parts = self.parts();
        while !stop.is_cancelled() && !parts.settings.admins.is_empty() {
            if let Err(error) = parts.tell_due().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "alarms could not be told");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = parts.clock.sleep(EVERY) => {}
            }
        }
    }
}

impl Parts {
    async fn tell_due(&self) -> Result<(), StoreError> {
        for record in self.store.alarms_claim(&AlarmClaim { limit: BATCH, lease: LEASE }).await? {
            let said = say(&record, self.silence, self.store.now().await?);
            let told = match said.word {
                Some(word) => self.tell(&record, word).await?,
                None => false,
            };
            let missed = said.word.is_some() && !told;
            let settle = AlarmSettle {
                kind: record.alarm.kind,
                subject: record.alarm.subject.clone(),
                since: record.since,
                epoch: record.epoch,
                told: told.then_some(record.times),
                is_over: said.is_over && !missed,
                next: if missed { Some(AGAIN) } else { said.next },
            };
            self.store.alarm_settle(&settle).await?;
        }
        Ok(())
    }

    /// Tells every admin; `false`: none of them can have heard it.
    async fn tell(&self, record: &AlarmRecord, word: Word) -> Result<bool, StoreError> {
        let screen = screens::alert(record, word);
        let mut told = false;
        for admin in self.settings.admins.iter().copied() {
            let person = PersonId(admin);
            let lang = self.chats.person_get(person).await?.map_or(Lang::Ru, |known| known.lang);
            let chat = ChatRef { bot: self.api.id(), chat: admin };
            let sheet = mint(&screen, lang, chat, person, &self.entropy).sheet;
            match self.patiently(admin, &sheet).await {
                Ok(_) | Err(CallError::Unknown(_)) => told = true,
                Err(CallError::Gone(_)) => {
                    tracing::warn!(admin, "an admin does not hear alarms: they have blocked the bot");
                    self.chats.person_mark(person, &Mark::Blocked).await?;
                }
                Err(error) => tracing::warn!(%error, admin, "an admin was not told of an alarm"),
            }
        }
        Ok(told)
    }

    async fn patiently(&self, chat: i64, sheet: &crate::screen::Sheet) -> Result<i64, CallError> {
        let mut tries = 1;
        loop {
            let sent = self.api.send(chat, sheet).await;
            let wait = sent.as_ref().err().and_then(CallError::again_after);
            match wait.filter(|wait| tries < TRIES && *wait <= LONGEST_WAIT) {
                None => return sent,
                Some(wait) => self.clock.sleep(wait).await,
            }
            tries += 1;
        }
    }
}
