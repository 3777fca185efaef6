//! One choice per video, no repeats within an order.

use super::Variation;

/// The item for this video: a walk over the whole list that starts and strides by the order's seed, so that no item
/// comes twice before all have come once. `salt` keeps the walks over several lists apart.
pub(super) fn pick<'a, T>(list: &'a [T], variation: Variation, salt: &str) -> Option<&'a T> {
    let len = u64::try_from(list.len()).ok().filter(|len| *len > 0)?;
    let hash = mix(salt.bytes().fold(variation.seed, |hash, byte| mix(hash ^ u64::from(byte))));
    let start = hash % len;
    let first = (hash >> 32) % len;
    let stride = (first..first + len).find(|stride| gcd(*stride, len) == 1).unwrap_or(1);
    let at = (start + u64::from(variation.index) % len * (stride % len)) % len;
    list.get(usize::try_from(at).ok()?)
}

/// The finaliser of SplitMix64: stable across platforms and versions.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_walk_visits_every_item_once() {
        for len in 1..=30_u32 {
            let list: Vec<u32> = (0..len).collect();
            for seed in 0..50 {
                let picks: HashSet<u32> = (0..len)
                    .filter_map(|index| pick(&list, Variation { index, count: len, seed }, "hero"))
                    .copied()
                    .collect();
                assert_eq!(picks.len(), list.len(), "len {len}, seed {seed}");
            }
        }
    }

    #[test]
    fn an_empty_list_gives_nothing() {
        assert_eq!(pick::<u8>(&[], Variation { index: 3, count: 5, seed: 1 }, "hero"), None);
    }
}
