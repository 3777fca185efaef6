//! The renderer against the encoder that it is built on: a whole 8 s clip, and the bare single-threaded encoding of
//! the frames of the same clip. The first should take about as long as the second, or less.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use image::{Rgb, RgbImage};
use neurocards_preview::{Captions, ClipSpec, Scene, render};
use openh264::decoder::Decoder;
use openh264::encoder::{BitRate, Complexity, Encoder, EncoderConfig, FrameRate, QpRange, RateControlMode};
use openh264::formats::{YUVSlices, YUVSource as _};
use openh264::{OpenH264API, nal_units};

const WIDTH: usize = 720;
const HEIGHT: usize = 1280;

/// A photo with edges, gradients and some grain, like a product on a table.
fn photo() -> RgbImage {
    RgbImage::from_fn(900, 1200, |x, y| {
        let (u, v) = (x as f32 / 900.0 - 0.5, y as f32 / 1200.0 - 0.5);
        let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 13 & 3;
        let body = if u.abs() < 0.22 && v.abs() < 0.34 { 90.0 } else { 0.0 };
        let stripes = ((u * 60.0).sin() * (v * 45.0).cos() * 30.0).round();
        let tone = |base: f32| (base + body + stripes + 80.0 * v + grain as f32).clamp(0.0, 255.0) as u8;
        Rgb([tone(130.0), tone(90.0), tone(60.0)])
    })
}

fn clip(photo: &RgbImage) -> Vec<u8> {
    let captions = Captions {
        hook: "Утро начинается с хорошего кофе".into(),
        benefit: "Держит тепло до 6 часов".into(),
        call_to_action: "Заказать за 990 ₽".into(),
    };
    let scene = Scene { photo, captions, seed: 2, variant: 0, spec: ClipSpec::default() };
    render(&scene, &|_| ControlFlow::Continue(())).expect("the clip renders")
}

/// The frames of a clip as I420, one after the other.
fn frames(mp4: &[u8]) -> Vec<Vec<u8>> {
    let file = re_mp4::Mp4::read_bytes(mp4).expect("an MP4");
    let track =
        file.tracks().values().find(|track| track.kind == Some(re_mp4::TrackKind::Video)).expect("video");
    let mut decoder = Decoder::new().expect("a decoder");
    let mut decoded = Vec::new();
    let config = track.raw_codec_config(&file).expect("avcC");
    for unit in nal_units(&start_codes(&config)) {
        let _ = decoder.decode(unit);
    }
    for sample in &track.samples {
        let mut stream = Vec::new();
        let mut rest = &mp4[sample.byte_range()];
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let (unit, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
            stream.extend([0, 0, 0, 1]);
            stream.extend(unit);
            rest = tail;
        }
        if let Ok(Some(picture)) = decoder.decode(&stream) {
            let (sy, su, sv) = picture.strides();
            let mut frame = Vec::with_capacity(WIDTH * HEIGHT * 3 / 2);
            for (plane, stride, width) in
                [(picture.y(), sy, WIDTH), (picture.u(), su, WIDTH / 2), (picture.v(), sv, WIDTH / 2)]
            {
                plane.chunks(stride).for_each(|line| frame.extend(&line[..width]));
            }
            decoded.push(frame);
        }
    }
    decoded
}

/// SPS and PPS of an `avcC` box that has one of each, as the renderer writes it.
fn start_codes(config: &[u8]) -> Vec<u8> {
    let sps = usize::from(u16::from_be_bytes([config[6], config[7]]));
    let pps_at = 8 + sps + 1;
    let pps = usize::from(u16::from_be_bytes([config[pps_at], config[pps_at + 1]]));
    let (sps, pps) = (&config[8..8 + sps], &config[pps_at + 2..pps_at + 2 + pps]);
    [&[0, 0, 0, 1], sps, &[0, 0, 0, 1], pps].concat()
}

fn encode(frames: &[Vec<u8>]) -> usize {
    let config = EncoderConfig::new()
        .bitrate(BitRate::from_bps(3_200_000))
        .max_frame_rate(FrameRate::from_hz(24.0))
        .rate_control_mode(RateControlMode::Bufferbased)
        .skip_frames(false)
        .qp(QpRange::new(22, 22))
        .complexity(Complexity::Low)
        .adaptive_quantization(false)
        .background_detection(false)
        .scene_change_detect(false)
        .num_threads(1);
    let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config).expect("an encoder");
    let mut size = 0;
    for frame in frames {
        let (y, chroma) = frame.split_at(WIDTH * HEIGHT);
        let (u, v) = chroma.split_at(WIDTH * HEIGHT / 4);
        let source = YUVSlices::new((y, u, v), (WIDTH, HEIGHT), (WIDTH, WIDTH / 2, WIDTH / 2));
        size += encoder.encode(&source).expect("a frame").to_vec().len();
    }
    size
}

fn bench(criterion: &mut Criterion) {
    let photo = photo();
    let frames = frames(&clip(&photo));
    assert_eq!(frames.len(), 192);
    let mut group = criterion.benchmark_group("clip_8s_720x1280");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(40));
    group.bench_function("render", |bench| bench.iter(|| black_box(clip(&photo).len())));
    group.bench_function("openh264_one_thread", |bench| bench.iter(|| black_box(encode(&frames))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
