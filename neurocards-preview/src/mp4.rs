//! The container: H.264 and a silent AAC track in a fast-start MP4.

use muxide::api::{AacProfile, AudioCodec, MuxerBuilder, VideoCodec};

use crate::RenderError;
use crate::encode::AccessUnit;
use crate::scene::ClipSpec;

const SAMPLE_RATE: u32 = 48_000;
const SAMPLES_PER_FRAME: u32 = 1024;

/// An AAC-LC frame of stereo silence, one channel pair element without spectral data, behind an ADTS header
/// (AAC-LC, 48 kHz, two channels, 16 bytes in all).
const SILENCE: [u8; 16] =
    [0xFF, 0xF1, 0x4C, 0x80, 0x02, 0x1F, 0xFC, 0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80];

/// Puts frames into a container. The silence ends with the last frame, to within one AAC frame (21 ms).
pub(crate) fn mux(spec: &ClipSpec, frames: &[AccessUnit]) -> Result<Vec<u8>, RenderError> {
    let fail = |source| RenderError::Mux { source };
    let mut bytes =
        Vec::with_capacity(frames.iter().map(|frame| frame.bytes.len()).sum::<usize>() + 64 * 1024);
    let rate = f64::from(spec.frames_per_second);
    let mut muxer = MuxerBuilder::new(&mut bytes)
        .video(VideoCodec::H264, spec.width, spec.height, rate)
        .audio(AudioCodec::Aac(AacProfile::Lc), SAMPLE_RATE, 2)
        .with_fast_start(true)
        .build()
        .map_err(fail)?;
    let seconds_per_audio = f64::from(SAMPLES_PER_FRAME) / f64::from(SAMPLE_RATE);
    let audio_frames = (frames.len() as f64 / rate / seconds_per_audio).round() as usize;
    let mut heard = 0;
    for (i, frame) in frames.iter().enumerate() {
        muxer.write_video(i as f64 / rate, &frame.bytes, frame.is_key).map_err(fail)?;
        // Sound and picture alternate, so that a player can start before it has the whole file.
        let until = (i + 1) as f64 / rate;
        while heard < audio_frames && (heard as f64 * seconds_per_audio < until || i + 1 == frames.len()) {
            muxer.write_audio(heard as f64 * seconds_per_audio, &SILENCE).map_err(fail)?;
            heard += 1;
        }
    }
    muxer.finish().map_err(fail)?;
    Ok(bytes)
}
