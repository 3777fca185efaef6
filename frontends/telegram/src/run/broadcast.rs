//! Broadcasts on their way: one process at a time sends one, slowly enough to leave room for answers and notices.
//!
//! That a person is about to be written to is committed before the call. Whoever was being written to when a process died
//! is not written to again: nobody knows whether they have it.

use std::time::Duration;

use neurocards::{Broadcast, BroadcastOutcome, ChatRef, Mark, Person, PersonId, StoreError};
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::api::CallError;
use crate::flow::broadcast_ended;
use crate::screen::{Screen, mint};
use crate::text::Text;

/// How many people are handed out at once, and how long a broadcast belongs to who sends it.
const BATCH: u32 = 10;
const LEASE: Duration = Duration::from_secs(60);
/// How often a process looks for one.
const EVERY: Duration = Duration::from_secs(2);
/// A longer wait is waited for without the lease.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Parts {
    /// Sends broadcasts until told to stop.
    pub(super) async fn broadcast(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let sent = async {
                match self.chats.broadcast_claim(self.api.id(), self.broadcast_lease()).await? {
                    Some(broadcast) => self.spread(&broadcast, stop).await,
                    None => Ok(()),
                }
            };
            if let Err(error) = sent.await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a broadcast could not go on");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep(EVERY) => {}
            }
        }
    }

    /// As long as an update's, where that is shorter than usual: in tests.
    fn broadcast_lease(&self) -> Duration {
        LEASE.min(self.lease * 7)
    }

    async fn spread(&self, broadcast: &Broadcast, stop: &CancellationToken) -> Result<(), StoreError> {
        let (id, epoch) = (broadcast.id.as_str(), broadcast.epoch);
        loop {
            let next = self.chats.broadcast_next(id, epoch, BATCH, self.broadcast_lease()).await?;
            let Some(people) = next else { return Ok(()) };
            if people.is_empty() {
                if self.chats.broadcast_finish(id, epoch).await? {
                    self.tell_author(broadcast).await?;
                }
                return Ok(());
            }
            for person in people {
                if stop.is_cancelled() || !self.send_to(broadcast, person).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Writes to one person; `false`: this is not the time, or not our broadcast any more.
    async fn send_to(&self, broadcast: &Broadcast, person: PersonId) -> Result<bool, StoreError> {
        let id = broadcast.id.as_str();
        let known = self.chats.person_get(person).await?;
        let hears = |known: &Person| known.blocked_at.is_none() && known.banned_at.is_none();
        let Some(known) = known.filter(hears) else {
            self.chats.broadcast_settle(id, person, BroadcastOutcome::Blocked).await?;
            return Ok(true);
        };
        let screen = Screen::new(Text::new("broadcast-body").words("text", &broadcast.text));
        let chat = ChatRef { bot: self.api.id(), chat: person.0 };
        let sheet = mint(&screen, known.lang, chat, person, &self.entropy).sheet;
        self.api.bulk_turn().await;
        if !self.chats.broadcast_sending(id, broadcast.epoch, person).await? {
            return Ok(false);
        }
        let sent = self.api.send(person.0, &sheet).await;
        let outcome = match &sent {
            Ok(_) => BroadcastOutcome::Sent,
            Err(CallError::Unknown(_)) => BroadcastOutcome::Unknown,
            Err(CallError::Gone(_)) => {
                self.chats.person_mark(person, &Mark::Blocked).await?;
                BroadcastOutcome::Blocked
            }
            Err(error) if error.again_after().is_some() => BroadcastOutcome::Later,
            Err(error) => {
                tracing::warn!(%error, %person, "a broadcast was not sent to somebody");
                BroadcastOutcome::Failed
            }
        };
        self.chats.broadcast_settle(id, person, outcome).await?;
        match sent.err().and_then(|error| error.again_after()) {
            None => Ok(true),
            Some(wait) => {
                self.clock.sleep(wait.min(LONGEST_WAIT)).await;
                Ok(wait <= LONGEST_WAIT)
            }
        }
    }

    async fn tell_author(&self, broadcast: &Broadcast) -> Result<(), StoreError> {
        let Some(done) = self.chats.broadcast_last(self.api.id()).await? else { return Ok(()) };
        let author = broadcast.author;
        let Some(known) = self.chats.person_get(author).await? else { return Ok(()) };
        let chat = ChatRef { bot: self.api.id(), chat: author.0 };
        let minted = mint(&broadcast_ended(Some(&done)), known.lang, chat, author, &self.entropy);
        self.chats.actions_put(&minted.actions).await?;
        if let Err(error) = self.api.send(author.0, &minted.sheet).await {
            tracing::warn!(%error, %author, "the end of a broadcast was not told");
        }
        Ok(())
    }
}
