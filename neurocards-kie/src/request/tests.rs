use bytes::Bytes;
use image::{ImageFormat, RgbImage};
use neurocards_core::{Photo, PhotoLimits};

use super::*;
use crate::KieCatalogue;

const PHOTO: &str = "https://files.example/photo.jpg";
const PROMPT: &str = "A hand turns the cup to the light.";

fn check(id: &str, callback: Option<&str>, expect: Value) {
    let catalogue = KieCatalogue::bundled().unwrap();
    let call = build(catalogue.row(id).unwrap(), PROMPT, PHOTO, callback).unwrap();
    assert_eq!(call.body, expect, "{id}");
}

/// One of each naming scheme, type and family, letter by letter as documented.
#[test]
fn bodies_are_what_the_documents_say() {
    check(
        "bytedance/seedance-1.5-pro",
        Some("https://cards.example/callbacks/kie/token"),
        json!({
            "model": "bytedance/seedance-1.5-pro",
            "callBackUrl": "https://cards.example/callbacks/kie/token",
            "input": {
                "prompt": PROMPT, "input_urls": [PHOTO], "duration": 5, "resolution": "720p",
                "aspect_ratio": "9:16", "generate_audio": true,
            },
        }),
    );
    check(
        "bytedance/v1-lite-image-to-video",
        None,
        json!({
            "model": "bytedance/v1-lite-image-to-video",
            "input": { "prompt": PROMPT, "image_url": PHOTO, "duration": "5", "resolution": "720p" },
        }),
    );
    check(
        "kling-3.0/video",
        None,
        json!({
            "model": "kling-3.0/video",
            "input": {
                "prompt": PROMPT, "image_urls": [PHOTO], "duration": "5", "mode": "std", "sound": true,
                "multi_shots": false, "aspect_ratio": "9:16",
            },
        }),
    );
    check(
        "kling-3.0-omni/image-to-video",
        None,
        json!({
            "model": "kling-3.0-omni/image-to-video",
            "input": {
                "prompt": PROMPT, "image_urls": [PHOTO], "duration": 5, "resolution": "720p", "audio": true,
                "customize_multi_shots": false, "prefer_multi_shots": false,
            },
        }),
    );
    check(
        "minimax-h3/image-to-video",
        None,
        json!({
            "model": "minimax-h3/image-to-video",
            "input": { "prompt": PROMPT, "first_frame_url": PHOTO, "duration": 5, "resolution": "768P" },
        }),
    );
    check(
        "wan/3-0-video",
        None,
        json!({
            "model": "wan/3-0-video",
            "input": {
                "prompt": PROMPT, "first_frame_url": PHOTO, "duration": 5, "resolution": "720P",
                "aspect_ratio": "9:16", "audio": true,
            },
        }),
    );
    check(
        "pixverse-v6/image-to-video",
        None,
        json!({
            "model": "pixverse-v6/image-to-video",
            "input": {
                "prompt": PROMPT, "image_urls": [PHOTO], "duration": 5, "quality": "720p",
                "generate_audio_switch": true,
            },
        }),
    );
    check(
        "veo3_fast",
        Some("https://cards.example/callbacks/kie/token"),
        json!({
            "model": "veo3_fast", "prompt": PROMPT, "imageUrls": [PHOTO], "duration": 8, "resolution": "720p",
            "aspect_ratio": "9:16", "generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO",
            "callBackUrl": "https://cards.example/callbacks/kie/token",
        }),
    );
    check("runway", None, json!({ "prompt": PROMPT, "imageUrl": PHOTO, "duration": 5, "quality": "720p" }));
}

/// What no test names one by one holds for all of them.
#[test]
fn every_serving_model_can_be_asked_for() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let mut asked = 0;
    for model in catalogue.models().models() {
        let row = catalogue.row(&model.id).unwrap();
        let Ok(call) = build(row, PROMPT, PHOTO, None) else {
            let refused = build(row, PROMPT, PHOTO, None).unwrap_err();
            assert!(matches!(refused, RequestError::NotServing { .. }), "{}: {refused}", model.id);
            continue;
        };
        asked += 1;
        let input = if row.family == Family::Jobs { &call.body["input"] } else { &call.body };
        let image = row.image.as_ref().unwrap();
        let photo = match image.shape {
            Shape::String => json!(PHOTO),
            Shape::Array => json!([PHOTO]),
        };
        assert_eq!(input[&image.field], photo, "{}", model.id);
        assert_eq!(input["prompt"], PROMPT);
        let ratio = row.ratio_field.as_ref().map(|field| &input[field]);
        assert!(ratio.is_none_or(|ratio| ratio == VERTICAL), "{}", model.id);
    }
    assert!(asked >= 30);
}

#[test]
fn what_breaks_a_limit_never_leaves() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let refused = |id: &str, prompt: &str| {
        Fault::from(build(catalogue.row(id).unwrap(), prompt, PHOTO, None).unwrap_err())
    };
    let long = refused("wan/2-5-image-to-video", &"щ".repeat(801));
    assert_eq!(long.class, FaultClass::InvalidInput);
    assert_eq!(
        long.message,
        "the prompt has 801 characters and the model wan/2-5-image-to-video takes 1 to 800"
    );
    assert!(build(catalogue.row("wan/2-5-image-to-video").unwrap(), &"щ".repeat(800), PHOTO, None).is_ok());
    assert_eq!(refused("bytedance/seedance-1.5-pro", "ab").class, FaultClass::InvalidInput);
    let gone = refused("sora-2-image-to-video", PROMPT);
    assert_eq!(gone.class, FaultClass::ModelUnavailable);
    assert_eq!(gone.message, "the model sora-2-image-to-video is retired");
}

#[tokio::test]
async fn photos_are_padded_and_measured() {
    let catalogue = KieCatalogue::bundled().unwrap();
    let mut png = std::io::Cursor::new(Vec::new());
    RgbImage::from_fn(600, 400, |x, y| image::Rgb([x as u8, y as u8, 90]))
        .write_to(&mut png, ImageFormat::Png)
        .unwrap();
    let photo = Photo::intake(png.get_ref(), &PhotoLimits::default()).unwrap();
    let mut row = catalogue.row("kling-3.0/video").unwrap().clone();

    let padded = Photo::from_media(prepare(&row, photo.jpeg()).await.unwrap()).unwrap();
    assert!((padded.width() * 16).abs_diff(padded.height() * 9) <= 16, "{padded:?}");
    // One that has the shape goes as it is.
    assert_eq!(prepare(&row, padded.jpeg()).await.unwrap(), padded.jpeg());

    row.image.as_mut().unwrap().max_bytes = 100;
    let large = prepare(&row, photo.jpeg()).await.unwrap_err();
    assert!(matches!(large, RequestError::PhotoSize { max: 100, .. }), "{large}");
    assert_eq!(prepare(&row, &Bytes::from_static(b"GIF89a")).await, Err(RequestError::Photo));
}
