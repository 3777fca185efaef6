//! Paints one frame of a clip, straight into the planes that the encoder reads.

mod captions;
mod surface;

use crate::camera::Camera;
use crate::ease::{in_out_cubic, in_out_sine};
use crate::geometry::Window;
use crate::plane::Picture;
use crate::sprite::Blitter;
use crate::stage::{Stage, View};
use crate::storyboard::Join;
use surface::Surface;

/// Half of the time that a transition takes, in shots.
const HALF_JOIN: f32 = 0.115;

/// Paints the frames of a stage in any order; every thread has its own.
#[derive(Debug)]
pub(crate) struct Painter<'a> {
    stage: &'a Stage,
    frame: Picture,
    surface: Surface,
    blitter: Blitter,
}

impl<'a> Painter<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            frame: Picture::new(stage.width, stage.height),
            surface: Surface::default(),
            blitter: Blitter::default(),
        }
    }

    /// Paints frame `index`; the picture is valid until the next call.
    pub(crate) fn paint(&mut self, index: usize) -> &Picture {
        let stage = self.stage;
        // Time in shots: 0 to 3.
        let time = (index as f32 + 0.5) / stage.frames as f32 * 3.0;
        let shot = (time as usize).min(2);
        let near = if time - shot as f32 > 0.5 { shot } else { shot.wrapping_sub(1) };
        let into = if near < 2 { (time - (near + 1) as f32 + HALF_JOIN) / (2.0 * HALF_JOIN) } else { -1.0 };
        if (0.0..1.0).contains(&into) {
            self.join(near, time, into);
        } else {
            let view = &stage.views[shot];
            self.ground(&[view.window]);
            self.photo(view.window, camera(view, shot, time));
            self.surface.scrim(&mut self.frame, view.scrim);
        }
        captions::lay(&mut self.blitter, &mut self.frame, &stage.views[shot].parts, shot, time, stage.unit);
        &self.frame
    }

    fn join(&mut self, first: usize, time: f32, into: f32) {
        let stage = self.stage;
        let (a, b) = (&stage.views[first], &stage.views[first + 1]);
        let (camera_a, camera_b) = (camera(a, first, time), camera(b, first + 1, time));
        let part = in_out_cubic(into);
        match stage.joins[first] {
            Join::Morph => {
                let part = in_out_sine(into);
                let window = a.window.towards(&b.window, part);
                self.ground(&[window]);
                self.photo(window, camera_a.towards(&camera_b, part));
                self.surface.scrim(&mut self.frame, a.scrim + (b.scrim - a.scrim) * part);
            }
            Join::Push(x, y) => {
                let (w, h) = (stage.width as f32, stage.height as f32);
                let out = a.window.moved(-x * w * part, -y * h * part);
                let back = b.window.moved(x * w * (1.0 - part), y * h * (1.0 - part));
                self.ground(&[out, back]);
                self.photo(out, camera_a);
                self.photo(back, camera_b);
                self.surface.scrim(&mut self.frame, a.scrim * (1.0 - part) + b.scrim * part);
            }
        }
    }

    /// Backdrop and shadows, unless a window hides all of it.
    fn ground(&mut self, windows: &[Window]) {
        let (w, h) = (self.stage.width as f32, self.stage.height as f32);
        if windows.iter().any(|window| window.rect.covers(w, h) && window.radius < 0.5) {
            return;
        }
        self.frame.copy_from(&self.stage.backdrop);
        for window in windows {
            self.surface.shadow(&mut self.frame, window, self.stage.unit);
        }
    }

    fn photo(&mut self, window: Window, camera: Camera) {
        let photo = &self.stage.photo;
        let size = (photo.width, photo.height);
        let camera = camera.inside(&window.rect, size);
        let scale = camera.scale(&window.rect, size);
        let origin = camera.origin(&window.rect, size);
        self.surface.photo(&mut self.frame, photo, &window, origin, scale);
    }
}

/// The camera of a shot; it moves from the first to the last moment at which the shot can be seen.
fn camera(view: &View, shot: usize, time: f32) -> Camera {
    let start = if shot == 0 { 0.0 } else { shot as f32 - HALF_JOIN };
    let end = if shot == 2 { 3.0 } else { shot as f32 + 1.0 + HALF_JOIN };
    view.from.towards(&view.to, in_out_sine((time - start) / (end - start)))
}
