//! What operators are to be told: values that anything may listen to, and that a store keeps for whoever tells.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::brief::UnknownWord;
use crate::clock::Timestamp;
use crate::fault::{Fault, FaultClass};

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A provider's account or key is closed: no money, or refused. Subject: which.
    KeyClosed,
    /// None of a provider's accounts is open: nothing new is sent. Subject: the provider.
    KeysDown,
    /// An account's money will not last. Subject: which.
    BalanceLow,
    /// Jobs are due and nobody takes them. Subject: `queue`.
    QueueStuck,
    /// Jobs wait, and no worker lives. Subject: `workers`.
    WorkersGone,
    /// An invariant does not hold. Subject: which.
    AuditFailed,
    /// A job ended because the provider's account has no money or its key is refused. Subject: the provider's code.
    JobUnpaid,
    /// A job ended by a fault that nobody has seen before. Subject: the provider's code.
    UnknownFault,
    /// A step of a job could not be written in time. Subject: `store`.
    StepLost,
    /// The disk of the database is full. Subject: `store`.
    DiskFull,
    /// A notice cannot be delivered, and will not be. Subject: the class of the fault.
    NoticeLost,
    /// The channel does not know a file that is configured by its id: people see words in its place. Subject: the setting.
    FileUnknown,
    /// Money that nobody could credit, or a shop that is refused. Subject: the payment, or who takes the money.
    PaymentAmiss,
}

impl AlarmKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::KeyClosed,
        Self::KeysDown,
        Self::BalanceLow,
        Self::QueueStuck,
        Self::WorkersGone,
        Self::AuditFailed,
        Self::JobUnpaid,
        Self::UnknownFault,
        Self::StepLost,
        Self::DiskFull,
        Self::NoticeLost,
        Self::FileUnknown,
        Self::PaymentAmiss,
    ];

    /// The kind as stored and as shown, in snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyClosed => "key_closed",
            Self::KeysDown => "keys_down",
            Self::BalanceLow => "balance_low",
            Self::QueueStuck => "queue_stuck",
            Self::WorkersGone => "workers_gone",
            Self::AuditFailed => "audit_failed",
            Self::JobUnpaid => "job_unpaid",
            Self::UnknownFault => "unknown_fault",
            Self::StepLost => "step_lost",
            Self::DiskFull => "disk_full",
            Self::NoticeLost => "notice_lost",
            Self::FileUnknown => "file_unknown",
            Self::PaymentAmiss => "payment_amiss",
        }
    }

    /// It lasts until somebody finds that it is over. The others happen, again and again, and are counted.
    pub fn lasts(self) -> bool {
        match self {
            Self::KeyClosed
            | Self::KeysDown
            | Self::BalanceLow
            | Self::QueueStuck
            | Self::WorkersGone
            | Self::AuditFailed => true,
            Self::JobUnpaid
            | Self::UnknownFault
            | Self::StepLost
            | Self::DiskFull
            | Self::NoticeLost
            | Self::FileUnknown
            | Self::PaymentAmiss => false,
        }
    }
}

impl fmt::Display for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AlarmKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| UnknownWord::new("alarm", word, Self::ALL.map(Self::as_str)))
    }
}

/// Trouble that operators are to hear of. Alarms of one kind and subject are the same trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// What kind.
    pub kind: AlarmKind,
    /// What it is about, in few words; at most [`Alarm::SUBJECT_MAX_CHARS`] are kept. Never a key or an address.
    pub subject: String,
    /// What more is known.
    pub detail: AlarmDetail,
}

/// What more is known of an alarm. This is stored: names stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmDetail {
    /// Nothing.
    None,
    /// A fault, in the provider's words, without secrets and addresses.
    Fault {
        /// Its class.
        class: FaultClass,
        /// Its message.
        message: String,
    },
    /// An account's money.
    Balance {
        /// Thousandths of the provider's credits.
        milli: i64,
        /// Whole hours that it lasts, if that is known.
        hours_left: Option<u64>,
    },
    /// Jobs that wait.
    Jobs {
        /// How many.
        jobs: u64,
        /// How many seconds the first of them has waited.
        seconds: u64,
    },
    /// So many of them, and the first one's name.
    Found {
        /// How many.
        count: u64,
        /// The first one.
        first: String,
    },
}

impl Alarm {
    /// More characters of a subject are cut.
    pub const SUBJECT_MAX_CHARS: usize = 120;

    /// An alarm.
    pub fn new(kind: AlarmKind, subject: impl AsRef<str>, detail: AlarmDetail) -> Self {
        let subject = subject.as_ref().chars().filter(|c| !c.is_control()).take(Self::SUBJECT_MAX_CHARS);
        Self { kind, subject: subject.collect(), detail }
    }
}

impl From<&Fault> for AlarmDetail {
    fn from(fault: &Fault) -> Self {
        Self::Fault { class: fault.class, message: fault.message.clone() }
    }
}

/// An alarm that was raised so many times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmNote {
    /// The alarm, as it was the last time.
    pub alarm: Alarm,
    /// How many times: at least once.
    pub times: u64,
}

/// An alarm, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmRecord {
    /// The alarm, as it was the last time.
    #[serde(flatten)]
    pub alarm: Alarm,
    /// It is over.
    pub is_over: bool,
    /// When it began, by the store's time.
    pub since: Timestamp,
    /// When it was raised last, or ended.
    pub last_at: Timestamp,
    /// How many times it was raised since it began.
    pub times: u64,
    /// Of how many of these operators were told; 0 when they were not told since it began.
    pub told_times: u64,
    /// When operators were told of this kind and subject last, perhaps before it began again.
    pub told_at: Option<Timestamp>,
    /// Raised by each claim, and when it begins again or ends: what was decided before then is void.
    #[serde(skip)]
    pub epoch: i64,
}

/// How long an alarm is remembered that is not raised any more.
pub const ALARM_REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Takes alarms of which operators may have to be told.
#[derive(Debug, Clone, Copy)]
pub struct AlarmClaim {
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
}

/// What came of looking at an alarm.
#[derive(Debug, Clone)]
pub struct AlarmSettle {
    /// Which kind.
    pub kind: AlarmKind,
    /// And subject.
    pub subject: String,
    /// When it began, as the claim said.
    pub since: Timestamp,
    /// The epoch of the claim.
    pub epoch: i64,
    /// Operators were told just now, of so many times; nothing when they were not.
    pub told: Option<u64>,
    /// It is over: nothing of it was heard for long.
    pub is_over: bool,
    /// After this time somebody looks again; `None`: when it is raised or ends.
    pub next: Option<Duration>,
}
