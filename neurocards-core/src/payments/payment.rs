//! A payment: what is paid, by whom, for what, and how it stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::account::AccountKey;
use crate::brief::UnknownWord;
use crate::chat::BotId;
use crate::clock::Timestamp;
use crate::credits::Credits;
use crate::ids::PaymentId;

/// Who takes the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayProvider {
    /// Telegram, in Stars.
    Stars,
    /// YooKassa, in roubles.
    Yookassa,
}

impl PayProvider {
    /// Every provider of payments.
    pub const ALL: [Self; 2] = [Self::Stars, Self::Yookassa];

    /// The provider as stored, and as references of the ledger begin.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::Yookassa => "yookassa",
        }
    }

    /// What it takes.
    pub fn currency(self) -> Currency {
        match self {
            Self::Stars => Currency::Xtr,
            Self::Yookassa => Currency::Rub,
        }
    }
}

impl FromStr for PayProvider {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|provider| provider.as_str() == word);
        found.ok_or_else(|| UnknownWord::new("payment provider", word, Self::ALL.map(Self::as_str)))
    }
}

/// What money is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Telegram Stars, which have no smaller unit.
    Xtr,
    /// Roubles, in kopecks.
    Rub,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 2] = [Self::Xtr, Self::Rub];

    /// Its code, as stored and as providers say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xtr => "XTR",
            Self::Rub => "RUB",
        }
    }
}

impl FromStr for Currency {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|currency| currency.as_str() == word);
        found.ok_or_else(|| UnknownWord::new("currency", word, Self::ALL.map(Self::as_str)))
    }
}

/// What something costs. Never a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Price {
    /// In the smallest unit of the currency: kopecks, whole Stars.
    pub amount: i64,
    /// Which one.
    pub currency: Currency,
}

impl fmt::Display for Price {
    /// `390 ₽`, `390.50 ₽`, `250 ⭐`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency {
            Currency::Xtr => write!(f, "{} ⭐", self.amount),
            Currency::Rub if self.amount % 100 == 0 => write!(f, "{} ₽", self.amount / 100),
            Currency::Rub => write!(f, "{}.{:02} ₽", self.amount / 100, self.amount % 100),
        }
    }
}

/// So many credits at once, and what they cost. A package is known by its number of credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// How many credits.
    pub credits: Credits,
    /// Its price in kopecks, if it is sold for roubles.
    pub kopecks: Option<i64>,
    /// Its price in Stars, if it is sold for those.
    pub stars: Option<i64>,
}

impl Package {
    /// What is sold unless an operator says otherwise. The prices in Stars follow what buyers pay for one.
    pub const DEFAULT: [Self; 4] = [
        Self::of(5, 390, 250),
        Self::of(10, 690, 450),
        Self::of(30, 1_790, 1_150),
        Self::of(100, 4_990, 3_200),
    ];

    const fn of(credits: i64, roubles: i64, stars: i64) -> Self {
        Self { credits: Credits(credits), kopecks: Some(roubles * 100), stars: Some(stars) }
    }

    /// What it costs there, if it is sold there.
    pub fn price(&self, provider: PayProvider) -> Option<Price> {
        let amount = match provider {
            PayProvider::Stars => self.stars,
            PayProvider::Yookassa => self.kopecks,
        };
        amount.map(|amount| Price { amount, currency: provider.currency() })
    }
}

/// How a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// It can be paid.
    Pending,
    /// It is paid, and its credits are there.
    Paid,
    /// Its credits were taken back, and the money is on its way.
    Refunding,
    /// The money was given back.
    Refunded,
    /// The provider ended it unpaid.
    Cancelled,
    /// Nobody paid in time.
    Expired,
}

impl PaymentState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Paid, Self::Refunding, Self::Refunded, Self::Cancelled, Self::Expired];

    /// The state as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Its credits were entered once.
    pub fn was_paid(self) -> bool {
        matches!(self, Self::Paid | Self::Refunding | Self::Refunded)
    }

    /// The person is told of it.
    fn is_news(self) -> bool {
        matches!(self, Self::Paid | Self::Refunded | Self::Cancelled)
    }
}

impl FromStr for PaymentState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == word);
        found.ok_or_else(|| UnknownWord::new("payment state", word, Self::ALL.map(Self::as_str)))
    }
}

/// A payment. Account, bot, provider, credits and price never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// The id of our row: what an invoice carries, and what makes asking for it idempotent.
    pub id: PaymentId,
    /// Who gets the credits.
    pub account: AccountKey,
    /// Through which bot it is asked for, and given back.
    pub bot: BotId,
    /// Who takes the money.
    pub provider: PayProvider,
    /// How many credits it brings.
    pub credits: Credits,
    /// What it costs.
    pub price: Price,
    /// How it stands.
    pub state: PaymentState,
    /// What the provider knows it by; for Stars the id of the charge, which comes with the money.
    pub provider_id: Option<String>,
    /// Where it is paid.
    pub page: Option<String>,
    /// How often it was to be given back. An attempt that the provider refuses counts.
    pub refunds: u32,
    /// How many credits the refund took back: fewer than [`credits`](Self::credits) when some were spent.
    pub taken_back: Credits,
    /// Who gives it back, and why.
    pub refunded_by: Option<(String, String)>,
    /// Of which state the person was told.
    pub told: PaymentState,
    /// Raised by each claim.
    pub epoch: i64,
    /// When it is due: to be looked at, given back, or told of.
    pub wake_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it changed.
    pub updated_at: Timestamp,
    /// When the money came.
    pub paid_at: Option<Timestamp>,
}

impl Payment {
    /// What its credits are entered under in the ledger: `stars:<charge>`, `yookassa:<payment>`.
    pub fn reference(&self) -> Option<String> {
        self.provider_id.as_ref().map(|id| format!("{}:{id}", self.provider.as_str()))
    }

    /// What the entry is named by that took credits back, and the one that gave them again because the provider refused.
    pub fn refund_reference(&self) -> Option<String> {
        self.reference().map(|reference| format!("{reference}/{}", self.refunds))
    }

    /// The person does not know yet how it stands.
    pub fn is_to_be_told(&self) -> bool {
        self.state.is_news() && self.told != self.state
    }
}
