//! A player for tests: parses the MP4 and decodes its pictures.

use openh264::decoder::Decoder;
use openh264::formats::YUVSource as _;
use re_mp4::{Mp4, StsdBoxContent, TrackKind};

/// What a player knows about a clip. Frames are luma planes without padding.
#[derive(Debug)]
pub(super) struct Playback {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) codec: String,
    /// Object type, frequency index and channels of the AudioSpecificConfig.
    pub(super) audio_config: (u8, u8, u8),
    pub(super) movie_seconds: f64,
    pub(super) video_seconds: f64,
    pub(super) audio_seconds: f64,
    pub(super) key_frames: Vec<usize>,
    pub(super) frames: Vec<Vec<u8>>,
}

impl Playback {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mp4 = Mp4::read_bytes(bytes).unwrap();
        let track = |kind| mp4.tracks().values().find(|track| track.kind == Some(kind)).unwrap();
        let (video, audio) = (track(TrackKind::Video), track(TrackKind::Audio));
        let seconds = |track: &re_mp4::Track| track.duration as f64 / track.timescale as f64;
        let keys = video.samples.iter().enumerate().filter(|(_, sample)| sample.is_sync);
        let StsdBoxContent::Mp4a(sound) = &audio.trak(&mp4).mdia.minf.stbl.stsd.contents else {
            panic!("the sound is AAC");
        };
        let aac = &sound.esds.as_ref().unwrap().es_desc.dec_config.dec_specific;
        let mut decoder = Decoder::new().unwrap();
        let mut frames = Vec::new();
        decoder.decode(&parameter_sets(&video.raw_codec_config(&mp4).unwrap())).unwrap();
        for sample in &video.samples {
            let picture = decoder.decode(&annex_b(&bytes[sample.byte_range()])).unwrap();
            let picture = picture.expect("every access unit gives a picture");
            let (width, height) = picture.dimensions();
            assert_eq!((width, height), (usize::from(video.width), usize::from(video.height)));
            let lines = picture.y().chunks(picture.strides().0).take(height);
            frames.push(lines.flat_map(|line| line[..width].to_vec()).collect());
        }
        Self {
            width: video.width,
            height: video.height,
            codec: video.codec_string(&mp4).unwrap(),
            audio_config: (aac.profile, aac.freq_index, aac.chan_conf),
            movie_seconds: mp4.moov.mvhd.duration as f64 / f64::from(mp4.moov.mvhd.timescale),
            video_seconds: seconds(video),
            audio_seconds: seconds(audio),
            key_frames: keys.map(|(i, _)| i).collect(),
            frames,
        }
    }
}

/// Mean difference of two luma planes, in steps of 255.
pub(super) fn difference(a: &[u8], b: &[u8]) -> f32 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f32 / a.len() as f32
}

/// Names of the outermost boxes, in file order.
pub(super) fn top_boxes(mut bytes: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((head, _)) = bytes.split_at_checked(8) {
        let size = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        names.push(String::from_utf8_lossy(&head[4..]).into_owned());
        bytes = &bytes[size..];
    }
    names
}

/// Length-prefixed NAL units with start codes instead.
fn annex_b(mut sample: &[u8]) -> Vec<u8> {
    let mut stream = Vec::with_capacity(sample.len() + 16);
    while let Some((length, rest)) = sample.split_at_checked(4) {
        let (unit, rest) = rest.split_at(u32::from_be_bytes(length.try_into().unwrap()) as usize);
        stream.extend([0, 0, 0, 1]);
        stream.extend(unit);
        sample = rest;
    }
    stream
}

/// SPS and PPS out of an `avcC` box.
fn parameter_sets(config: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut at = 5;
    for mask in [0x1F, 0xFF] {
        let count = config[at] & mask;
        at += 1;
        for _ in 0..count {
            let length = usize::from(u16::from_be_bytes([config[at], config[at + 1]]));
            stream.extend([0, 0, 0, 1]);
            stream.extend(&config[at + 2..at + 2 + length]);
            at += 2 + length;
        }
    }
    stream
}
