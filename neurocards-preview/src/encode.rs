//! H.264: a segment of the clip, from an IDR picture to the frame before the next one.

use std::ops::Range;

use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, Profile, QpRange, RateControlMode,
    VuiConfig,
};
use openh264::formats::YUVSlices;
use openh264::{OpenH264API, Timestamp};

use crate::RenderError;
use crate::plane::Picture;
use crate::scene::ClipSpec;

/// One encoded frame, Annex B.
#[derive(Debug)]
pub(crate) struct AccessUnit {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_key: bool,
}

/// Cuts a clip into segments of about two seconds. The cut depends on the clip alone, never on the machine.
pub(crate) fn segments(spec: &ClipSpec) -> Vec<Range<usize>> {
    let frames = spec.frame_count();
    let count = (spec.duration.as_secs_f64() / 2.0).round().max(1.0) as usize;
    (0..count).map(|i| frames * i / count..frames * (i + 1) / count).collect()
}

/// An encoder for one segment.
pub(crate) struct SegmentEncoder {
    encoder: Encoder,
    frames_per_second: u32,
}

impl std::fmt::Debug for SegmentEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentEncoder")
            .field("frames_per_second", &self.frames_per_second)
            .finish_non_exhaustive()
    }
}

impl SegmentEncoder {
    /// An encoder that spends `quantiser` (0 best, 51 worst) on every frame: with a picture that moves evenly this
    /// looks calmer than a rate control that breathes, and no key frame jumps.
    pub(crate) fn new(spec: &ClipSpec, quantiser: u8, first_frame: usize) -> Result<Self, RenderError> {
        let config = EncoderConfig::new()
            .profile(Profile::High)
            .bitrate(BitRate::from_bps(spec.bits_per_second))
            .max_frame_rate(FrameRate::from_hz(spec.frames_per_second as f32))
            // The modes that aim at a bit rate may drop frames, or print a warning to stderr when that is
            // forbidden. This one only walks within the range, and the range is one value.
            .rate_control_mode(RateControlMode::Bufferbased)
            .skip_frames(false)
            .qp(QpRange::new(quantiser, quantiser))
            // Half the time of Medium for a difference of 0.1 dB.
            .complexity(Complexity::Low)
            .adaptive_quantization(false)
            .background_detection(false)
            .scene_change_detect(false)
            .num_threads(1)
            .vui(VuiConfig::bt709());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|source| RenderError::Encode { frame: first_frame, source })?;
        Ok(Self { encoder, frames_per_second: spec.frames_per_second })
    }

    /// Encodes the next frame; `index` counts in the clip, `nth` in the segment.
    pub(crate) fn encode(
        &mut self,
        picture: &Picture,
        index: usize,
        nth: usize,
    ) -> Result<AccessUnit, RenderError> {
        let (width, height) = (picture.y.width, picture.y.height);
        let planes = (&picture.y.data[..], &picture.u.data[..], &picture.v.data[..]);
        let source = YUVSlices::new(planes, (width, height), (width, width / 2, width / 2));
        let time = Timestamp::from_millis(nth as u64 * 1000 / u64::from(self.frames_per_second));
        let stream = self
            .encoder
            .encode_at(&source, time)
            .map_err(|source| RenderError::Encode { frame: index, source })?;
        let is_key = match stream.frame_type() {
            FrameType::IDR | FrameType::I => true,
            FrameType::P | FrameType::IPMixed => false,
            FrameType::Skip | FrameType::Invalid => return Err(RenderError::FrameDropped { frame: index }),
        };
        let bytes = stream.to_vec();
        if bytes.is_empty() {
            return Err(RenderError::FrameDropped { frame: index });
        }
        Ok(AccessUnit { bytes, is_key })
    }
}
