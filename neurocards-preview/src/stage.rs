//! Everything that is made once for a clip: backdrop, photo sizes, captions, the plan of the shots.

use crate::RenderError;
use crate::backdrop;
use crate::camera::Camera;
use crate::captions::{Block, Lettering, Part};
use crate::colour::Palette;
use crate::font::Typeface;
use crate::geometry::Window;
use crate::layout::{place, safe_zone, travel};
use crate::photo::{Photo, crop_extremes, focus, resized};
use crate::plane::Picture;
use crate::scene::Scene;
use crate::storyboard::{Framing, Join, Storyboard};

/// One shot, ready to be painted.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) window: Window,
    pub(crate) from: Camera,
    pub(crate) to: Camera,
    /// Parts of the caption, placed in the clip.
    pub(crate) parts: Vec<Part>,
    /// Darkens the lower part of a photo that fills the clip.
    pub(crate) scrim: f32,
}

/// A clip before its frames are painted; shared by all render threads.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) frames: usize,
    /// Pixels of the clip for each of 720 columns.
    pub(crate) unit: f32,
    pub(crate) backdrop: Picture,
    pub(crate) photo: Photo,
    pub(crate) views: [View; 3],
    pub(crate) joins: [Join; 2],
}

/// Longest side that a photo is worked with; more cannot be seen in a clip.
const LARGEST_PHOTO: u32 = 2600;

impl Stage {
    pub(crate) fn new(scene: &Scene<'_>) -> Result<Self, RenderError> {
        let cropped = crop_extremes(scene.photo);
        let photo = cropped.as_ref().unwrap_or(scene.photo);
        let longest = photo.width().max(photo.height());
        let reduced = if longest > LARGEST_PHOTO {
            let part =
                |side: u32| (u64::from(side) * u64::from(LARGEST_PHOTO) / u64::from(longest)).max(1) as u32;
            Some(resized(photo, part(photo.width()), part(photo.height()))?)
        } else {
            None
        };
        let photo = reduced.as_ref().unwrap_or(photo);
        let small = thumbnail(photo)?;

        let (width, height) = (scene.spec.width as usize, scene.spec.height as usize);
        let plan = Storyboard::of(scene.seed, scene.variant);
        let palette = Palette::of(&small);
        let backdrop = backdrop::paint(&small, &palette, plan.colour, width, height);
        let views =
            views(scene, &plan, &palette, focus(&small), (photo.width() as f32, photo.height() as f32))?;
        let scales = |pick: fn(f32, f32) -> f32, start: f32| {
            let size = (photo.width() as f32, photo.height() as f32);
            let each = views
                .iter()
                .flat_map(|view| [&view.from, &view.to].map(|c| c.scale(&view.window.rect, size)));
            each.fold(start, pick)
        };
        let photo = Photo::new(photo, scales(f32::min, f32::MAX), scales(f32::max, 0.0))?;
        let unit = width as f32 / 720.0;
        Ok(Self {
            width,
            height,
            frames: scene.spec.frame_count(),
            unit,
            backdrop,
            photo,
            views,
            joins: plan.joins,
        })
    }
}

/// A version of about 160 pixels for looking at colours and detail.
fn thumbnail(photo: &image::RgbImage) -> Result<image::RgbImage, RenderError> {
    let longest = photo.width().max(photo.height());
    let part = |side: u32| (side * 160 / longest).max(8);
    resized(photo, part(photo.width()), part(photo.height()))
}

fn views(
    scene: &Scene<'_>,
    plan: &Storyboard,
    palette: &Palette,
    focus: (f32, f32),
    photo: (f32, f32),
) -> Result<[View; 3], RenderError> {
    let (width, height) = (scene.spec.width as f32, scene.spec.height as f32);
    let unit = width / 720.0;
    let accent = palette.accent(plan.colour);
    let lettering = Lettering { face: Typeface::bundled()?, accent, unit, width: safe_zone(width, height).w };
    let texts = [&scene.captions.hook, &scene.captions.benefit, &scene.captions.call_to_action];
    Ok(std::array::from_fn(|i| {
        let shot = &plan.shots[i];
        let block = lettering.block(texts[i], shot.style);
        let places = place(shot, &block, photo, width, height);
        let (from, to) = travel(shot.movement, &places.window.rect, photo, focus, plan.direction, unit);
        let scrim = if shot.framing == Framing::Full { 1.0 } else { 0.0 };
        View { window: places.window, from, to, parts: placed(block, places.caption), scrim }
    }))
}

fn placed(block: Block, (left, top): (f32, f32)) -> Vec<Part> {
    let place =
        |part: Part| Part { x: part.x + left, y: part.y + top, ink: part.ink.moved(left, top), ..part };
    block.parts.into_iter().map(place).collect()
}
