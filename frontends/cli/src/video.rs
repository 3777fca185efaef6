//! The video of a job: its facts, where it lies, and when it was removed.

use std::path::PathBuf;

use neurocards::{Artifact, JobId, JobRecord, Media, StoreError, Timestamp};

use crate::app::App;

/// The video of a job, as the store knows it.
#[derive(Debug)]
pub(crate) struct Video {
    pub(crate) facts: Artifact,
    /// Where it lies in the media folder.
    pub(crate) kept_at: PathBuf,
    /// When it was removed from there because it was old.
    pub(crate) removed_at: Option<Timestamp>,
}

impl Video {
    /// The video of a job, if it has one.
    pub(crate) async fn of(app: &App, job: JobId) -> Result<Option<Self>, StoreError> {
        Ok(app.store().job_get(job).await?.and_then(|record| Self::in_record(app, &record)))
    }

    /// The video in a record, if it has one.
    pub(crate) fn in_record(app: &App, record: &JobRecord) -> Option<Self> {
        let facts = record.artifact.clone()?;
        let kept_at = app.config.media.path_of(&Media::video_key(&facts.sha256));
        Some(Self { facts, kept_at, removed_at: record.removed_at })
    }
}
