//! Photo intake: once, at the edge. What passes is a clean upright JPEG; everything behind it trusts that.
//!
//! Synchronous and heavy: call it from `spawn_blocking`. At the default limits one intake takes at most about
//! 0.5 GB for a moment (a 16-bit PNG of 40 megapixels with alpha), so frontends bound how many run at once.

mod error;
mod format;
mod pad;
mod pixels;
mod structure;
mod warnings;

#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use image::RgbImage;
use sha2::{Digest, Sha256};

use self::format::Format;
use crate::brief::PhotoRef;

pub use self::error::PhotoError;
pub use self::pad::Ratio;
pub use self::warnings::PhotoWarning;

/// Most pixels of the longest side after the intake: the video models take no more.
const LONGEST_SIDE: u32 = 4_096;
/// How many times the shorter side the longer one may be. Scaled to [`LONGEST_SIDE`], such a strip still has
/// 512 pixels across.
const EXTREME_RATIO: u32 = 8;

/// What the intake takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoLimits {
    /// Most bytes of the file. 20 MiB by default.
    pub max_bytes: usize,
    /// Most pixels, width times height, before anything is decoded. 40 million by default.
    pub max_pixels: u64,
    /// Least pixels of the shorter side, at most 512 for the photo to keep them. 300 by default, as the video
    /// models want.
    pub min_side: u32,
}

impl Default for PhotoLimits {
    fn default() -> Self {
        Self { max_bytes: 20 * 1024 * 1024, max_pixels: 40_000_000, min_side: 300 }
    }
}

impl PhotoLimits {
    fn check_pixels(&self, width: u32, height: u32) -> Result<(), PhotoError> {
        let (longer, shorter) = (width.max(height), width.min(height));
        if u64::from(width) * u64::from(height) > self.max_pixels {
            Err(PhotoError::TooManyPixels { width, height, limit: self.max_pixels })
        } else if shorter < self.min_side {
            Err(PhotoError::TooSmall { width, height, least: self.min_side })
        } else if u64::from(longer) > u64::from(shorter) * u64::from(EXTREME_RATIO) {
            Err(PhotoError::ExtremeRatio { width, height, limit: EXTREME_RATIO })
        } else {
            Ok(())
        }
    }
}

/// A photo that passed: a baseline JPEG of 8-bit sRGB, upright, on white where it was transparent, its longest
/// side at most 4,096 pixels, without EXIF, place, colour profile, comments or anything appended.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    jpeg: Bytes,
    width: u32,
    height: u32,
    sha256: String,
    warnings: Vec<PhotoWarning>,
}

impl Photo {
    /// Takes in a JPEG, PNG or WebP file, known by its content. Same bytes in, same photo out. What this gives
    /// passes again, though with other bytes: a JPEG changes a little whenever it is encoded.
    ///
    /// Of an animated PNG the still picture is taken; an animated WebP has none and is refused. Bytes after the
    /// end of the picture are left behind.
    ///
    /// # Errors
    /// See [`PhotoError`]. The size of the file and of the picture are checked before anything is decoded.
    pub fn intake(bytes: &[u8], limits: &PhotoLimits) -> Result<Self, PhotoError> {
        if bytes.is_empty() {
            return Err(PhotoError::Empty);
        }
        if bytes.len() > limits.max_bytes {
            return Err(PhotoError::TooManyBytes { bytes: bytes.len(), limit: limits.max_bytes });
        }
        let format = Format::sniff(bytes)?;
        let (width, height) = structure::dimensions(format, bytes)?;
        limits.check_pixels(width, height)?;
        let whole = structure::whole(format, bytes)?;
        let pixels = pixels::decode(format, whole, (width, height), LONGEST_SIDE)?;
        let warnings = warnings::measure(&pixels)?;
        Self::from_pixels(&pixels, warnings)
    }

    /// A photo that an intake made, back from where it was kept. Only its header is looked at, and it has no
    /// warnings: they were told at the intake.
    ///
    /// # Errors
    /// [`PhotoError`] when it is no JPEG, so nothing that an intake made.
    pub fn from_media(jpeg: Bytes) -> Result<Self, PhotoError> {
        let (width, height) = structure::dimensions(Format::Jpeg, &jpeg)?;
        let sha256 = hash(&jpeg);
        Ok(Self { jpeg, width, height, sha256, warnings: Vec::new() })
    }

    fn from_pixels(pixels: &RgbImage, warnings: Vec<PhotoWarning>) -> Result<Self, PhotoError> {
        let jpeg = pixels::encode(pixels)?;
        let sha256 = hash(&jpeg);
        Ok(Self { jpeg: jpeg.into(), width: pixels.width(), height: pixels.height(), sha256, warnings })
    }

    /// The photo for those who only look at it: its longest side at most `longest` pixels, without warnings. A photo that
    /// is no larger comes back with the same bytes.
    ///
    /// # Errors
    /// As [`Photo::decode`], and [`PhotoError::Processing`].
    pub fn shrunk_to(&self, longest: u32) -> Result<Self, PhotoError> {
        if self.width.max(self.height) <= longest {
            return Ok(self.clone());
        }
        let pixels = pixels::decode(Format::Jpeg, &self.jpeg, (self.width, self.height), longest)?;
        Self::from_pixels(&pixels, Vec::new())
    }

    /// The pixels, upright, 8-bit sRGB.
    ///
    /// # Errors
    /// [`PhotoError::Undecodable`] if our own JPEG does not decode, which would be a fault of ours.
    pub fn decode(&self) -> Result<RgbImage, PhotoError> {
        pixels::decode(Format::Jpeg, &self.jpeg, (self.width, self.height), LONGEST_SIDE)
    }

    /// The JPEG file.
    pub fn jpeg(&self) -> &Bytes {
        &self.jpeg
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// SHA-256 of the JPEG file, lower-case hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What may spoil the video; empty for a good photo.
    pub fn warnings(&self) -> &[PhotoWarning] {
        &self.warnings
    }

    /// What a brief keeps of the photo.
    pub fn photo_ref(&self) -> PhotoRef {
        PhotoRef { sha256: self.sha256.clone(), width: self.width, height: self.height }
    }
}

fn hash(jpeg: &[u8]) -> String {
    Sha256::digest(jpeg).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Photo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Photo")
            .field("jpeg_bytes", &self.jpeg.len())
            .field("width", &self.width)
            .field("height", &self.height)
            .field("sha256", &self.sha256)
            .field("warnings", &self.warnings)
            .finish()
    }
}
