//! News out: notices of the outbox, and the cards that follow orders.
//!
//! A card is edited, which may be done twice. A message is sent once: when nobody knows whether it arrived, the notice is
//! `unknown`, and the card and «Мои видео» offer the video instead.

mod failed;
mod keeper;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use neurocards::{
    Artifact, CardPut, Catalogue, ChatRef, ChatStore, Clock, Delivery, Entropy, Fault, FaultClass, JobRecord,
    Lang, Mark, Media, Notice, NoticeBody, Notifier, OrderRecord, PersonId, Store, StoreError, Subject,
};
use url::Url;

use crate::alerts::SILENCE;
use crate::api::{Api, CallError};
use crate::card::{Around, card};
use crate::deliver::{Delivered, Shelf, too_big};
use crate::run::Minutes;
use crate::screen::{Screen, mint};
use crate::settings::Settings;
use crate::text::Text;

/// Makes an address under which a video can be loaded for [`LINK_HOURS`], or none.
pub type MediaLink = Arc<dyn Fn(&Artifact) -> Option<Url> + Send + Sync>;

/// For how long a link to a video works.
pub const LINK_HOURS: u32 = 24;

/// How the accounts begin that are told of here.
const CHANNEL: &str = "telegram:";
/// How long after a call that did not happen.
const SOON: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(600);

/// Tells people on Telegram, and keeps their cards up to date. Cheap to clone.
#[derive(Clone)]
pub struct TelegramNotifier {
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) api: Api,
    pub(crate) chats: Arc<dyn ChatStore>,
    pub(crate) store: Arc<dyn Store>,
    media: Media,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) settings: Settings,
    /// In which nothing more is said of the same alarm.
    pub(crate) silence: Duration,
    catalogue: Catalogue,
    link: Option<MediaLink>,
    minutes: Minutes,
}

impl fmt::Debug for TelegramNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramNotifier").field("api", &self.parts.api).finish_non_exhaustive()
    }
}

/// Collects the parts of a [`TelegramNotifier`].
pub struct TelegramNotifierBuilder {
    parts: Parts,
}

impl fmt::Debug for TelegramNotifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramNotifierBuilder").field("api", &self.parts.api).finish_non_exhaustive()
    }
}

impl TelegramNotifierBuilder {
    /// What an operator configured.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.parts.settings = settings;
        self
    }

    /// The models, for their names.
    #[must_use]
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.parts.catalogue = catalogue;
        self
    }

    /// How videos that are too large for the channel can be loaded.
    #[must_use]
    pub fn link(mut self, link: MediaLink) -> Self {
        self.parts.link = Some(link);
        self
    }

    /// For how long nothing more is said of the same alarm to admins. Half an hour by default.
    #[must_use]
    pub fn silence(mut self, silence: Duration) -> Self {
        self.parts.silence = silence;
        self
    }

    /// The notifier.
    pub fn build(self) -> TelegramNotifier {
        TelegramNotifier { parts: Arc::new(self.parts) }
    }
}

impl TelegramNotifier {
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Begins a notifier.
    pub fn builder(
        api: Api,
        chats: Arc<dyn ChatStore>,
        store: Arc<dyn Store>,
        media: Media,
        clock: Arc<dyn Clock>,
    ) -> TelegramNotifierBuilder {
        let (settings, catalogue, entropy) = (Settings::default(), Catalogue::default(), Entropy::from_os());
        let minutes = Minutes::default();
        let parts = Parts {
            api,
            chats,
            store,
            media,
            clock,
            entropy,
            settings,
            silence: SILENCE,
            catalogue,
            link: None,
            minutes,
        };
        TelegramNotifierBuilder { parts }
    }
}

#[async_trait]
impl Notifier for TelegramNotifier {
    fn channels(&self) -> Vec<String> {
        vec![CHANNEL.to_owned()]
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    async fn deliver(&self, notice: &Notice) -> Delivery {
        let person = notice.account.as_str().strip_prefix(CHANNEL).and_then(|id| id.parse().ok());
        let Some(person) = person.map(PersonId) else {
            return Delivery::Refused(Fault::new(
                FaultClass::InvalidInput,
                "the account is no person of Telegram",
            ));
        };
        let mut delivered = self.parts.deliver(notice, person, person.0).await;
        // The chat has got another number; nothing was sent to the old one.
        if let Err(Missed::Call(CallError::Migrated(chat))) = delivered {
            delivered = self.parts.deliver(notice, person, chat).await;
        }
        // Whatever came of it, the card has something new to show.
        if let Err(error) = self.parts.chats.card_wake(notice.order_id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a card could not be woken");
        }
        match delivered {
            Ok(receipt) => Delivery::Sent { receipt },
            Err(Missed::Blocked) => Delivery::Blocked,
            Err(Missed::Store(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a notice could not be prepared");
                Delivery::Later(SOON)
            }
            Err(Missed::Call(error)) => self.parts.missed(notice, person, error).await,
        }
    }
}

/// Why a notice was not delivered.
#[derive(Debug, thiserror::Error)]
enum Missed {
    /// The person does not want to hear from us.
    #[error("blocked")]
    Blocked,
    /// Nothing was sent.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See there.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Parts {
    /// Delivers, once; answers with the message.
    async fn deliver(&self, notice: &Notice, person: PersonId, chat: i64) -> Result<Option<String>, Missed> {
        let known = self.chats.person_get(person).await?;
        if known.as_ref().is_some_and(|known| known.blocked_at.is_some()) {
            return Err(Missed::Blocked);
        }
        if let Some(wait) = self.api.closed(chat) {
            return Err(CallError::Wait(wait).into());
        }
        let record = self.store.order_get(notice.order_id).await?;
        let Some(record) = record else { return Ok(None) };
        let lang = known.map_or(record.order.brief.lang, |known| known.lang);
        let to = To { chat: ChatRef { bot: self.api.id(), chat }, person, lang };
        let sent = match &notice.body {
            NoticeBody::Started { .. } => Some(self.started(&to, &record).await?),
            NoticeBody::Result { artifact } => {
                let caption = self.caption(notice, &record).await?;
                Some(self.video(&to, &record, artifact, &caption).await?)
            }
            NoticeBody::Gift { artifact } => {
                Some(self.video(&to, &record, artifact, &Text::new("gift-caption")).await?)
            }
            NoticeBody::Failed { class, objection, .. } => {
                let job = self.job(notice).await?;
                let job = job.as_ref().map(|job| &job.job);
                let end = failed::End { record: &record, job, class: *class, objection: *objection };
                let model = failed::model_name(self, &record);
                let screen = failed::screen(&end, &model, self.settings.support_url.as_deref());
                Some(self.send(&to, &screen).await?)
            }
            // The card says it.
            _ => None,
        };
        Ok(sent.map(|message| message.to_string()))
    }

    /// What an error of the channel means for a notice.
    async fn missed(&self, notice: &Notice, person: PersonId, error: CallError) -> Delivery {
        let later = SOON * 2_u32.pow(notice.sends.min(7));
        match error {
            CallError::Wait(wait) => Delivery::Later(wait),
            CallError::NotSent(_) | CallError::Conflict(_) => Delivery::Later(later.min(LONGEST)),
            CallError::Token => {
                tracing::error!("the Bot API does not know the token: notices wait");
                Delivery::Later(LONGEST)
            }
            CallError::Gone(_) => {
                if let Err(error) = self.chats.person_mark(person, &Mark::Blocked).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a person could not be marked");
                }
                Delivery::Blocked
            }
            CallError::Unknown(why) => Delivery::Unknown(Fault::new(FaultClass::Unknown, why)),
            error => Delivery::Refused(Fault::new(FaultClass::InvalidInput, error.to_string())),
        }
    }

    /// The first word on an order: its card, in the place of the one that was confirmed.
    async fn started(&self, to: &To, record: &OrderRecord) -> Result<i64, Missed> {
        let order = &record.order;
        let screen = card(record, &self.around(record).await);
        let known = self.chats.card_get(&order.account, &order.idempotency_key).await?;
        let known = known.filter(|known| known.chat.bot == to.chat.bot);
        let mut place = None;
        if let Some(known) = &known {
            // It has just been put there by whoever took the order: the keeper goes on with it.
            let fresh = self.api.edit_rests(known.chat.chat, known.message_id).is_some();
            let edited = match fresh {
                true => Ok(()),
                false => self.edit(to, known.chat.chat, known.message_id, &screen).await,
            };
            match edited {
                Ok(()) => place = Some((known.chat, known.message_id)),
                Err(CallError::NoMessage) => {}
                // An edit may be made again, however it ended.
                Err(CallError::Unknown(_)) => return Err(CallError::Wait(SOON).into()),
                Err(error) => return Err(error.into()),
            }
        }
        let (chat, message_id) = match place {
            Some(place) => place,
            None => (to.chat, self.send(to, &screen).await?),
        };
        let put = CardPut {
            account: order.account.clone(),
            key: order.idempotency_key.clone(),
            chat,
            message_id,
            order: Some(order.id),
        };
        self.chats.card_put(&put).await?;
        Ok(message_id)
    }

    async fn video(
        &self,
        to: &To,
        record: &OrderRecord,
        artifact: &Artifact,
        caption: &Text,
    ) -> Result<i64, Missed> {
        let shelf = Shelf {
            api: &self.api,
            chats: self.chats.as_ref(),
            media: &self.media,
            service_channel: self.settings.service_channel,
        };
        match shelf.send(to.chat.chat, artifact, &caption.html(to.lang)).await? {
            Delivered::Sent(message) => Ok(message),
            Delivered::TooBig => {
                let text = too_big(self.link.as_ref(), artifact, Some(record.order.id));
                Ok(self.send(to, &Screen::new(text)).await?)
            }
        }
    }

    async fn send(&self, to: &To, screen: &Screen) -> Result<i64, Missed> {
        let minted = mint(screen, to.lang, to.chat, to.person, &self.entropy);
        self.chats.actions_put(&minted.actions).await?;
        Ok(self.api.send(to.chat.chat, &minted.sheet).await?)
    }

    /// Puts a screen in place of a message. That it was there already is as good.
    async fn edit(&self, to: &To, chat: i64, message: i64, screen: &Screen) -> Result<(), CallError> {
        let minted = mint(screen, to.lang, to.chat, to.person, &self.entropy);
        let stored = self.chats.actions_put(&minted.actions).await;
        stored.map_err(|error| CallError::NotSent(error.to_string()))?;
        match self.api.edit(chat, message, false, &minted.sheet).await {
            Err(CallError::NotModified) => Ok(()),
            edited => edited,
        }
    }

    async fn job(&self, notice: &Notice) -> Result<Option<JobRecord>, StoreError> {
        match notice.subject {
            Subject::Job(job) => self.store.job_get(job).await,
            Subject::Order(_) => Ok(None),
        }
    }

    async fn caption(&self, notice: &Notice, record: &OrderRecord) -> Result<Text, StoreError> {
        let of = record.jobs.len();
        let index = self.job(notice).await?.map_or(0, |job| job.job.index);
        if of == 1 {
            return Ok(Text::new("result-caption"));
        }
        let count = i64::try_from(of).unwrap_or(i64::MAX);
        Ok(Text::new("result-caption-of").number("number", i64::from(index) + 1).number("count", count))
    }

    /// What a card knows beside its order. What cannot be found out is not shown.
    async fn around(&self, record: &OrderRecord) -> Around {
        let minutes = self.minutes.lately(self.store.as_ref(), self.clock.monotonic()).await;
        let queued = record
            .jobs
            .iter()
            .find(|job| job.stage == neurocards::Stage::Prompt && job.lease_owner.is_none());
        let Some(job) = queued else { return Around { minutes, ahead: None, paused: false } };
        let ahead = self.store.queue_place(job.id).await.unwrap_or_default();
        let pauses = self.store.queue_pauses().await.unwrap_or_default();
        let paused = pauses.iter().any(|record| record.pause.holds(job.stage, &job.model));
        Around { minutes, ahead, paused }
    }
}

/// Whom something is for.
#[derive(Debug, Clone, Copy)]
struct To {
    chat: ChatRef,
    person: PersonId,
    lang: Lang,
}
