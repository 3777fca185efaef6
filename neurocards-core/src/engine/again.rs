//! Ordering once more what ended without a video.

use crate::brief::{Brief, BriefTexts};
use crate::credits::Credits;
use crate::fault::Retry;
use crate::ids::JobId;
use crate::job::Stage;
use crate::media::MediaError;
use crate::photo::Photo;
use crate::store::{JobRecord, StoreError};

use super::{Engine, OrderError, OrderHandle, OrderRequest};

/// What came of ordering a job's video once more.
#[derive(Debug, Clone)]
pub enum Again {
    /// A new order of one video, which holds its credits.
    New(OrderHandle),
    /// It was ordered once more before: this is the order from then. Nothing was held again.
    Before(OrderHandle),
}

/// Why a job's video was not ordered once more. Nothing was held, except after a store error that says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgainError {
    /// There is no such job.
    #[error("there is no job {job}")]
    Missing {
        /// The job that was asked for.
        job: JobId,
    },
    /// It did not end without a video.
    #[error("the job {job} did not fail: its stage is {stage}")]
    NotEnded {
        /// The job.
        job: JobId,
        /// Where it stands.
        stage: Stage,
    },
    /// It failed, and its video came after all and was given away.
    #[error("the video of the job {job} came after all, at no cost")]
    Gifted {
        /// The job.
        job: JobId,
    },
    /// The photo of its order was removed because it was old, or is damaged.
    #[error("the photo of the job {job} is not kept any more")]
    NoPhoto {
        /// The job.
        job: JobId,
    },
    /// The new order was refused.
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl AgainError {
    /// Whether the same call may be made again. It never orders twice.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Order(error) => error.retry(),
            Self::Missing { .. } | Self::NotEnded { .. } | Self::Gifted { .. } | Self::NoPhoto { .. } => {
                Retry::Never
            }
        }
    }
}

impl From<StoreError> for AgainError {
    fn from(error: StoreError) -> Self {
        Self::Order(error.into())
    }
}

impl Again {
    /// The order.
    pub fn order(&self) -> &OrderHandle {
        match self {
            Self::New(handle) | Self::Before(handle) => handle,
        }
    }
}

impl Engine {
    /// Orders the video of a failed or cancelled job once more, for the same account: a new order of one video from the
    /// same photo and texts. Each job is ordered again once, however often and from wherever this is called; when the
    /// new one fails, it is the new one that can be ordered again.
    ///
    /// The old job keeps its end and its released credit. When a provider still brings its video late, it is given
    /// away as ever; a job whose video came that way is not ordered again.
    ///
    /// `model`: another one than before. `max_credits`: the order may not hold more than this.
    ///
    /// # Errors
    /// See [`AgainError`].
    pub async fn order_again(
        &self,
        job: JobId,
        model: Option<String>,
        max_credits: Option<Credits>,
    ) -> Result<Again, AgainError> {
        let Some(JobRecord { job, order, artifact, .. }) = self.parts.store.job_get(job).await? else {
            return Err(AgainError::Missing { job });
        };
        if !matches!(job.stage, Stage::Failed | Stage::Cancelled) {
            return Err(AgainError::NotEnded { job: job.id, stage: job.stage });
        }
        if artifact.is_some() {
            return Err(AgainError::Gifted { job: job.id });
        }
        let key = again_key(job.id);
        if let Some(before) = self.parts.store.order_by_key(&job.account, &key).await? {
            return Ok(Again::Before(self.handle(before.order.id)));
        }
        let photo = self.kept_photo(job.id, &order.brief).await?;
        let request = OrderRequest {
            account: job.account,
            photo,
            template: order.brief.template,
            texts: texts_of(order.brief),
            count: 1,
            model: Some(model.unwrap_or(job.model)),
            idempotency_key: Some(key),
            max_credits,
        };
        match self.place(request).await {
            Ok((handle, true)) => Ok(Again::New(handle)),
            Ok((handle, false)) => Ok(Again::Before(handle)),
            // Somebody was faster, with another model.
            Err(OrderError::KeyReused { order }) => Ok(Again::Before(self.handle(order))),
            Err(error) => Err(error.into()),
        }
    }

    async fn kept_photo(&self, job: JobId, brief: &Brief) -> Result<Photo, AgainError> {
        self.media().kept_photo(&brief.photo.sha256).await.map_err(|error| match error {
            MediaError::Missing { .. } | MediaError::Damaged { .. } => AgainError::NoPhoto { job },
            error => OrderError::Media(error).into(),
        })
    }
}

/// The idempotency key of the order that a job is ordered again by.
fn again_key(job: JobId) -> String {
    format!("again-{job}")
}

fn texts_of(brief: Brief) -> BriefTexts {
    BriefTexts {
        description: brief.description,
        wishes: brief.wishes,
        own_prompt: brief.own_prompt,
        lang: Some(brief.lang),
    }
}
