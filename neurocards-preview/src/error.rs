//! What can go wrong while a clip is rendered.

/// Why [`render`](crate::render) gave no video. Nothing is left behind after any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The photo is too small to be a product photo.
    #[error("the photo is {width}x{height}, at least {least}x{least} pixels are needed")]
    PhotoTooSmall {
        /// Width of the photo in pixels.
        width: u32,
        /// Height of the photo in pixels.
        height: u32,
        /// The smallest side that is accepted, in pixels.
        least: u32,
    },
    /// The clip that was asked for cannot be made; the text says which limit it breaks.
    #[error("cannot render a {width}x{height} clip of {milliseconds} ms: {rule}")]
    Spec {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Height that was asked for, in pixels.
        height: u32,
        /// Duration that was asked for.
        milliseconds: u128,
        /// The broken rule.
        rule: &'static str,
    },
    /// The progress callback asked to stop.
    #[error("the rendering was cancelled")]
    Cancelled,
    /// The bundled font cannot be read: the build is broken.
    #[error("the bundled font cannot be read")]
    Font {
        /// What the font reader said.
        #[source]
        source: ab_glyph::InvalidFont,
    },
    /// The photo cannot be brought to the sizes of the clip.
    #[error("the photo cannot be scaled")]
    Scaling {
        /// What the scaler said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The H.264 encoder refused a frame.
    #[error("the encoder refused frame {frame}")]
    Encode {
        /// Number of the frame in the clip, from 0.
        frame: usize,
        /// What the encoder said.
        #[source]
        source: openh264::Error,
    },
    /// The encoder gave no picture for a frame, so the clip would be out of time.
    #[error("the encoder dropped frame {frame}")]
    FrameDropped {
        /// Number of the frame in the clip, from 0.
        frame: usize,
    },
    /// A thread of the renderer panicked.
    #[error("a render thread died")]
    Thread,
    /// The MP4 container could not be written.
    #[error("the MP4 container cannot be written")]
    Mux {
        /// What the muxer said.
        #[source]
        source: muxide::api::MuxerError,
    },
}
