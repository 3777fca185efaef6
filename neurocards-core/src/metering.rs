//! What the engine counts, by the `metrics` facade: without a recorder it costs a check, and nothing is kept.
//!
//! Labels are words of this crate, and the names of providers. No account, prompt, key or address is ever one.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::alarm::AlarmKind;
use crate::artifact::Artifact;
use crate::check::Verdict;
use crate::fault::{Fault, FaultClass};
use crate::lifecycle::Transition;
use crate::media::{IngestError, MediaKind};
use crate::prompt::{Prompt, PromptError, PromptUsage};
use crate::provider::{Lookup, Opening, Submitted, UploadError, UploadedPhoto};
use crate::store::{NoticeOutcome, QueueStatus, StoreError};

/// The names of the metrics. They are part of the contract: dashboards and alerts rely on them.
pub mod metric {
    /// Counter: orders that this process took. An order that was there already is not counted again.
    pub const ORDERS_PLACED: &str = "neurocards_orders_placed_total";
    /// Counter: jobs that this process claimed.
    pub const JOBS_CLAIMED: &str = "neurocards_jobs_claimed_total";
    /// Counter: steps of the lifecycle that were written. Label `stage`: the stage that the job is in afterwards.
    pub const STEPS_APPLIED: &str = "neurocards_steps_applied_total";
    /// Counter: jobs that ended. Labels `outcome` (`done`, `failed`, `cancelled`) and `fault` (its class, or `none`).
    pub const JOBS_ENDED: &str = "neurocards_jobs_ended_total";
    /// Counter: calls outside. Labels `provider` (the job's), `call` (`check`, `prompt`, `opening`, `upload`, `submit`, `lookup`, `read`, `fetch`),
    /// `outcome` (`ok`, `not_now`, `rejected`, `in_doubt`, `failed`) and `fault` (its class, or `none`).
    pub const PROVIDER_CALLS: &str = "neurocards_provider_calls_total";
    /// Histogram, in seconds: how long calls outside take. Labels `provider`, `call`, `outcome`.
    pub const PROVIDER_CALL_SECONDS: &str = "neurocards_provider_call_seconds";
    /// Counter: tokens that language models used for prompts and checks. Label `kind` (`input`, `cached`, `output`); `cached` are among
    /// `input`.
    pub const PROMPT_TOKENS: &str = "neurocards_prompt_tokens_total";
    /// Counter, in millionths of a US dollar: what prompts and checks cost, as far as prices are known.
    pub const PROMPT_COST_MICRO_USD: &str = "neurocards_prompt_cost_micro_usd_total";
    /// Counter: deliveries. Label `outcome` (`sent`, `later`, `blocked`, `unknown`, `dead`).
    pub const NOTICES: &str = "neurocards_notices_total";
    /// Counter: steps that were not written because somebody else has the job: zombie writes that the fence stopped.
    pub const FENCES_LOST: &str = "neurocards_fences_lost_total";
    /// Counter: models that this process closed for all jobs, by their faults. Label `provider`.
    pub const MODELS_CLOSED: &str = "neurocards_models_closed_total";
    /// Counter: heartbeats that did not renew the leases.
    pub const LEASE_RENEWALS_FAILED: &str = "neurocards_lease_renewals_failed_total";
    /// Counter: what the store answered instead of doing it. Label `kind` (`unavailable`, `ambiguous`, `full`, …).
    pub const STORE_ERRORS: &str = "neurocards_store_errors_total";
    /// Counter: rounds of the upkeep that this process led. Label `outcome` (`done`, `failed`).
    pub const UPKEEP_ROUNDS: &str = "neurocards_upkeep_rounds_total";
    /// Counter: alarms that this process raised. Label `kind` (`key_closed`, `unknown_fault`, …). One that lasts is counted when it
    /// begins.
    pub const ALARMS: &str = "neurocards_alarms_total";
    /// Counter: videos that were noted as removed because they were old.
    pub const VIDEOS_RETIRED: &str = "neurocards_videos_retired_total";
    /// Counter: objects that the upkeep moved. Labels `kind` (`photo`, `video`) and `fate` (`set_aside`, `taken_back`,
    /// `deleted`).
    pub const MEDIA_SWEPT: &str = "neurocards_media_swept_total";
    /// Gauge: unfinished jobs, of all workers. Labels `stage` and `state` (`due`, `leased`, `paused`, or `waiting` for their
    /// time).
    pub const QUEUE_JOBS: &str = "neurocards_queue_jobs";
    /// Gauge, in seconds: for how long the job is due that waits the longest; 0 when none is.
    pub const QUEUE_OLDEST_DUE: &str = "neurocards_queue_oldest_due_seconds";
    /// Gauge: pauses that are in force.
    pub const QUEUE_PAUSES: &str = "neurocards_queue_pauses";
    /// Gauge: workers that said something within a minute, of all machines.
    pub const WORKERS_ALIVE: &str = "neurocards_workers_alive";
    /// Gauge, in seconds since 1970, by the store's clock: when the gauges of the queue were looked at.
    pub const QUEUE_SEEN: &str = "neurocards_queue_seen_timestamp_seconds";
    /// Gauge: turns that are under way. Jobs that wait for a render are rows, and not among them.
    pub const TURNS: &str = "neurocards_turns_in_flight";
}

/// Tells the recorder what each metric is, and begins the simple ones at zero: a counter that is not there yet cannot
/// be told from one that nobody counts. Call it once, after the recorder was installed.
pub fn describe_metrics() {
    describe_counter!(metric::ORDERS_PLACED, "Orders taken");
    describe_counter!(metric::JOBS_CLAIMED, "Jobs claimed");
    describe_counter!(metric::STEPS_APPLIED, "Steps of the lifecycle written, by the stage they lead to");
    describe_counter!(metric::JOBS_ENDED, "Jobs ended, by outcome and class of fault");
    describe_counter!(metric::PROVIDER_CALLS, "Calls outside, by provider, call, outcome and class of fault");
    describe_histogram!(metric::PROVIDER_CALL_SECONDS, Unit::Seconds, "How long calls outside take");
    describe_counter!(
        metric::PROMPT_TOKENS,
        "Tokens that language models used for prompts and checks, by kind"
    );
    describe_counter!(
        metric::PROMPT_COST_MICRO_USD,
        "What prompts and checks cost, in millionths of a US dollar"
    );
    describe_counter!(metric::NOTICES, "Deliveries of notices, by outcome");
    describe_counter!(metric::FENCES_LOST, "Writes of zombies that the fence stopped");
    describe_counter!(metric::MODELS_CLOSED, "Models closed for all jobs by their faults, by provider");
    describe_counter!(metric::LEASE_RENEWALS_FAILED, "Heartbeats that did not renew the leases");
    describe_counter!(metric::STORE_ERRORS, "What the store answered instead of doing it, by kind");
    describe_counter!(metric::UPKEEP_ROUNDS, "Rounds of the upkeep led, by outcome");
    describe_counter!(metric::ALARMS, "Alarms raised, by kind");
    describe_counter!(metric::VIDEOS_RETIRED, "Old videos noted as removed");
    describe_counter!(
        metric::MEDIA_SWEPT,
        "Photos and videos set aside, taken back and deleted by the upkeep"
    );
    describe_gauge!(metric::TURNS, "Turns under way");
    describe_gauge!(metric::QUEUE_JOBS, "Unfinished jobs of all workers, by stage and state");
    describe_gauge!(metric::QUEUE_OLDEST_DUE, Unit::Seconds, "For how long the oldest due job waits");
    describe_gauge!(metric::QUEUE_PAUSES, "Pauses in force");
    describe_gauge!(metric::WORKERS_ALIVE, "Workers that said something within a minute");
    describe_gauge!(metric::QUEUE_SEEN, Unit::Seconds, "When the queue was looked at, since 1970");
    for name in [
        metric::ORDERS_PLACED,
        metric::JOBS_CLAIMED,
        metric::FENCES_LOST,
        metric::LEASE_RENEWALS_FAILED,
        metric::VIDEOS_RETIRED,
    ] {
        counter!(name).absolute(0);
    }
    for kind in AlarmKind::ALL {
        counter!(metric::ALARMS, "kind" => kind.as_str()).absolute(0);
    }
    gauge!(metric::TURNS).set(0.0);
}

/// Sets the gauges of the queue to what a look at it has shown.
pub fn queue_seen(status: &QueueStatus) {
    for stage in &status.stages {
        let states = [
            ("due", stage.due),
            ("leased", stage.leased),
            ("paused", stage.paused),
            ("waiting", stage.waiting()),
        ];
        for (state, jobs) in states {
            gauge!(metric::QUEUE_JOBS, "stage" => stage.stage.as_str(), "state" => state).set(jobs as f64);
        }
    }
    gauge!(metric::QUEUE_OLDEST_DUE).set(status.oldest_due().unwrap_or_default().as_secs_f64());
    gauge!(metric::QUEUE_PAUSES).set(status.pauses.len() as f64);
    gauge!(metric::WORKERS_ALIVE).set(status.workers_alive().count() as f64);
    gauge!(metric::QUEUE_SEEN).set(status.at.timestamp_micros() as f64 / 1e6);
}

pub(crate) fn order_placed() {
    counter!(metric::ORDERS_PLACED).increment(1);
}

pub(crate) fn jobs_claimed(jobs: usize) {
    counter!(metric::JOBS_CLAIMED).increment(jobs as u64);
}

pub(crate) fn step_applied(step: &Transition) {
    counter!(metric::STEPS_APPLIED, "stage" => step.to.as_str()).increment(1);
    if step.to.is_final() {
        let fault = word(step.error.as_ref().map(|fault| fault.class));
        counter!(metric::JOBS_ENDED, "outcome" => step.to.as_str(), "fault" => fault).increment(1);
    }
}

pub(crate) fn model_closed(provider: &str) {
    counter!(metric::MODELS_CLOSED, "provider" => provider.to_owned()).increment(1);
}

pub(crate) fn fence_lost() {
    counter!(metric::FENCES_LOST).increment(1);
}

pub(crate) fn lease_renewal_failed() {
    counter!(metric::LEASE_RENEWALS_FAILED).increment(1);
}

pub(crate) fn store_failed(error: &StoreError) {
    let kind = match error {
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Ambiguous { .. } => "ambiguous",
        StoreError::Full { .. } => "full",
        StoreError::Newer { .. } => "newer",
        StoreError::Corrupt { .. } => "corrupt",
        StoreError::NoAccount { .. } => "no_account",
        StoreError::LedgerRule { .. } => "ledger_rule",
        StoreError::Backend { .. } => "backend",
    };
    counter!(metric::STORE_ERRORS, "kind" => kind).increment(1);
}

pub(crate) fn notice_settled(outcome: &NoticeOutcome) {
    let outcome = match outcome {
        NoticeOutcome::Sent { .. } => "sent",
        NoticeOutcome::Later(_) => "later",
        NoticeOutcome::Blocked => "blocked",
        NoticeOutcome::Unknown => "unknown",
        NoticeOutcome::Dead => "dead",
    };
    counter!(metric::NOTICES, "outcome" => outcome).increment(1);
}

pub(crate) fn alarm_raised(kind: AlarmKind) {
    counter!(metric::ALARMS, "kind" => kind.as_str()).increment(1);
}

pub(crate) fn round_ended(outcome: &'static str) {
    counter!(metric::UPKEEP_ROUNDS, "outcome" => outcome).increment(1);
}

pub(crate) fn videos_retired(videos: u32) {
    counter!(metric::VIDEOS_RETIRED).increment(videos.into());
}

pub(crate) fn media_swept(kind: MediaKind, fate: &'static str) {
    counter!(metric::MEDIA_SWEPT, "kind" => kind.word(), "fate" => fate).increment(1);
}

pub(crate) fn provider_called(
    (provider, call): (&str, &'static str),
    (outcome, fault): (&'static str, Option<FaultClass>),
    took: Duration,
) {
    let labels = [("provider", provider.to_owned()), ("call", call.into()), ("outcome", outcome.into())];
    histogram!(metric::PROVIDER_CALL_SECONDS, &labels).record(took.as_secs_f64());
    let [provider, call, outcome] = labels;
    let labels = [provider, call, outcome, ("fault", word(fault).to_owned())];
    counter!(metric::PROVIDER_CALLS, &labels).increment(1);
}

pub(crate) fn language_model_used(usage: Option<&PromptUsage>) {
    let Some(usage) = usage else { return };
    let tokens =
        [("input", usage.input_tokens), ("cached", usage.cached_tokens), ("output", usage.output_tokens)];
    for (kind, tokens) in tokens {
        counter!(metric::PROMPT_TOKENS, "kind" => kind).increment(tokens);
    }
    counter!(metric::PROMPT_COST_MICRO_USD).increment(usage.cost_micro_usd.unwrap_or_default());
}

fn word(class: Option<FaultClass>) -> &'static str {
    class.map_or("none", FaultClass::as_str)
}

/// One turn under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct TurnInFlight(());

impl TurnInFlight {
    pub(crate) fn begin() -> Self {
        gauge!(metric::TURNS).increment(1);
        Self(())
    }
}

impl Drop for TurnInFlight {
    fn drop(&mut self) {
        gauge!(metric::TURNS).decrement(1);
    }
}

/// What an answer counts as.
pub(crate) trait Counts {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>);
}

impl<T> Counts for Result<T, Fault> {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Ok(_) => ("ok", None),
            Err(fault) => ("failed", Some(fault.class)),
        }
    }
}

impl Counts for Verdict {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Self::Clean => ("ok", None),
            Self::Refused(fault) => ("rejected", Some(fault.class)),
            Self::Unchecked(fault) => ("failed", fault.as_ref().map(|fault| fault.class)),
        }
    }
}

impl Counts for Result<Prompt, PromptError> {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Ok(_) => ("ok", None),
            Err(error) => ("failed", Some(error.fault.class)),
        }
    }
}

impl Counts for Result<UploadedPhoto, UploadError> {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Ok(_) => ("ok", None),
            Err(UploadError::NotNow { why, .. }) => ("not_now", Some(why.class)),
            Err(UploadError::Fault(fault)) => ("failed", Some(fault.class)),
        }
    }
}

impl Counts for Opening {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Self::Now | Self::Never => ("ok", None),
            Self::After { why, .. } => ("not_now", Some(why.class)),
        }
    }
}

impl Counts for Submitted {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Self::Accepted { .. } => ("ok", None),
            Self::Rejected(fault) => ("rejected", Some(fault.class)),
            Self::Unknown(fault) => ("in_doubt", Some(fault.class)),
        }
    }
}

impl Counts for Lookup {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            Self::Found { .. } | Self::Absent => ("ok", None),
            Self::Unavailable(fault) => ("failed", Some(fault.class)),
        }
    }
}

impl Counts for Result<Artifact, IngestError> {
    fn counts_as(&self) -> (&'static str, Option<FaultClass>) {
        match self {
            // That our own storage failed says nothing of the provider.
            Ok(_) | Err(IngestError::Media(_)) => ("ok", None),
            Err(IngestError::Fetch(fault)) => ("failed", Some(fault.class)),
        }
    }
}
