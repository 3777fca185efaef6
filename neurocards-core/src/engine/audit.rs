//! Whether every video that was paid for is still there.

use futures::{StreamExt, TryStreamExt};

use super::Engine;
use crate::ids::JobId;
use crate::job::Stage;
use crate::media::MediaError;
use crate::store::{JobFilter, StoreError, Violation};

/// What a look at the videos found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaAudit {
    /// How many videos there should be: one for each job that is done.
    pub videos: u64,
    /// Those that are not what they should be. Empty is good.
    pub violations: Vec<Violation>,
}

/// Why the videos could not be looked at. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaAuditError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The media store did not answer.
    #[error(transparent)]
    Media(#[from] MediaError),
}

/// How many jobs are asked for at once.
const PAGE: u32 = 500;
/// How many videos are looked at at once.
const AT_ONCE: usize = 8;

impl Engine {
    /// Looks for the video of every job that is done: it must be there and have its size. With `hashes` each one is
    /// read to its end and compared with its hash.
    ///
    /// # Errors
    /// The store or the media store did not answer.
    pub async fn audit_media(&self, hashes: bool) -> Result<MediaAudit, MediaAuditError> {
        let mut audit = MediaAudit { videos: 0, violations: Vec::new() };
        let mut filter = JobFilter { stages: vec![Stage::Done], limit: PAGE, ..JobFilter::default() };
        loop {
            let jobs = self.parts.store.jobs_list(&filter).await?;
            audit.videos += jobs.len() as u64;
            let found: Vec<Option<Violation>> = futures::stream::iter(&jobs)
                .map(|job| self.audit_video(job.id, hashes))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            audit.violations.extend(found.into_iter().flatten());
            if jobs.len() < PAGE as usize {
                return Ok(audit);
            }
            filter.before = jobs.last().map(|job| job.id);
        }
    }

    async fn audit_video(&self, job: JobId, hashes: bool) -> Result<Option<Violation>, MediaAuditError> {
        let broken = |invariant| Ok(Some(Violation { invariant, key: job.to_string() }));
        let artifact = self.parts.store.job_get(job).await?.and_then(|record| record.artifact);
        // That a done job has an artifact is an invariant of the store.
        let Some(artifact) = artifact else { return Ok(None) };
        match self.parts.media.check_video(&artifact, hashes).await {
            Ok(()) => Ok(None),
            Err(MediaError::Missing { .. }) => broken("the video of a done job is in the media store"),
            Err(MediaError::Damaged { .. }) => broken("the video of a done job is the one that was stored"),
            Err(error) => Err(error.into()),
        }
    }
}
