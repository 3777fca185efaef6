//! Taking an order.

use std::time::Duration;

use crate::account::AccountKey;
use crate::brief::{Brief, BriefError, BriefTexts, TemplateId};
use crate::credits::Credits;
use crate::fault::Retry;
use crate::ids::{EntryId, JobId, NoticeId, OrderId};
use crate::media::MediaError;
use crate::metering;
use crate::model::{Model, ModelError};
use crate::order::{IDEMPOTENCY_KEY_MAX_CHARS, ORDER_MAX_VIDEOS, Order, hex};
use crate::photo::Photo;
use crate::store::{OrderNew, OrderRecord, Placement, StoreError};

use super::{Engine, OrderHandle};

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct OrderRequest {
    /// Who pays. The account must be open.
    pub account: AccountKey,
    /// The photo, after the intake.
    pub photo: Photo,
    /// Description, wishes, own prompt, language.
    pub texts: BriefTexts,
    /// The recipe.
    pub template: TemplateId,
    /// How many videos, at most [`ORDER_MAX_VIDEOS`].
    pub count: u32,
    /// The model; the engine's default when it is not given.
    pub model: Option<String>,
    /// The same key gives the same order, however often it is placed. Without one, each call is a new order.
    pub idempotency_key: Option<String>,
    /// The order may not hold more than this.
    pub max_credits: Option<Credits>,
}

/// What an order would be: everything is checked, nothing is stored or held.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The checked brief.
    pub brief: Brief,
    /// The model.
    pub model: Model,
    /// How many videos.
    pub count: u32,
    /// What the order would hold.
    pub credits: Credits,
}

impl Plan {
    fn fingerprint(&self) -> String {
        Order::fingerprint_of(&self.brief, self.count, &self.model.id)
    }

    /// Checks that `spendable`, an account's credit limit included, is enough for it. Nothing is held.
    ///
    /// # Errors
    /// [`OrderError::NotEnough`].
    pub fn check_credits(&self, spendable: Credits) -> Result<(), OrderError> {
        if self.credits <= spendable {
            return Ok(());
        }
        Err(OrderError::NotEnough { needed: self.credits, available: spendable })
    }
}

/// Why an order was not taken. Nothing was held or charged, except after a store error that says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// A text is missing or too long.
    #[error(transparent)]
    Brief(#[from] BriefError),
    /// The model is unknown, retired, or paused or closed with nobody to take over.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model exists, and no provider of this engine serves it.
    #[error("the model {model} needs the provider {provider}, which is not set up here")]
    NoProvider {
        /// The model.
        model: String,
        /// Who serves it.
        provider: String,
    },
    /// No videos, or too many.
    #[error("an order has 1 to {ORDER_MAX_VIDEOS} videos, not {count}")]
    Count {
        /// How many were asked for.
        count: u32,
    },
    /// The idempotency key is empty, too long, or has control characters.
    #[error("an idempotency key has 1 to {IDEMPOTENCY_KEY_MAX_CHARS} characters, and no control characters")]
    Key,
    /// The order would hold more than the caller allowed.
    #[error("the order costs {needed}; at most {allowed} are allowed")]
    OverBudget {
        /// What it would hold.
        needed: Credits,
        /// What the caller allowed.
        allowed: Credits,
    },
    /// Not enough credits.
    #[error("not enough credits: the order needs {needed}, {available} can be spent", available = available.0)]
    NotEnough {
        /// What it would hold.
        needed: Credits,
        /// What the account can spend, its credit limit included.
        available: Credits,
    },
    /// The idempotency key belongs to an order with other contents.
    #[error("the idempotency key was used for the order {order}, which has other contents")]
    KeyReused {
        /// That order.
        order: OrderId,
    },
    /// The photo could not be kept.
    #[error("the photo could not be stored")]
    Media(#[from] MediaError),
    /// The store did not answer.
    #[error("the order could not be stored")]
    Store(#[from] StoreError),
}

impl OrderError {
    /// Whether the same call may be made again. With an idempotency key it is always safe.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Store(error) => error.retry(),
            Self::Media(MediaError::Missing { .. } | MediaError::Damaged { .. }) => Retry::Never,
            Self::Media(_) => Retry::Safe,
            Self::Brief(_)
            | Self::Model(_)
            | Self::NoProvider { .. }
            | Self::Count { .. }
            | Self::Key
            | Self::OverBudget { .. }
            | Self::NotEnough { .. }
            | Self::KeyReused { .. } => Retry::Never,
        }
    }
}

fn is_key(key: &str) -> bool {
    let told = !key.trim().is_empty() && key.chars().count() <= IDEMPOTENCY_KEY_MAX_CHARS;
    told && !key.contains(char::is_control)
}

/// How often an order is tried again when the store is away, or did not confirm.
const PLACE_TRIES: u32 = 3;

impl Engine {
    /// Checks an order without placing it.
    ///
    /// # Errors
    /// See [`OrderError`].
    pub fn plan(&self, request: &OrderRequest) -> Result<Plan, OrderError> {
        if !(1..=ORDER_MAX_VIDEOS).contains(&request.count) {
            return Err(OrderError::Count { count: request.count });
        }
        if request.idempotency_key.as_deref().is_some_and(|key| !is_key(key)) {
            return Err(OrderError::Key);
        }
        let today = self.parts.clock.now().date_naive();
        let model = self.parts.catalogue.to_order(request.model.as_deref(), today)?.clone();
        if self.parts.provider(&model.provider).is_none() {
            return Err(OrderError::NoProvider { model: model.id, provider: model.provider });
        }
        let brief = Brief::new(request.photo.photo_ref(), request.template, request.texts.clone())?;
        let credits = self.parts.policy.price.checked_mul(request.count);
        let credits = credits.ok_or(OrderError::Count { count: request.count })?;
        match request.max_credits {
            Some(allowed) if credits > allowed => Err(OrderError::OverBudget { needed: credits, allowed }),
            _ => Ok(Plan { brief, model, count: request.count, credits }),
        }
    }

    /// The order that the request's idempotency key belongs to already: placing it again would give the same one, and
    /// hold nothing. `None` when it would be new, or has no key.
    ///
    /// # Errors
    /// [`OrderError::KeyReused`]: that order has other contents. Any other one as for [`plan`](Self::plan), or the
    /// store did not answer.
    pub async fn placed_before(&self, request: &OrderRequest) -> Result<Option<OrderRecord>, OrderError> {
        let plan = self.plan(request)?;
        let Some(key) = &request.idempotency_key else { return Ok(None) };
        let before = self.parts.store.order_by_key(&request.account, key).await?;
        match before {
            Some(record) if record.order.fingerprint != plan.fingerprint() => {
                Err(OrderError::KeyReused { order: record.order.id })
            }
            before => Ok(before),
        }
    }

    /// Places an order: keeps the photo, then writes order, jobs, holds and the notice "started" in one
    /// transaction. Returns as soon as that is durable; [`Engine::run`] does the rest, here or elsewhere.
    ///
    /// # Errors
    /// See [`OrderError`]. Nothing was held, except that after [`Retry::Unknown`] the order may be there: place it
    /// again with the same idempotency key.
    pub async fn order(&self, request: OrderRequest) -> Result<OrderHandle, OrderError> {
        self.place(request).await.map(|(handle, _)| handle)
    }

    /// The same; `true`: the order is new, and holds its credits since now.
    pub(super) async fn place(&self, request: OrderRequest) -> Result<(OrderHandle, bool), OrderError> {
        let plan = self.plan(&request)?;
        self.check_prospect(&plan, &request).await?;
        self.parts.media.put_photo(&request.photo).await?;
        let new = self.new_order(plan, &request);
        let mut tries = 1;
        let placed = loop {
            match self.parts.store.order_place(&new).await {
                Err(error)
                    if tries < PLACE_TRIES && matches!(error.retry(), Retry::Safe | Retry::Unknown) =>
                {
                    metering::store_failed(&error);
                    tries += 1;
                }
                answer => break answer.inspect_err(metering::store_failed)?,
            }
        };
        let is_new = matches!(placed, Placement::New(_));
        if is_new {
            metering::order_placed();
        }
        match placed {
            Placement::New(record) | Placement::Existing(record) => {
                self.parts.wrote();
                self.parts.due_in(Duration::ZERO);
                self.parts.news.notify_one();
                Ok((self.handle(record.order.id), is_new))
            }
            Placement::KeyReused { order } => Err(OrderError::KeyReused { order }),
            Placement::NotEnough { needed, available } => Err(OrderError::NotEnough { needed, available }),
        }
    }

    /// Refuses what would end without a video as things stand, and so would only hold credits for a while. An order that
    /// is there already comes back all the same.
    async fn check_prospect(&self, plan: &Plan, request: &OrderRequest) -> Result<(), OrderError> {
        let Err(why) = self.parts.prospect(&plan.model).await else { return Ok(()) };
        if self.placed_before(request).await?.is_some() {
            return Ok(());
        }
        Err(ModelError::Closed { id: plan.model.id.clone(), why: why.message }.into())
    }

    fn new_order(&self, plan: Plan, request: &OrderRequest) -> OrderNew {
        let parts = &self.parts;
        let now = parts.clock.now();
        let id = OrderId::new(now, parts.entropy.id_bytes());
        let key = request.idempotency_key.clone();
        let random_key = || format!("order-{}", hex(&parts.entropy.id_bytes()));
        let jobs = (0..plan.count)
            .map(|_| (JobId::new(now, parts.entropy.id_bytes()), EntryId::new(now, parts.entropy.id_bytes())))
            .collect();
        let order = Order {
            id,
            account: request.account.clone(),
            idempotency_key: key.unwrap_or_else(random_key),
            fingerprint: plan.fingerprint(),
            brief: plan.brief,
            count: plan.count,
            model: plan.model.id,
            created_at: now,
        };
        OrderNew {
            order,
            provider: plan.model.provider,
            jobs,
            price: parts.policy.price,
            deadline: parts.policy.job_deadline,
            started: NoticeId::new(now, parts.entropy.id_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_can_be_shown() {
        let longest = "я".repeat(IDEMPOTENCY_KEY_MAX_CHARS);
        for good in ["k", "order 1042", "заказ-7", &longest] {
            assert!(is_key(good), "{good:?}");
        }
        for bad in ["", "a\u{1b}[2J", "a\nb", "a\u{9b}", &format!("{longest}я")] {
            assert!(!is_key(bad), "{bad:?}");
        }
    }
}
