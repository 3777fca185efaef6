//! Where the catalogue and KIE's own list differ.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Family, KieCatalogue};
use crate::client::LiveModel;

/// What models that make a video of a picture are called in KIE's list.
const IMAGE_TO_VIDEO: &str = "image-to-video";

/// Where the catalogue and KIE's own list differ. A difference changes nothing by itself: an operator decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// How many models KIE has.
    pub live: usize,
    /// Models that can be ordered here and that KIE does not list.
    pub gone: Vec<String>,
    /// Models that are paused or retired here and that KIE lists.
    pub back: Vec<String>,
    /// Models that make videos of pictures and that the catalogue does not know.
    pub new: Vec<LiveModel>,
    /// What KIE says that the models cost which can be ordered here: free text, for comparing.
    pub prices: Vec<LivePrice>,
}

/// A price as we have it and as KIE words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LivePrice {
    /// The model.
    pub model: String,
    /// One clip, in thousandths of a US dollar, by our catalogue.
    pub price_milli_usd: Option<u32>,
    /// KIE's own words.
    pub pricing: String,
}

impl KieCatalogue {
    /// Compares this catalogue with KIE's own list. Only models of `createTask` are missed in it: whether KIE lists
    /// those with endpoints of their own is not documented.
    pub fn drift(&self, live: &[LiveModel]) -> Drift {
        let listed: BTreeMap<_, _> = live.iter().map(|model| (model.model.as_str(), model)).collect();
        let mut drift = Drift { live: live.len(), ..Drift::default() };
        for model in self.models.models() {
            let Some(row) = self.row(&model.id) else { continue };
            match (row.is_usable(), listed.get(model.id.as_str())) {
                (true, None) if row.family == Family::Jobs => drift.gone.push(model.id.clone()),
                (false, Some(_)) => drift.back.push(model.id.clone()),
                (true, Some(LiveModel { pricing: Some(pricing), .. })) => drift.prices.push(LivePrice {
                    model: model.id.clone(),
                    price_milli_usd: model.price_milli_usd,
                    pricing: pricing.clone(),
                }),
                _ => {}
            }
        }
        let unknown = live.iter().filter(|model| self.row(&model.model).is_none());
        let renders = |model: &&LiveModel| model.task_types.iter().any(|kind| is_image_to_video(kind));
        drift.new = unknown.filter(renders).cloned().collect();
        drift
    }
}

/// KIE writes `image-to-video` and `Image To Video`.
fn is_image_to_video(kind: &str) -> bool {
    kind.to_ascii_lowercase().replace([' ', '_'], "-") == IMAGE_TO_VIDEO
}
