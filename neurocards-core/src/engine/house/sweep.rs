//! One round: old videos are retired, what nobody needs is set aside, and what was set aside a day ago is deleted.
//!
//! A video is noted as removed before anything happens to its object. A crash in between leaves an object that nobody
//! needs, and the next round finds it; the other way round it would leave a video that is promised and gone.

use std::collections::HashSet;
use std::future::ready;
use std::time::Duration;

use futures::TryStreamExt;

use super::{DAY, Lead, RoundError};
use crate::media::{MediaError, MediaKind};
use crate::metering;
use crate::store::MediaQuestion;

/// How many videos are retired, and how many objects are asked about, at once.
const PAGE: u32 = 500;
/// Objects in a row that cannot be moved: then it is the media store.
const STUMBLES: u32 = 3;

/// What a round did.
#[derive(Debug, Default)]
pub(super) struct Swept {
    leftovers: usize,
    retired: u32,
    set_aside: u32,
    taken_back: u32,
    deleted: u32,
}

impl Swept {
    pub(super) fn tell(&self) {
        let Self { leftovers, retired, set_aside, taken_back, deleted } = *self;
        if leftovers > 0 || [retired, set_aside, taken_back, deleted] != [0; 4] {
            tracing::info!(leftovers, retired, set_aside, taken_back, deleted, "the house was kept");
        }
    }
}

impl Lead<'_> {
    pub(super) async fn sweep(&mut self) -> Result<(), RoundError> {
        self.swept.leftovers = self.parts.media.clear_leftovers(self.now()).await?;
        self.retire().await?;
        for kind in MediaKind::ALL {
            self.set_aside(kind).await?;
            self.empty_bin(kind).await?;
        }
        Ok(())
    }

    /// Notes which videos are old.
    async fn retire(&mut self) -> Result<(), RoundError> {
        let Some(keep) = self.parts.retention.videos else { return Ok(()) };
        loop {
            self.hold().await?;
            let retired = self.parts.store.videos_retire(keep, PAGE).await?;
            metering::videos_retired(retired);
            self.swept.retired += retired;
            if retired < PAGE {
                return Ok(());
            }
        }
    }

    /// Moves what nobody needs into the bin. An object that was just stored may belong to a row that is not there yet.
    async fn set_aside(&mut self, kind: MediaKind) -> Result<(), RoundError> {
        let Some(old) = self.old(kind) else { return Ok(()) };
        let (media, now) = (self.parts.media.clone(), self.now());
        let objects = media.kept(kind).try_filter(move |object| ready(object.age(now) >= old));
        let mut pages = objects.try_chunks(PAGE as usize);
        while let Some(page) = pages.try_next().await.map_err(|broken| broken.1)? {
            let needed = self.needed(kind, page.iter().map(|object| &object.sha256)).await?;
            for object in page.iter().filter(|object| !needed.contains(&object.sha256)) {
                self.hold().await?;
                let done = media.set_aside(kind, &object.sha256, self.now()).await;
                self.swept.set_aside += self.count(kind, "set_aside", done)?;
            }
        }
        Ok(())
    }

    /// How old an object is at least that may be set aside. A video that no row names is the trace of a crash, or the
    /// database is another one than it should be: it is kept for as long as any video.
    fn old(&self, kind: MediaKind) -> Option<Duration> {
        match kind {
            MediaKind::Photo => Some(DAY),
            MediaKind::Video => self.parts.retention.videos.map(|keep| keep.max(DAY)),
        }
    }

    /// Deletes what has been in the bin for a day, or puts it back if it is needed after all.
    async fn empty_bin(&mut self, kind: MediaKind) -> Result<(), RoundError> {
        let (media, now) = (self.parts.media.clone(), self.now());
        let objects = media.binned(kind).try_filter(move |object| ready(object.age(now) >= DAY));
        let mut pages = objects.try_chunks(PAGE as usize);
        while let Some(page) = pages.try_next().await.map_err(|broken| broken.1)? {
            let needed = self.needed(kind, page.iter().map(|object| &object.sha256)).await?;
            for object in &page {
                self.hold().await?;
                if needed.contains(&object.sha256) {
                    let done = media.take_back(object).await;
                    self.swept.taken_back += self.count(kind, "taken_back", done)?;
                } else {
                    let done = media.delete_binned(object).await;
                    self.swept.deleted += self.count(kind, "deleted", done)?;
                }
            }
        }
        Ok(())
    }

    async fn needed(
        &self,
        kind: MediaKind,
        hashes: impl Iterator<Item = &String>,
    ) -> Result<HashSet<String>, RoundError> {
        let (hashes, keep) = (hashes.cloned().collect(), self.parts.retention.photos);
        let needed = self.parts.store.media_needed(&MediaQuestion { kind, hashes, keep }).await?;
        Ok(needed.into_iter().collect())
    }

    /// Counts what was done to an object. That one cannot be moved is no reason to leave the others.
    fn count(
        &mut self,
        kind: MediaKind,
        fate: &'static str,
        done: Result<(), MediaError>,
    ) -> Result<u32, RoundError> {
        match done {
            Ok(()) => {
                self.stumbles = 0;
                metering::media_swept(kind, fate);
                Ok(1)
            }
            Err(error) if self.stumbles + 1 < STUMBLES => {
                self.stumbles += 1;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, kind = kind.word(), fate, "an object stays where it is");
                Ok(0)
            }
            Err(error) => Err(error.into()),
        }
    }
}
