//! Why a photo was not taken in.

use std::error::Error;

/// Why a photo was not taken in. Nothing was stored and nothing was charged.
///
/// Every case is final: the same bytes give the same answer, so there is nothing to try again. The texts are
/// for operators; frontends word their own from the case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file is over the limit; it was not looked into.
    #[error("the file has {bytes} bytes; at most {limit} are taken")]
    TooManyBytes {
        /// Size of the file in bytes.
        bytes: usize,
        /// Most bytes.
        limit: usize,
    },
    /// The content is nothing that we know: text, an archive, noise.
    #[error("the file is not an image")]
    NotAnImage,
    /// The content is known, and is none of JPEG, PNG and still WebP.
    #[error("{format} is not taken; JPEG, PNG and WebP are")]
    UnsupportedFormat {
        /// What it is: `HEIC`, `GIF`, `animated WebP`, `PDF` …
        format: &'static str,
    },
    /// The picture is over the limit, by its header; it was not decoded.
    #[error("the picture is {width}x{height}; at most {limit} pixels are taken")]
    TooManyPixels {
        /// Width in pixels, before orientation.
        width: u32,
        /// Height in pixels, before orientation.
        height: u32,
        /// Most pixels: width times height.
        limit: u64,
    },
    /// The shorter side is under the limit.
    #[error("the picture is {width}x{height}; its shorter side needs at least {least} pixels")]
    TooSmall {
        /// Width in pixels, before orientation.
        width: u32,
        /// Height in pixels, before orientation.
        height: u32,
        /// Least pixels of the shorter side.
        least: u32,
    },
    /// A strip: the longer side is too many times the shorter one.
    #[error("the picture is {width}x{height}; one side may be at most {limit} times the other")]
    ExtremeRatio {
        /// Width in pixels, before orientation.
        width: u32,
        /// Height in pixels, before orientation.
        height: u32,
        /// How many times the shorter side the longer one may be.
        limit: u32,
    },
    /// The file ends before its picture does, as after a broken upload.
    #[error("the {format} file is cut off")]
    Truncated {
        /// `JPEG`, `PNG` or `WebP`.
        format: &'static str,
    },
    /// The structure of the file contradicts itself.
    #[error("the {format} file is damaged: {reason}")]
    Damaged {
        /// `JPEG`, `PNG` or `WebP`.
        format: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The decoder gave up.
    #[error("the {format} file cannot be decoded")]
    Undecodable {
        /// `JPEG`, `PNG` or `WebP`.
        format: &'static str,
        /// What the decoder said.
        #[source]
        source: image::ImageError,
    },
    /// A step after the decoding failed: a fault of ours, not of the photo.
    #[error("the decoded photo cannot be {step}")]
    Processing {
        /// The step: `resized`, `encoded`.
        step: &'static str,
        /// What the library said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}
