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
    /// How many videos were made: one for each job that is done.
    pub videos: u64,
    /// How many of them were removed because they were old. The others must be there.
    pub removed: u64,
    /// Those that should be there and are not what they should be. Empty is good.
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

/// What a look at one of them found.
enum Found {
    Whole,
    Removed,
    Broken(Violation),
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
        let mut audit = MediaAudit { videos: 0, removed: 0, violations: Vec::new() };
        let mut filter = JobFilter { stages: vec![Stage::Done], limit: PAGE, ..JobFilter::default() };
        loop {
            let jobs = self.parts.store.jobs_list(&filter).await?;
            audit.videos += jobs.len() as u64;
            let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
            let found: Vec<Found> = futures::stream::iter(ids)
                .map(|job| self.audit_video(job, hashes))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            for found in found {
                match found {
                    Found::Whole => {}
                    Found::Removed => audit.removed += 1,
                    Found::Broken(violation) => audit.violations.push(violation),
                }
            }
            if jobs.len() < PAGE as usize {
                return Ok(audit);
            }
            filter.before = jobs.last().map(|job| job.id);
        }
    }

    async fn audit_video(&self, job: JobId, hashes: bool) -> Result<Found, MediaAuditError> {
        let broken = |invariant| Ok(Found::Broken(Violation { invariant, key: job.to_string() }));
        let record = self.parts.store.job_get(job).await?;
        if record.as_ref().is_some_and(|record| record.removed_at.is_some()) {
            return Ok(Found::Removed);
        }
        // That a done job has an artifact is an invariant of the store.
        let Some(artifact) = record.and_then(|record| record.artifact) else { return Ok(Found::Whole) };
        match self.parts.media.check_video(&artifact, hashes).await {
            Ok(()) => Ok(Found::Whole),
            // It may have been removed since.
            Err(MediaError::Missing { .. }) if self.is_removed(job).await? => Ok(Found::Removed),
            Err(MediaError::Missing { .. }) => broken("the video of a done job is in the media store"),
            Err(MediaError::Damaged { .. }) => broken("the video of a done job is the one that was stored"),
            Err(error) => Err(error.into()),
        }
    }

    async fn is_removed(&self, job: JobId) -> Result<bool, StoreError> {
        Ok(self.parts.store.job_get(job).await?.is_some_and(|record| record.removed_at.is_some()))
    }
}
