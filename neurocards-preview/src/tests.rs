//! Renders small clips and reads them back as a player would.

mod playback;

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use image::{Rgb, RgbImage};

use crate::layout::safe_zone;
use crate::stage::Stage;
use crate::{Captions, ClipSpec, RenderError, Scene, render};
use playback::Playback;

const LONG: &str = "Невероятно мягкий и тёплый плед из настоящей мериносовой шерсти, который согреет всю вашу семью \
                    даже самой холодной зимой!";

fn photo(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        let ring = ((u * u + v * v).sqrt() * 40.0).sin() * 60.0;
        Rgb([(150.0 + ring) as u8, (90.0 + 160.0 * v + ring / 2.0) as u8, (120.0 + 160.0 * u) as u8])
    })
}

fn spec() -> ClipSpec {
    ClipSpec {
        width: 180,
        height: 320,
        duration: Duration::from_millis(1500),
        bits_per_second: 600_000,
        ..ClipSpec::default()
    }
}

fn words() -> Captions {
    Captions {
        hook: "Кофе как в кофейне".into(),
        benefit: "Stays hot for 6 hours".into(),
        call_to_action: "Заказать за 990 ₽".into(),
    }
}

fn scene(photo: &RgbImage) -> Scene<'_> {
    Scene { photo, captions: words(), seed: 1, variant: 0, spec: spec() }
}

fn play(scene: &Scene<'_>) -> Playback {
    Playback::of(&render(scene, &|_| ControlFlow::Continue(())).unwrap())
}

#[test]
fn the_default_clip_plays_in_telegram() {
    let photo = photo(900, 1200);
    let scene = Scene { spec: ClipSpec::default(), ..scene(&photo) };
    let mp4 = render(&scene, &|_| ControlFlow::Continue(())).unwrap();
    let boxes = playback::top_boxes(&mp4);
    let at = |name: &str| boxes.iter().position(|b| b == name).unwrap();
    assert!(at("moov") < at("mdat"), "fast start: {boxes:?}");
    let play = Playback::of(&mp4);
    assert_eq!((play.width, play.height), (720, 1280));
    assert!(play.codec.starts_with("avc1.64"), "{}", play.codec);
    assert_eq!(play.frames.len(), 192);
    for seconds in [play.movie_seconds, play.video_seconds, play.audio_seconds] {
        assert!((seconds - 8.0).abs() < 0.03, "{seconds} s");
    }
    assert_eq!(play.audio_config, (2, 3, 2), "AAC-LC, 48 kHz, stereo");
    assert_eq!(play.key_frames, [0, 48, 96, 144]);
    assert!((200_000..5_000_000).contains(&mp4.len()), "{} bytes", mp4.len());
}

#[test]
fn pictures_move_and_end_where_they_should() {
    let photo = photo(480, 360);
    let play = play(&scene(&photo));
    assert_eq!(play.frames.len(), 36);
    for third in play.frames.chunks(12) {
        assert!(playback::difference(&third[0], &third[11]) > 0.5, "each shot moves");
    }
    assert!(playback::difference(&play.frames[5], &play.frames[30]) > 5.0, "shots differ");
}

#[test]
fn the_same_scene_gives_the_same_bytes() {
    let photo = photo(400, 400);
    let once = |seed, variant| {
        render(&Scene { seed, variant, ..scene(&photo) }, &|_| ControlFlow::Continue(())).unwrap()
    };
    assert_eq!(once(7, 2), once(7, 2));
    assert_ne!(once(7, 2), once(7, 3));
}

#[test]
fn variants_of_one_order_look_different() {
    let photo = photo(500, 500);
    let plays: Vec<Playback> = (0..5).map(|variant| play(&Scene { variant, ..scene(&photo) })).collect();
    for (i, a) in plays.iter().enumerate() {
        for (j, b) in plays[..i].iter().enumerate() {
            let most = (0..36)
                .step_by(5)
                .map(|frame| playback::difference(&a.frames[frame], &b.frames[frame]))
                .fold(0.0, f32::max);
            assert!(most > 6.0, "variants {j} and {i} differ by {most}");
        }
    }
}

#[test]
fn captions_are_seen_in_their_third() {
    let photo = photo(480, 480);
    for variant in 0..4 {
        let full = play(&Scene { variant, ..scene(&photo) });
        let mut captions = words();
        captions.hook = "Совсем другие слова".into();
        let other = play(&Scene { variant, captions, ..scene(&photo) });
        let changed = |frame: usize| playback::difference(&full.frames[frame], &other.frames[frame]);
        assert!(changed(6) > 0.5, "variant {variant}: the hook is drawn, {}", changed(6));
        assert!(changed(32) < changed(6), "variant {variant}: and only in its third");
    }
}

#[test]
fn empty_captions_and_odd_photos_render() {
    for (width, height) in [(300, 300), (900, 300), (300, 900), (2000, 300), (301, 437)] {
        let photo = photo(width, height);
        for variant in 0..4 {
            let captions = if variant % 2 == 0 { Captions::default() } else { words() };
            let spec = ClipSpec { duration: Duration::from_millis(500), ..spec() };
            let play = play(&Scene { photo: &photo, captions, seed: 3, variant, spec });
            assert_eq!(play.frames.len(), 12, "{width}x{height} variant {variant}");
        }
    }
}

#[test]
fn longest_captions_stay_in_the_safe_zone() {
    let texts = [LONG.to_owned(), "Щ".repeat(120), "ШИРОКО ".repeat(17), "Да".into(), "990 ₽".into()];
    for photo in [photo(600, 400), photo(400, 600), photo(300, 900)] {
        for (variant, text) in (0..4).flat_map(|variant| texts.iter().map(move |text| (variant, text))) {
            let captions =
                Captions { hook: text.clone(), benefit: text.clone(), call_to_action: text.clone() };
            let spec = ClipSpec { width: 360, height: 640, ..spec() };
            let stage = Stage::new(&Scene { photo: &photo, captions, seed: 0, variant, spec }).unwrap();
            let safe = safe_zone(360.0, 640.0);
            for part in stage.views.iter().flat_map(|view| &view.parts) {
                let ink = part.ink;
                let inside = ink.x >= safe.x - 1.0
                    && ink.right() <= safe.right() + 1.0
                    && ink.y >= safe.y - 1.0
                    && ink.bottom() <= safe.bottom() + 1.0;
                assert!(inside, "variant {variant}, {text}: {ink:?} in {safe:?}");
            }
        }
    }
}

#[test]
fn progress_grows_to_one_and_can_cancel() {
    let photo = photo(300, 300);
    let seen = Mutex::new(Vec::new());
    let report = |share| {
        seen.lock().unwrap().push(share);
        ControlFlow::Continue(())
    };
    render(&scene(&photo), &report).unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(seen.is_sorted() && seen.last() == Some(&1.0), "{seen:?}");
    let cancelled = render(&scene(&photo), &|share| {
        if share > 0.3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(cancelled, Err(RenderError::Cancelled)), "{cancelled:?}");
}

#[test]
fn impossible_clips_are_refused() {
    let photo = photo(300, 300);
    let refused = |spec: ClipSpec| {
        let result = render(&Scene { spec, ..scene(&photo) }, &|_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(RenderError::Spec { .. })), "{result:?}");
    };
    refused(ClipSpec { width: 181, ..spec() });
    refused(ClipSpec { width: 320, height: 180, ..spec() });
    refused(ClipSpec { frames_per_second: 0, ..spec() });
    refused(ClipSpec { duration: Duration::ZERO, ..spec() });
    let dot = RgbImage::new(1, 1);
    let result = render(&scene(&dot), &|_| ControlFlow::Continue(()));
    assert!(matches!(result, Err(RenderError::PhotoTooSmall { width: 1, .. })), "{result:?}");
}
