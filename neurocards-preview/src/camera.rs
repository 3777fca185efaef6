//! What the camera sees: a point of the photo and a zoom, always inside the photo.

use crate::ease::lerp;
use crate::geometry::Rect;

/// A view of the photo through a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Camera {
    /// The point of the photo in the middle of the window, in shares of its width and height.
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// 1 is the smallest zoom at which the photo fills the window.
    pub(crate) zoom: f32,
}

impl Camera {
    pub(crate) fn towards(&self, other: &Self, t: f32) -> Self {
        Self {
            x: lerp(self.x, other.x, t),
            y: lerp(self.y, other.y, t),
            zoom: self.zoom * (other.zoom / self.zoom).powf(t),
        }
    }

    /// Clip pixels for each photo pixel.
    pub(crate) fn scale(&self, window: &Rect, photo: (f32, f32)) -> f32 {
        self.zoom.max(1.0) * (window.w / photo.0).max(window.h / photo.1)
    }

    /// The nearest camera whose view does not leave the photo.
    pub(crate) fn inside(&self, window: &Rect, photo: (f32, f32)) -> Self {
        let scale = self.scale(window, photo);
        let margin = |window: f32, photo: f32| (window / (photo * scale) / 2.0).min(0.5);
        let (mx, my) = (margin(window.w, photo.0), margin(window.h, photo.1));
        Self { x: self.x.clamp(mx, 1.0 - mx), y: self.y.clamp(my, 1.0 - my), zoom: self.zoom.max(1.0) }
    }

    /// Where the top left corner of the photo lies in the clip.
    pub(crate) fn origin(&self, window: &Rect, photo: (f32, f32)) -> (f32, f32) {
        let scale = self.scale(window, photo);
        (window.centre_x() - self.x * photo.0 * scale, window.centre_y() - self.y * photo.1 * scale)
    }
}
