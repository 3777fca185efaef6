//! What the caller says: the photo, the words and the size of the clip.

use std::time::Duration;

use image::RgbImage;

use crate::RenderError;

/// The smallest side of a photo that can be rendered, in pixels.
const LEAST_PHOTO_SIDE: u32 = 32;

/// What to draw. Everything is deterministic: the same scene gives the same bytes on one machine.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The product photo, upright. It is never mirrored, and never cropped beyond 3:1.
    pub photo: &'a RgbImage,
    /// The three texts, one for each third of the clip. An empty text shows nothing.
    pub captions: Captions,
    /// Chooses storyboard, camera moves and colours for an order.
    pub seed: u64,
    /// Which of the videos of one order this is, from 0. Neighbours differ in storyboard, camera and colour.
    pub variant: u32,
    /// Size, rate and length of the clip.
    pub spec: ClipSpec,
}

/// The words on the video, made for at most 120 characters each. Characters that the bundled font lacks, such as
/// emoji, are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captions {
    /// First third: why to look.
    pub hook: String,
    /// Second third: what it gives.
    pub benefit: String,
    /// Last third, drawn as a button: what to do.
    pub call_to_action: String,
}

/// Size, rate and length of a clip. The default is 720x1280, 24 frames per second, 8 seconds, 3.2 Mbit/s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipSpec {
    /// Width in pixels: even, 90 to 1440.
    pub width: u32,
    /// Height in pixels: even, 1.5 to 2.2 times the width.
    pub height: u32,
    /// Frames per second: 1 to 60.
    pub frames_per_second: u32,
    /// Length of the clip: 0.2 s to 60 s.
    pub duration: Duration,
    /// Upper bound that the encoder aims at; calm clips stay below it.
    pub bits_per_second: u32,
}

impl Default for ClipSpec {
    fn default() -> Self {
        Self {
            width: 720,
            height: 1280,
            frames_per_second: 24,
            duration: Duration::from_secs(8),
            bits_per_second: 3_200_000,
        }
    }
}

impl ClipSpec {
    /// How many frames the clip has: the duration times the rate, rounded, at least 1.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        let frames = self.duration.as_secs_f64() * f64::from(self.frames_per_second);
        (frames.round() as usize).max(1)
    }

    fn broken_rule(&self) -> Option<&'static str> {
        let (width, height) = (self.width, self.height);
        if width % 2 != 0 || height % 2 != 0 {
            Some("width and height must be even")
        } else if !(90..=1440).contains(&width) {
            Some("the width must be 90 to 1440 pixels")
        } else if height * 10 < width * 15 || height * 10 > width * 22 {
            Some("the height must be 1.5 to 2.2 times the width")
        } else if !(1..=60).contains(&self.frames_per_second) {
            Some("the rate must be 1 to 60 frames per second")
        } else if self.duration < Duration::from_millis(200) || self.duration > Duration::from_secs(60) {
            Some("the duration must be 0.2 to 60 seconds")
        } else if !(50_000..=50_000_000).contains(&self.bits_per_second) {
            Some("the bit rate must be 50 kbit/s to 50 Mbit/s")
        } else {
            None
        }
    }
}

impl Scene<'_> {
    pub(crate) fn validate(&self) -> Result<(), RenderError> {
        let (width, height) = self.photo.dimensions();
        if width.min(height) < LEAST_PHOTO_SIDE {
            return Err(RenderError::PhotoTooSmall { width, height, least: LEAST_PHOTO_SIDE });
        }
        match self.spec.broken_rule() {
            None => Ok(()),
            Some(rule) => Err(RenderError::Spec {
                width: self.spec.width,
                height: self.spec.height,
                milliseconds: self.spec.duration.as_millis(),
                rule,
            }),
        }
    }
}
