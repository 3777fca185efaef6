//! Keeps cards up to date: looks at orders, edits when something changed, says the last word.

use std::time::Duration;

use futures::StreamExt;
use neurocards::{
    Card, CardClaim, CardNext, CardSettle, CardState, Lang, Mark, NoticeState, OrderId, OrderRecord,
    PersonId, Stage, StoreError,
};
use tokio_util::sync::CancellationToken;

use super::{CHANNEL, Parts, TelegramNotifier, To};
use crate::api::CallError;
use crate::card::{card, is_over};
use crate::flow::Action;
use crate::screen::{Button, Screen};
use crate::text::Text;

/// How many cards are taken at once, how many are worked on, and for how long they are ours.
const BATCH: u32 = 100;
const AT_ONCE: usize = 16;
const LEASE: Duration = Duration::from_secs(30);
/// How often the loop looks for cards that are due.
const EVERY: Duration = Duration::from_millis(500);
/// How long after a look that found nothing new a card is looked at again.
const LOOKS: Duration = Duration::from_secs(3);
/// How soon news that is on its way is looked for again.
const NEWS: Duration = Duration::from_secs(1);
/// How long a card is kept whose person does not want to hear from us.
const PARKED: Duration = Duration::from_secs(3_600);
/// After this a card is left as it is.
const OLD: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What came of looking at a card.
struct Looked {
    shown: Option<serde_json::Value>,
    next: CardNext,
    /// It shows the order as it is.
    is_true: bool,
}

impl Looked {
    fn after(wait: Duration) -> Self {
        Self { next: CardNext::After(wait), ..Self::closed() }
    }

    fn closed() -> Self {
        Self { shown: None, next: CardNext::Closed, is_true: false }
    }
}

impl TelegramNotifier {
    /// Keeps cards up to date until told to stop. Any number of processes may do so at the same time.
    pub async fn keep_cards(&self, stop: CancellationToken) {
        let parts = &self.parts;
        let claim = CardClaim { bot: parts.api.id(), limit: BATCH, lease: LEASE };
        while !stop.is_cancelled() {
            let taken = match parts.chats.cards_claim(&claim).await {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cards could not be read");
                    Vec::new()
                }
            };
            let none = taken.is_empty();
            futures::stream::iter(taken)
                .for_each_concurrent(AT_ONCE, |card| async move {
                    if let Err(error) = parts.keep(&card).await {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            key = card.key,
                            "a card was not kept"
                        );
                    }
                })
                .await;
            if none {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = parts.clock.sleep(EVERY) => {}
                }
            }
        }
    }
}

impl Parts {
    async fn keep(&self, card: &Card) -> Result<(), StoreError> {
        let looked = self.look(card).await?;
        let closing = looked.next == CardNext::Closing;
        if !self.settle(card, looked).await? || !closing {
            return Ok(());
        }
        // From here on it is said at most once: whoever finds the card like this does not say it again.
        if let Some((to, screen)) = self.last_word(card).await?
            && let Err(error) = self.send(&to, &screen).await
        {
            tracing::warn!(%error, key = card.key, "the last word on an order may not have arrived");
        }
        self.settle(card, Looked::closed()).await?;
        Ok(())
    }

    async fn settle(&self, card: &Card, looked: Looked) -> Result<bool, StoreError> {
        let Looked { shown, next, .. } = looked;
        let settle = CardSettle {
            account: card.account.clone(),
            key: card.key.clone(),
            epoch: card.epoch,
            shown,
            next,
        };
        self.chats.card_settle(&settle).await
    }

    async fn look(&self, card: &Card) -> Result<Looked, StoreError> {
        let age = self.store.now().await? - card.created_at;
        if card.state == CardState::Closing || age.to_std().unwrap_or_default() > OLD {
            return Ok(Looked::closed());
        }
        let Some((to, record)) = self.whose(card).await? else { return Ok(Looked::closed()) };
        let Some(to) = to else { return Ok(Looked::after(PARKED)) };
        let looked = self.show(card, &to, &record).await?;
        if !is_over(&record) || !looked.is_true {
            return Ok(looked);
        }
        let next = match self.news(&record).await? {
            News::Pending => CardNext::After(NEWS),
            News::Parked => CardNext::After(PARKED),
            News::Told if record.jobs.iter().any(|job| job.stage == Stage::Done) => CardNext::Closing,
            News::Told => CardNext::Closed,
        };
        Ok(Looked { next, ..looked })
    }

    /// Edits the message if the order looks different.
    async fn show(&self, kept: &Card, to: &To, record: &OrderRecord) -> Result<Looked, StoreError> {
        let screen = card(record, &self.around(record).await);
        let looks = serde_json::to_value(&screen).ok();
        if looks == kept.shown {
            let wait = if is_over(record) { LOOKS } else { self.patience(kept).await? };
            return Ok(Looked { is_true: true, ..Looked::after(wait) });
        }
        if let Some(rest) = self.api.edit_rests(kept.chat.chat, kept.message_id) {
            return Ok(Looked::after(rest));
        }
        match self.edit(to, kept.chat.chat, kept.message_id, &screen).await {
            // A card that its owner deleted is as good as shown.
            Ok(()) | Err(CallError::NoMessage) => {
                Ok(Looked { shown: looks, is_true: true, ..Looked::after(LOOKS) })
            }
            Err(CallError::Gone(_)) => {
                self.chats.person_mark(to.person, &Mark::Blocked).await?;
                Ok(Looked::after(PARKED))
            }
            Err(CallError::Wait(wait)) => Ok(Looked::after(wait.max(LOOKS * 2))),
            Err(CallError::Unknown(_) | CallError::NotSent(_)) => Ok(Looked::after(LOOKS * 2)),
            Err(error) => {
                tracing::warn!(%error, key = kept.key, "a card cannot be edited");
                Ok(Looked { shown: looks, is_true: true, ..Looked::after(LOOKS) })
            }
        }
    }

    /// How long nothing much happens to an order of this age: what does happen wakes the card.
    async fn patience(&self, card: &Card) -> Result<Duration, StoreError> {
        let age = (self.store.now().await? - card.created_at).to_std().unwrap_or_default();
        Ok(match age.as_secs() {
            0..120 => LOOKS,
            120..900 => LOOKS * 4,
            _ => LOOKS * 20,
        })
    }

    /// The order of a card and whom it is for; no recipient while they do not want to hear from us.
    async fn whose(&self, card: &Card) -> Result<Option<(Option<To>, OrderRecord)>, StoreError> {
        let person = card.account.as_str().strip_prefix(CHANNEL).and_then(|id| id.parse().ok()).map(PersonId);
        let (Some(person), Some(order)) = (person, card.order) else { return Ok(None) };
        let Some(record) = self.store.order_get(order).await? else { return Ok(None) };
        let known = self.chats.person_get(person).await?;
        let lang = known.as_ref().map_or(Lang::Ru, |known| known.lang);
        let hears = known.is_none_or(|known| known.blocked_at.is_none());
        Ok(Some((hears.then_some(To { chat: card.chat, person, lang }), record)))
    }

    /// Whether everything about an order's videos was told.
    async fn news(&self, record: &OrderRecord) -> Result<News, StoreError> {
        let mut news = News::Told;
        for job in &record.jobs {
            let history = self.store.job_history(job.id).await?;
            for notice in history.map(|history| history.notices).unwrap_or_default() {
                match notice.state {
                    NoticeState::Pending | NoticeState::Sending => return Ok(News::Pending),
                    NoticeState::Blocked => news = News::Parked,
                    _ => {}
                }
            }
        }
        Ok(news)
    }

    async fn last_word(&self, card: &Card) -> Result<Option<(To, Screen)>, StoreError> {
        let Some((Some(to), record)) = self.whose(card).await? else { return Ok(None) };
        let done = record.jobs.iter().filter(|job| job.stage == Stage::Done).count();
        Ok(Some((to, closing(record.order.id, done))))
    }
}

/// Whether everything was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    Told,
    Pending,
    /// The person does not want to hear from us now.
    Parked,
}

pub(super) fn closing(order: OrderId, done: usize) -> Screen {
    let count = i64::try_from(done).unwrap_or(i64::MAX);
    Screen::new(Text::new("closing").number("count", count))
        .row([Button::act("btn-again", Action::Again { order })])
        .row([Button::act("btn-resend", Action::Resend { order })])
        .row([
            Button::act("btn-good", Action::Opinion { order, good: true }),
            Button::act("btn-bad", Action::Opinion { order, good: false }),
        ])
        .menu()
}
