//! The recorder behind `/metrics`.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use neurocards::{describe_metrics, metric};

/// Upper bounds of the histogram of calls outside, in seconds: from a lookup to a slow download.
const CALL_SECONDS: [f64; 12] = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];

/// What was counted in this process since [`Metrics::install`].
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

/// Why the recorder could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded")]
pub struct MetricsError(#[from] BuildError);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Begins to count in this process, once: before the engine runs.
    ///
    /// # Errors
    /// The process has a recorder already.
    pub fn install() -> Result<Self, MetricsError> {
        let calls = Matcher::Full(metric::PROVIDER_CALL_SECONDS.to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(calls, &CALL_SECONDS)?;
        let handle = builder.install_recorder()?;
        describe_metrics();
        Ok(Self { handle })
    }

    /// Takes samples of histograms in: without it they pile up until somebody reads.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }

    /// All of it, as Prometheus text.
    pub fn text(&self) -> String {
        self.tidy();
        self.handle.render()
    }
}
