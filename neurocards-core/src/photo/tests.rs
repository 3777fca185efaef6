use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, imageops};
use moxcms::ColorProfile;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use super::*;

const PLACE: &str = "Home of the seller";

fn intake(bytes: &[u8]) -> Result<Photo, PhotoError> {
    Photo::intake(bytes, &PhotoLimits::default())
}

/// Sharp, bright, and different in every corner: red, green, blue, gray.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let shade = if (x / 10 + y / 10) % 2 == 0 { 0 } else { 60 };
        match (x < width / 2, y < height / 2) {
            (true, true) => Rgb([250 - shade, 40, 40]),
            (false, true) => Rgb([40, 250 - shade, 40]),
            (true, false) => Rgb([40, 40, 250 - shade]),
            (false, false) => Rgb([190 - shade; 3]),
        }
    })
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// EXIF with an orientation and, in a GPS directory, a place.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend([0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    exif.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend([1, 0, 0x1c, 0, 2, 0, PLACE.len() as u8, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend(PLACE.bytes());
    exif
}

fn jpeg_segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

fn jpeg_with_exif(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let jpeg = encoded(image.clone(), ImageFormat::Jpeg);
    let app1 = jpeg_segment(0xe1, &[b"Exif\0\0", &exif(orientation)[..]].concat());
    let comment = jpeg_segment(0xfe, PLACE.as_bytes());
    [&jpeg[..2], &app1, &comment, &jpeg[2..]].concat()
}

fn with_exif(mut encoder: impl ImageEncoder, image: &RgbImage, orientation: u8) {
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    encoder.write_image(image, image.width(), image.height(), image::ExtendedColorType::Rgb8).unwrap();
}

/// A JPEG of one shade, with as many channels as wanted: every coefficient is 0, and so is every coded bit.
fn flat_jpeg(side: u16, channels: u8) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    let mut frame = vec![8, high, low, high, low, channels];
    let mut scan = vec![channels];
    for channel in 1..=channels {
        frame.extend([channel, 0x11, 0]);
        scan.extend([channel, 0]);
    }
    scan.extend([0, 63, 0]);
    let table = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    let adobe = jpeg_segment(0xee, b"Adobe\0\x64\0\0\0\0\0");
    let blocks = usize::from(side.div_ceil(8)).pow(2);
    [
        b"\xff\xd8".to_vec(),
        if channels == 4 { adobe } else { Vec::new() },
        jpeg_segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        jpeg_segment(0xc0, &frame),
        jpeg_segment(0xc4, &table(0)),
        jpeg_segment(0xc4, &table(0x10)),
        jpeg_segment(0xda, &scan),
        vec![0; (blocks * usize::from(channels) * 2).div_ceil(8)],
        b"\xff\xd9".to_vec(),
    ]
    .concat()
}

fn png_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [&name[..], body].concat();
    let mut crc = u32::MAX;
    for byte in &checked {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &checked, &(!crc).to_be_bytes()].concat()
}

fn png_header(side: u32, depth: u8, colors: u8) -> Vec<u8> {
    let side = side.to_be_bytes();
    let body = [&side[..], &side, &[depth, colors, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), png_chunk(b"IHDR", &body)].concat()
}

/// A PNG with a palette of two colours, one bit a pixel, all of them the second colour.
fn palette_png(side: u32) -> Vec<u8> {
    let row = [vec![0], vec![0xff; side.div_ceil(8) as usize]].concat();
    let raw = row.repeat(side as usize);
    let length = u16::try_from(raw.len()).unwrap();
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &raw {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let adler = (b << 16 | a).to_be_bytes();
    let stored = [&[0x78, 1, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &raw, &adler].concat();
    [
        png_header(side, 1, 3),
        png_chunk(b"PLTE", &[0, 0, 0, 200, 100, 50]),
        png_chunk(b"IDAT", &stored),
        png_chunk(b"IEND", b""),
    ]
    .concat()
}

fn close(have: Rgb<u8>, want: [u8; 3], what: &str) {
    let far = have.0.into_iter().zip(want).map(|(have, want)| have.abs_diff(want)).max();
    assert!(far <= Some(12), "{what}: {have:?} is not {want:?}");
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn every_kind_of_picture_becomes_the_same_kind_of_jpeg() {
    let check = |what: &str, bytes: Vec<u8>, expect: [u8; 3]| {
        let photo = intake(&bytes).unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!((photo.width(), photo.height()), (320, 320), "{what}");
        close(*photo.decode().unwrap().get_pixel(3, 3), expect, what);
        let again = intake(&bytes).unwrap();
        assert_eq!(photo, again, "{what}: same bytes in, same photo out");
        let second = intake(photo.jpeg()).unwrap();
        assert_eq!((second.width(), second.height()), (320, 320), "{what}: passes again");
        assert_eq!(photo.sha256().len(), 64);
        let have = photo.photo_ref();
        assert_eq!((have.sha256.as_str(), have.width, have.height), (photo.sha256(), 320, 320));
    };
    let rgb = || DynamicImage::from(picture(320, 320));
    let clear = RgbaImage::from_pixel(320, 320, Rgba([10, 20, 30, 0]));
    let half = RgbaImage::from_pixel(320, 320, Rgba([0, 100, 200, 128]));
    check("jpeg", encoded(rgb(), ImageFormat::Jpeg), [250, 40, 40]);
    check("png", encoded(rgb(), ImageFormat::Png), [250, 40, 40]);
    check("webp", encoded(rgb(), ImageFormat::WebP), [250, 40, 40]);
    check("png, 16 bit", encoded(rgb().into_rgb16(), ImageFormat::Png), [250, 40, 40]);
    check("png, 16 bit, alpha", encoded(rgb().into_rgba16(), ImageFormat::Png), [250, 40, 40]);
    check("png, gray", encoded(rgb().into_luma8(), ImageFormat::Png), [85; 3]);
    check("png, gray, 16 bit, alpha", encoded(rgb().into_luma_alpha16(), ImageFormat::Png), [85; 3]);
    check("png, palette, 1 bit", palette_png(320), [200, 100, 50]);
    check("png, transparent", encoded(clear.clone(), ImageFormat::Png), [255; 3]);
    check("webp, transparent", encoded(clear, ImageFormat::WebP), [255; 3]);
    check("png, half transparent", encoded(half, ImageFormat::Png), [127, 177, 227]);
    check("jpeg, gray", flat_jpeg(320, 1), [128; 3]);
    check("jpeg, CMYK", flat_jpeg(320, 4), [64; 3]);
}

#[test]
fn nothing_is_left_of_the_seller() {
    let image = picture(320, 400);
    let mut icc = Vec::new();
    let mut encoder = JpegEncoder::new(&mut icc);
    encoder.set_icc_profile(ColorProfile::new_srgb().encode().unwrap()).unwrap();
    encoder.encode_image(&image).unwrap();
    assert!(contains(&icc, "ICC_PROFILE"));
    let archive = [jpeg_with_exif(&image, 1), b"PK\x03\x04".to_vec(), PLACE.into()].concat();
    for (what, bytes) in [("exif", jpeg_with_exif(&image, 1)), ("icc", icc), ("archive", archive)] {
        let photo = intake(&bytes).unwrap();
        for trace in ["Exif", "ICC_PROFILE", "PK\x03\x04", PLACE] {
            assert!(!contains(photo.jpeg(), trace), "{what}: {trace}");
        }
        assert!(photo.jpeg().ends_with(b"\xff\xd9"));
    }
}

#[test]
fn what_is_appended_is_left_behind() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let clean = encoded(picture(320, 320), format);
        let polyglot = [&clean[..], b"PK\x03\x04 archive \xff\xd9 IEND"].concat();
        assert_eq!(intake(&clean).unwrap(), intake(&polyglot).unwrap(), "{format:?}");
    }
}

#[test]
fn the_picture_stands_upright() {
    let image = picture(300, 400);
    // The colours of the corners, clockwise from the top left: 1 is as stored.
    let corners = [[250, 40, 40], [40, 250, 40], [130, 130, 130], [40, 40, 250]];
    let check = |what: &str, bytes: Vec<u8>, size: (u32, u32), expect: [usize; 4]| {
        let photo = intake(&bytes).unwrap().decode().unwrap();
        assert_eq!(photo.dimensions(), size, "{what}");
        let (right, bottom) = (size.0 - 1, size.1 - 1);
        for (at, corner) in [(0, 0), (right, 0), (right, bottom), (0, bottom)].into_iter().zip(expect) {
            let have = *photo.get_pixel(at.0, at.1);
            // A corner may fall on the darker square of the pattern.
            let darker = corners[corner].map(|channel| if channel > 100 { channel - 60 } else { channel });
            let far = |want: [u8; 3]| have.0.into_iter().zip(want).all(|(a, b)| a.abs_diff(b) < 75);
            assert!(far(corners[corner]) || far(darker), "{what} at {at:?}: {have:?}");
        }
    };
    let stored = (300, 400);
    let turned = (400, 300);
    check("1", jpeg_with_exif(&image, 1), stored, [0, 1, 2, 3]);
    check("2", jpeg_with_exif(&image, 2), stored, [1, 0, 3, 2]);
    check("3", jpeg_with_exif(&image, 3), stored, [2, 3, 0, 1]);
    check("4", jpeg_with_exif(&image, 4), stored, [3, 2, 1, 0]);
    check("5", jpeg_with_exif(&image, 5), turned, [0, 3, 2, 1]);
    check("6", jpeg_with_exif(&image, 6), turned, [3, 0, 1, 2]);
    check("7", jpeg_with_exif(&image, 7), turned, [2, 1, 0, 3]);
    check("8", jpeg_with_exif(&image, 8), turned, [1, 2, 3, 0]);
    check("9, unknown", jpeg_with_exif(&image, 9), stored, [0, 1, 2, 3]);
    let (mut png, mut webp) = (Vec::new(), Vec::new());
    with_exif(PngEncoder::new(&mut png), &image, 6);
    with_exif(WebPEncoder::new_lossless(&mut webp), &image, 6);
    check("png", png, turned, [3, 0, 1, 2]);
    check("webp", webp, turned, [3, 0, 1, 2]);
}

#[test]
fn wide_colours_are_brought_to_srgb() {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    let image = RgbImage::from_pixel(320, 320, Rgb([200, 100, 100]));
    encoder.write_image(&image, 320, 320, image::ExtendedColorType::Rgb8).unwrap();
    close(*intake(&bytes).unwrap().decode().unwrap().get_pixel(9, 9), [214, 94, 97], "Display P3");
}

#[test]
fn large_pictures_shrink() {
    let photo = intake(&encoded(picture(4_200, 600), ImageFormat::Jpeg)).unwrap();
    assert_eq!((photo.width(), photo.height()), (4_096, 585));
    let padded = photo.padded_to(Ratio::VERTICAL).unwrap();
    assert_eq!((padded.width(), padded.height()), (2_304, 4_096));
}

#[test]
fn what_is_not_taken_is_named() {
    let check = |bytes: &[u8], expect: &str| {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).into_owned();
        assert_eq!(intake(bytes).unwrap_err().to_string(), expect, "{head:?}");
    };
    let not_taken = |name: &str| format!("{name} is not taken; JPEG, PNG and WebP are");
    check(b"", "the file is empty");
    check(b"\xff", "the file is not an image");
    check("Кофейная чашка".as_bytes(), "the file is not an image");
    check(b"BMW, as good as new", "the file is not an image");
    check(b"<html><svg>", "the file is not an image");
    check(&[0; 4096], "the file is not an image");
    check(b"GIF89a\x01\0", &not_taken("GIF"));
    check(b"%PDF-1.7", &not_taken("PDF"));
    check(b"BM\x36\0\0\0\0\0\0\0\x36\0", &not_taken("BMP"));
    check(b"II*\0\x08\0\0\0", &not_taken("TIFF"));
    check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", &not_taken("HEIC"));
    check(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", &not_taken("AVIF"));
    check(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", &not_taken("MOV"));
    check(b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", &not_taken("MP4"));
    check(b"<?xml version=\"1.0\"?>\n<svg xmlns=''/>", &not_taken("SVG"));
    check(b"RIFF\x20\0\0\0AVI LIST", &not_taken("AVI"));
    check(b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\x01\0\xff\x01\0", &not_taken("animated WebP"));
}

#[test]
fn limits_are_kept_before_decoding() {
    let check = |bytes: &[u8], expect: &str| {
        assert_eq!(intake(bytes).unwrap_err().to_string(), expect);
    };
    check(&vec![0xff; 20 * 1024 * 1024 + 1], "the file has 20971521 bytes; at most 20971520 are taken");
    let bomb = "the picture is 20000x20000; at most 40000000 pixels are taken";
    check(&png_header(20_000, 1, 0), bomb);
    check(&[png_header(20_000, 1, 0), png_chunk(b"IEND", b"")].concat(), bomb);
    check(&flat_jpeg(20_000, 1)[..200], bomb);
    let small = "the picture is 299x400; its shorter side needs at least 300 pixels";
    check(&encoded(picture(299, 400), ImageFormat::Png), small);
    let strip = "the picture is 2401x300; one side may be at most 8 times the other";
    check(&encoded(picture(2_401, 300), ImageFormat::Png), strip);
    assert!(intake(&encoded(picture(2_400, 300), ImageFormat::Png)).is_ok());
    check(&png_header(0, 8, 2), "the PNG file is damaged: it has no size");
    // A canvas of 512x512 over a picture of 16383x16383.
    let hidden = b"RIFF\x2c\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x01\0\xff\x01\0\
        VP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f";
    check(hidden, "the WebP file is damaged: the picture and its canvas differ in size");
}

#[test]
fn a_cut_file_never_passes() {
    for (format, name) in
        [(ImageFormat::Jpeg, "JPEG"), (ImageFormat::Png, "PNG"), (ImageFormat::WebP, "WebP")]
    {
        let bytes = encoded(picture(320, 320), format);
        let last = bytes.len() - 1;
        for cut in (0..last).step_by(61).chain(0..64).chain(last - 20..=last) {
            let error = intake(&bytes[..cut]).expect_err(&format!("{name} cut at {cut} of {}", bytes.len()));
            let expect = if cut < 12 { None } else { Some(format!("the {name} file is cut off")) };
            assert!(expect.is_none_or(|expect| error.to_string() == expect), "{name} cut at {cut}: {error}");
        }
    }
}

#[test]
fn damaged_files_never_panic() {
    let mut random = StdRng::seed_from_u64(7);
    for prefix in
        [&b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\xf0\x01\0\0WEBPVP8 ", b"RIFF\xf0\x01\0\0WEBPVP8L"]
    {
        for _ in 0..200 {
            let mut bytes = prefix.to_vec();
            bytes.resize(512, 0);
            random.fill_bytes(&mut bytes[prefix.len()..]);
            assert!(intake(&bytes).is_err());
        }
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = encoded(picture(320, 320), format);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..random.random_range(1..8) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            // A flipped bit may pass unseen; only a panic is wrong.
            drop(intake(&bytes));
        }
    }
}

#[test]
fn padding_keeps_the_photo_and_has_no_bars() {
    let check = |size: (u32, u32), ratio: Ratio, expect: (u32, u32)| {
        let photo = intake(&encoded(picture(size.0, size.1), ImageFormat::Png)).unwrap();
        let padded = photo.padded_to(ratio).unwrap();
        assert_eq!((padded.width(), padded.height()), expect, "{size:?}");
        let (inside, whole) = (photo.decode().unwrap(), padded.decode().unwrap());
        let (left, top) = ((expect.0 - size.0) / 2, (expect.1 - size.1) / 2);
        for (x, y) in [(5, 5), (size.0 - 5, 5), (size.0 / 2 + 5, size.1 / 2 + 5), (5, size.1 - 5)] {
            close(*whole.get_pixel(left + x, top + y), inside.get_pixel(x, y).0, "inside");
        }
        for (x, y) in [(0, 0), (expect.0 - 1, 0), (0, expect.1 - 1), (expect.0 - 1, expect.1 - 1)] {
            let light = whole.get_pixel(x, y).0.into_iter().max();
            assert!(light > Some(60), "{size:?} at {x}, {y}: {light:?} is black");
        }
        assert_eq!(padded.padded_to(ratio).unwrap(), padded, "padded once is enough");
    };
    check((600, 400), Ratio::VERTICAL, (600, 1_067));
    check((400, 400), Ratio::VERTICAL, (400, 711));
    check((300, 800), Ratio::VERTICAL, (450, 800));
    check((300, 400), Ratio::new(16, 9).unwrap(), (711, 400));
    check((400, 300), Ratio::new(1, 1).unwrap(), (400, 400));
    for (width, height) in [(0, 1), (1, 0), (5, 1), (1, 5), (10_001, 10_000), (u32::MAX, u32::MAX)] {
        assert_eq!(Ratio::new(width, height), None);
    }
}

#[test]
fn a_photo_of_the_wanted_shape_is_left_alone() {
    let photo = intake(&encoded(picture(360, 636), ImageFormat::Png)).unwrap();
    assert_eq!(photo.padded_to(Ratio::VERTICAL).unwrap(), photo);
}

/// A textured product of `side` pixels on a plain ground of 600x600.
fn product(side: u32, ground: u8) -> RgbImage {
    let mut image = RgbImage::from_pixel(600, 600, Rgb([ground; 3]));
    imageops::replace(&mut image, &picture(side, side), 200, 150);
    image
}

#[test]
fn warnings_tell_what_may_spoil_the_video() {
    let check = |what: &str, image: RgbImage, expect: &[PhotoWarning]| {
        assert_eq!(intake(&encoded(image, ImageFormat::Png)).unwrap().warnings(), expect, "{what}");
    };
    let dim = |mut image: RgbImage, divisor: u8| {
        image.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|channel| channel / divisor));
        image
    };
    check("good", picture(600, 600), &[]);
    check("dark", dim(picture(600, 600), 5), &[PhotoWarning::Dark { mean_luma: 22 }]);
    check("blurred", imageops::fast_blur(&picture(600, 600), 8.0), &[PhotoWarning::Blurred { sharpness: 0 }]);
    check("small", product(90, 240), &[PhotoWarning::ProductSmall { share_percent: 2 }]);
    check("tiny", product(40, 240), &[PhotoWarning::ProductSmall { share_percent: 1 }]);
    check("large enough", product(300, 240), &[]);
    check("lit on black", product(250, 2), &[]);
}

#[test]
fn the_example_photos_give_no_warnings() {
    for name in ["coffee-cup.jpg", "person.jpg"] {
        let path = format!("{}/../examples/photos/{name}", env!("CARGO_MANIFEST_DIR"));
        let photo = intake(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(photo.warnings(), [], "{name}");
        let padded = photo.padded_to(Ratio::VERTICAL).unwrap();
        assert_eq!(padded.warnings(), []);
        let rim = imageops::grayscale(&padded.decode().unwrap());
        let darkest = rim.rows().next_back().and_then(|row| row.map(|luma| luma.0[0]).min());
        assert!(darkest > Some(30), "{name}: the lower rim has {darkest:?}");
    }
}

#[test]
fn warnings_are_data() {
    let warnings = vec![
        PhotoWarning::Dark { mean_luma: 12 },
        PhotoWarning::Blurred { sharpness: 3 },
        PhotoWarning::ProductSmall { share_percent: 4 },
    ];
    let json = serde_json::to_string(&warnings).unwrap();
    let expect = r#"[{"kind":"dark","mean_luma":12},{"kind":"blurred","sharpness":3},{"kind":"product_small","share_percent":4}]"#;
    assert_eq!(json, expect);
    assert_eq!(serde_json::from_str::<Vec<PhotoWarning>>(&json).unwrap(), warnings);
}

#[test]
fn a_shrunk_photo_is_for_looking_only() {
    let photo = intake(&encoded(picture(1_200, 800), ImageFormat::Png)).unwrap();
    assert_eq!(photo.shrunk_to(1_200).unwrap(), photo);
    let small = photo.shrunk_to(512).unwrap();
    assert!(small.jpeg().len() < photo.jpeg().len());
    assert_eq!((small.width(), small.height()), (512, 341));
    assert_eq!(small.decode().unwrap().dimensions(), (512, 341));
}

#[test]
fn a_photo_comes_back_from_where_it_was_kept() {
    let photo = intake(&encoded(picture(400, 700), ImageFormat::Png)).unwrap();
    let back = Photo::from_media(photo.jpeg().clone()).unwrap();
    assert_eq!((back.jpeg(), back.sha256()), (photo.jpeg(), photo.sha256()));
    assert_eq!((back.width(), back.height()), (400, 700));
    assert_eq!(
        back.padded_to(Ratio::VERTICAL).unwrap().jpeg(),
        photo.padded_to(Ratio::VERTICAL).unwrap().jpeg()
    );
    assert!(Photo::from_media(encoded(picture(400, 700), ImageFormat::Png).into()).is_err());
}
