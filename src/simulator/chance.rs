//! Chance as a pure function: the same seed and the same question always give the same answer.
//!
//! Nothing here keeps a position in a stream. A stream would hand its numbers out in the order in which
//! requests happen to arrive, and then two runs of one seed would differ by how threads were scheduled.
//! Instead every draw names what it is about.

use uuid::{Builder, Uuid};

/// Sixty-four bits that depend on `seed` and on every one of `parts`, in their order.
///
/// The mixing step is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub fn draw(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(mix(seed), |state, part| mix(state ^ mix(*part)))
}

/// A number in 0.0..1.0 drawn as [`draw`] does.
pub fn unit(seed: u64, parts: &[u64]) -> f64 {
    const STEPS: f64 = (1_u64 << 53) as f64;
    (draw(seed, parts) >> 11) as f64 / STEPS
}

/// A number in `0..bound` drawn as [`draw`] does; zero when `bound` is zero.
pub fn below(seed: u64, parts: &[u64], bound: u64) -> u64 {
    if bound == 0 { 0 } else { draw(seed, parts) % bound }
}

/// A version 4 identifier drawn as [`draw`] does.
pub fn uuid(seed: u64, parts: &[u64]) -> Uuid {
    let high = draw(seed, parts);
    let low = mix(high ^ seed);
    let bits = (u128::from(high) << 64) | u128::from(low);
    Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

/// Turns text into a part of a draw: FNV-1a, 64 bits.
pub fn text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Puts `items` in an order that only `seed` decides (Fisher and Yates).
pub fn shuffle<T>(seed: u64, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let other = below(seed, &[text("shuffle"), last as u64], last as u64 + 1) as usize;
        items.swap(last, other);
    }
}

fn mix(value: u64) -> u64 {
    let mut bits = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
