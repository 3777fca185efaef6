//! What a turn finds out or does before it answers. Each may be done again: orders have the key of their draft, photos
//! and videos that of their bytes, allowances that of what they are for.

use neurocards::{
    AllowanceTake, Artifact, BriefError, BriefTexts, Cancellation, CardPut, ChatRef, Credits, Feedback,
    JobFilter, JobId, LedgerFilter, MediaError, OrderError, OrderId, OrderRecord, OrderRequest, PersonId,
    Photo, PhotoError, PhotoLimits, Stage, StoreError, TemplateId,
};

use super::{Parts, account_of};
use crate::api::{CallError, FILE_MAX_BYTES};
use crate::flow::{
    Draft, Effect, HistoryItem, Known, PhotoFault, PhotoSent, Placed, Taken, VideoItem, VideosPage,
};

/// For whom, and under which message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doing {
    pub(super) chat: ChatRef,
    pub(super) person: PersonId,
    /// The message whose button was pressed: it becomes the order's card.
    pub(super) message: Option<i64>,
}

/// Videos on a page, lines of a history.
const PAGE: usize = 5;
const LINES: u32 = 15;

impl Parts {
    pub(super) async fn carry_out(&self, doing: &Doing, effect: Effect) -> Result<Known, StoreError> {
        Ok(match effect {
            Effect::TakePhoto(sent) => {
                let taken = self.take_photo(&sent).await?;
                Known::Photo(sent, taken)
            }
            Effect::Place(draft) => Known::Placed(self.place(doing, &draft).await?),
            Effect::Cancel(order) => self.cancel(doing, order).await?,
            Effect::Recall(order) => {
                Known::Recalled(self.own_order(doing, order).await?.map(|record| record.order.brief))
            }
            Effect::Videos { after } => Known::Videos(self.videos(doing, after).await?),
            Effect::Buy { package, by } => Known::Bill(self.buy(doing, &package, by).await?),
            Effect::PayCheck(id) => Known::Bill(self.pay_check(doing, id).await?),
            Effect::History => Known::History(self.history(doing).await?),
            Effect::Resend(order) => {
                let record = self.own_order(doing, order).await?;
                let jobs = record.map(|record| record.jobs).unwrap_or_default();
                let mut videos = Vec::new();
                for job in jobs.iter().filter(|job| job.stage == Stage::Done) {
                    videos.extend(self.artifact(doing, job.id).await?);
                }
                Known::Resend(videos)
            }
            Effect::ResendOne(job) => Known::Resend(self.artifact(doing, job).await?.into_iter().collect()),
            Effect::Preview(draft) => Known::Preview(self.preview(doing, &draft).await?),
            Effect::Script(draft) => Known::Script(self.script(&draft).await),
            Effect::Opinion { order, good } => {
                if self.own_order(doing, order).await?.is_some() {
                    let feedback = Feedback { person: doing.person, order, good };
                    self.chats.feedback_put(&feedback).await?;
                }
                Known::Done
            }
            Effect::Admin(effect) => Known::Admin(self.administer(doing, effect).await?),
            Effect::Forget => {
                self.chats.person_forget(doing.person).await?;
                Known::Done
            }
        })
    }

    /// An order of this person. That of somebody else is none.
    async fn own_order(&self, doing: &Doing, order: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        let record = self.engine.store().order_get(order).await?;
        Ok(record.filter(|record| record.order.account == account_of(doing.person)))
    }

    async fn artifact(&self, doing: &Doing, job: JobId) -> Result<Option<Artifact>, StoreError> {
        let record = self.engine.store().job_get(job).await?;
        let own = record.filter(|record| record.order.account == account_of(doing.person));
        Ok(own.and_then(|record| record.artifact))
    }

    async fn take_photo(&self, sent: &PhotoSent) -> Result<Result<Taken, PhotoFault>, StoreError> {
        if sent.bytes > FILE_MAX_BYTES as u64 {
            return Ok(Err(PhotoFault::TooBig));
        }
        let bytes = match self.api.file(&sent.file_id).await {
            Ok(bytes) => bytes,
            Err(CallError::TooBig) => return Ok(Err(PhotoFault::TooBig)),
            Err(error) => {
                tracing::warn!(%error, "a photo was not handed over");
                return Ok(Err(PhotoFault::Away));
            }
        };
        // It is never closed.
        let _room = self.photos.acquire().await;
        let taken = tokio::task::spawn_blocking(move || Photo::intake(&bytes, &PhotoLimits::default())).await;
        let photo = match taken {
            Ok(Ok(photo)) => photo,
            Ok(Err(error)) => return Ok(Err(photo_fault(&error))),
            // A decoder that panics on rubbish says the same as one that returns an error.
            Err(_) => return Ok(Err(PhotoFault::Broken)),
        };
        let kept = self.engine.media().put_photo(&photo).await;
        let kept = kept.map_err(|error| StoreError::Unavailable { source: Box::new(error) })?;
        Ok(Ok(Taken { photo: kept, warnings: photo.warnings().to_vec() }))
    }

    async fn place(&self, doing: &Doing, draft: &Draft) -> Result<Placed, StoreError> {
        let (account, key) = (account_of(doing.person), draft.id.order_key());
        // An update that is dealt with again finds its order, whatever else has changed.
        if let Some(record) = self.engine.store().order_by_key(&account, &key).await? {
            self.put_card(doing, &key, Some(record.order.id)).await?;
            return Ok(Placed::Order(Box::new(record)));
        }
        let count = draft.count.unwrap_or(1);
        let most = self.settings.most_in_the_making;
        let unfinished = Stage::ALL.into_iter().filter(|stage| !stage.is_final()).collect();
        let filter = JobFilter {
            account: Some(account.clone()),
            stages: unfinished,
            limit: most,
            ..JobFilter::default()
        };
        let busy = u32::try_from(self.engine.store().jobs_list(&filter).await?.len()).unwrap_or(most);
        if busy > 0 && busy + count > most {
            return Ok(Placed::Busy { count: busy });
        }
        let Some(photo) = self.photo_of(draft).await? else { return Ok(Placed::NoPhoto) };
        // Whoever delivers the first word on the order finds the card by the order's key: it is there before the order.
        self.put_card(doing, &key, None).await?;
        let request = self.request(doing, draft, photo);
        match self.engine.order(request).await {
            Ok(handle) => {
                self.put_card(doing, &key, Some(handle.id())).await?;
                let record = handle.record().await?;
                Ok(record.map_or(Placed::NoModel, |record| Placed::Order(Box::new(record))))
            }
            Err(error) => refused(error),
        }
    }

    fn request(&self, doing: &Doing, draft: &Draft, photo: Photo) -> OrderRequest {
        let template = draft.template.unwrap_or(TemplateId::Ugc);
        let own = template == TemplateId::Own;
        let texts = BriefTexts {
            description: draft.description.clone(),
            wishes: draft.wishes.clone().filter(|_| !own),
            own_prompt: draft.own_prompt.clone().filter(|_| own),
            lang: None,
        };
        OrderRequest {
            account: account_of(doing.person),
            photo,
            texts,
            template,
            count: draft.count.unwrap_or(1),
            model: None,
            idempotency_key: Some(draft.id.order_key()),
            max_credits: None,
        }
    }

    /// The photo of a draft, from the media store; nothing when it is gone.
    pub(super) async fn photo_of(&self, draft: &Draft) -> Result<Option<Photo>, StoreError> {
        match self.engine.media().kept_photo(&draft.photo.sha256).await {
            Ok(photo) => Ok(Some(photo)),
            Err(MediaError::Missing { .. } | MediaError::Damaged { .. }) => Ok(None),
            Err(error) => Err(StoreError::Unavailable { source: Box::new(error) }),
        }
    }

    async fn put_card(&self, doing: &Doing, key: &str, order: Option<OrderId>) -> Result<(), StoreError> {
        let Some(message_id) = doing.message else { return Ok(()) };
        let account = account_of(doing.person);
        let card = CardPut { account, key: key.to_owned(), chat: doing.chat, message_id, order };
        self.chats.card_put(&card).await
    }

    async fn cancel(&self, doing: &Doing, order: OrderId) -> Result<Known, StoreError> {
        let (mut videos, mut late, mut released) = (0, 0, Credits::ZERO);
        let jobs = self.own_order(doing, order).await?.map(|record| record.jobs).unwrap_or_default();
        for job in jobs.iter().filter(|job| !job.stage.is_final()) {
            match self.engine.cancel(job.id).await? {
                Cancellation::Cancelled => {
                    videos += 1;
                    released = released.checked_add(job.price).unwrap_or(released);
                }
                Cancellation::TooLate(_) => late += 1,
                Cancellation::Final(_) | Cancellation::Missing => {}
            }
        }
        self.chats.card_wake(order).await?;
        Ok(Known::Cancelled { videos, released, late })
    }

    async fn videos(&self, doing: &Doing, after: Option<JobId>) -> Result<VideosPage, StoreError> {
        let limit = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
        let account = Some(account_of(doing.person));
        let filter = JobFilter { account, before: after, limit, ..JobFilter::default() };
        let jobs = self.engine.store().jobs_list(&filter).await?;
        let mut items = Vec::new();
        for job in jobs.iter().take(PAGE) {
            let record = self.engine.store().job_get(job.id).await?;
            let title = record.map(|record| record.order.brief.description).unwrap_or_default();
            let title = title.lines().next().unwrap_or_default().to_owned();
            items.push(VideoItem {
                job: job.id,
                order: job.order_id,
                title,
                status: job.status(),
                at: job.created_at,
            });
        }
        Ok(VideosPage { items, behind: after.is_some(), more: jobs.len() > PAGE })
    }

    async fn history(&self, doing: &Doing) -> Result<Vec<HistoryItem>, StoreError> {
        let account = Some(account_of(doing.person));
        let filter = LedgerFilter { account, limit: LINES, ..LedgerFilter::default() };
        let entries = self.engine.store().ledger_list(&filter).await?;
        let payments = self.payments_of(doing).await?;
        let paid = |reference: &str| {
            // Behind the payment's own reference stands which refund of it.
            let front = reference.split('/').next();
            payments.iter().find(|(known, _)| Some(known.as_str()) == front).map(|(_, paid)| *paid)
        };
        let item = |entry: &neurocards::LedgerEntry| HistoryItem {
            at: entry.created_at,
            change: entry.change_to_available(),
            kind: entry.kind,
            paid: entry.reference.as_deref().and_then(paid),
        };
        Ok(entries.iter().map(item).collect())
    }

    /// Takes one of a person's free videos of the day.
    pub(super) async fn take_draft(
        &self,
        doing: &Doing,
        draft: &Draft,
    ) -> Result<neurocards::Allowance, StoreError> {
        let take = AllowanceTake {
            person: doing.person,
            what: "draft".to_owned(),
            key: format!("{}-{}", draft.id.order_key(), draft.revision),
            most: self.settings.drafts_a_day,
            within: std::time::Duration::from_secs(24 * 3_600),
        };
        self.chats.allowance_take(&take).await
    }
}

fn refused(error: OrderError) -> Result<Placed, StoreError> {
    match error {
        OrderError::NotEnough { needed, available } => Ok(Placed::NotEnough { needed, available }),
        OrderError::Brief(BriefError::TooLong { chars, limit, .. }) => Ok(Placed::TooLong { chars, limit }),
        OrderError::Store(error) => Err(error),
        OrderError::Media(error) => Err(StoreError::Unavailable { source: Box::new(error) }),
        error => {
            tracing::error!(error = &error as &dyn std::error::Error, "an order was refused");
            Ok(Placed::NoModel)
        }
    }
}

fn photo_fault(error: &PhotoError) -> PhotoFault {
    match *error {
        PhotoError::TooManyBytes { .. } => PhotoFault::TooBig,
        PhotoError::TooManyPixels { width, height, .. } => PhotoFault::TooManyPixels(width, height),
        PhotoError::TooSmall { width, height, least } => PhotoFault::TooSmall(width, height, least),
        PhotoError::ExtremeRatio { .. } => PhotoFault::Strip,
        PhotoError::Empty | PhotoError::NotAnImage => PhotoFault::NotAnImage,
        PhotoError::UnsupportedFormat { format } if format.to_lowercase().contains("anim") => {
            PhotoFault::Animated
        }
        PhotoError::UnsupportedFormat { .. } => PhotoFault::NotAnImage,
        _ => PhotoFault::Broken,
    }
}
