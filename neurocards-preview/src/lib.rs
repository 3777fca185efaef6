//! A video provider that renders a real MP4 from the photo on this machine.
//!
//! No key, no server, no ffmpeg: one product photo and three short captions become a vertical H.264 video with
//! a silent AAC track. [`render`] is pure and synchronous: the same [`Scene`] gives the same bytes on one machine,
//! whatever the number of cores, because the clip is always cut into the same independent segments.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use neurocards_preview::{Captions, ClipSpec, Scene, render};
//!
//! let photo = image::RgbImage::new(600, 400);
//! let captions = Captions {
//!     hook: "Кофе как в кофейне".into(),
//!     benefit: "Держит тепло 6 часов".into(),
//!     call_to_action: "Заказать за 990 ₽".into(),
//! };
//! let scene = Scene { photo: &photo, captions, seed: 7, variant: 0, spec: ClipSpec::default() };
//! let mp4 = render(&scene, &|_done| ControlFlow::Continue(()))?;
//! # Ok::<(), neurocards_preview::RenderError>(())
//! ```
//!
//! Known weaknesses:
//! - the camera looks for detail, not for meaning: a busy background can win against a plain product;
//! - captions are left-to-right and unshaped, so Arabic, Hebrew, Indic scripts and CJK are dropped like emoji;
//! - the audio track is silence, because a soundless MP4 is shown as a GIF by Telegram.

mod backdrop;
mod budget;
mod camera;
mod canvas;
mod captions;
mod colour;
mod ease;
mod encode;
mod error;
mod font;
mod geometry;
mod layout;
mod mp4;
mod paint;
mod photo;
mod plane;
mod provider;
mod render;
mod resample;
mod scene;
mod sprite;
mod stage;
mod storyboard;
mod wrap;

pub use error::RenderError;
pub use provider::PreviewProvider;
pub use render::render;
pub use scene::{Captions, ClipSpec, Scene};

#[cfg(test)]
mod tests;
