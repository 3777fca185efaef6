//! Rectangles in the pixels of the clip.

use crate::ease::lerp;

/// An axis-aligned rectangle; `x`, `y` is the top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) w: f32,
    pub(crate) h: f32,
}

impl Rect {
    pub(crate) fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Self { x, y, w, h }
    }

    pub(crate) fn right(&self) -> f32 {
        self.x + self.w
    }

    pub(crate) fn bottom(&self) -> f32 {
        self.y + self.h
    }

    pub(crate) fn centre_x(&self) -> f32 {
        self.x + self.w / 2.0
    }

    pub(crate) fn centre_y(&self) -> f32 {
        self.y + self.h / 2.0
    }

    pub(crate) fn moved(&self, dx: f32, dy: f32) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..*self }
    }

    /// The same rectangle in the coordinates of a plane of half size.
    pub(crate) fn halved(&self) -> Self {
        Self { x: self.x / 2.0, y: self.y / 2.0, w: self.w / 2.0, h: self.h / 2.0 }
    }

    pub(crate) fn towards(&self, other: &Self, t: f32) -> Self {
        Self {
            x: lerp(self.x, other.x, t),
            y: lerp(self.y, other.y, t),
            w: lerp(self.w, other.w, t),
            h: lerp(self.h, other.h, t),
        }
    }

    pub(crate) fn covers(&self, width: f32, height: f32) -> bool {
        self.x <= 0.01 && self.y <= 0.01 && self.right() >= width - 0.01 && self.bottom() >= height - 0.01
    }
}

/// A rectangle with round corners.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) rect: Rect,
    pub(crate) radius: f32,
}

impl Window {
    pub(crate) fn towards(&self, other: &Self, t: f32) -> Self {
        Self { rect: self.rect.towards(&other.rect, t), radius: lerp(self.radius, other.radius, t) }
    }

    pub(crate) fn moved(&self, dx: f32, dy: f32) -> Self {
        Self { rect: self.rect.moved(dx, dy), radius: self.radius }
    }

    pub(crate) fn halved(&self) -> Self {
        Self { rect: self.rect.halved(), radius: self.radius / 2.0 }
    }

    /// Share of the pixel around (`x`, `y`) that lies inside, 0 to 1.
    pub(crate) fn coverage(&self, x: f32, y: f32) -> f32 {
        let (half_w, half_h) = (self.rect.w / 2.0, self.rect.h / 2.0);
        let radius = self.radius.min(half_w).min(half_h);
        let dx = (x - self.rect.centre_x()).abs() - (half_w - radius);
        let dy = (y - self.rect.centre_y()).abs() - (half_h - radius);
        let outside = dx.max(0.0).hypot(dy.max(0.0));
        let distance = outside + dx.max(dy).min(0.0) - radius;
        (0.5 - distance).clamp(0.0, 1.0)
    }
}
