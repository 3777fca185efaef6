//! Keeping house, now and then.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Engine;

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);

impl Engine {
    /// Clears away what crashes left behind, at once and then every hour, until told to stop.
    pub(super) async fn keep_house(&self, stop: &CancellationToken) {
        let parts = &self.parts;
        while !stop.is_cancelled() {
            match parts.media.clear_leftovers(parts.clock.now()).await {
                Ok(0) => {}
                Ok(files) => tracing::info!(files, "what crashes left of videos and photos was cleared"),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "media could not be cleared up");
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = parts.clock.sleep(EVERY) => {}
            }
        }
    }
}
