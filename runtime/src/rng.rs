//! Randomness for jitter and identifiers: small, fast and seedable, never for secrets.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
};

/// A SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

/// The odd number by which each step moves the state: 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Rng {
    /// Starts the sequence that belongs to `seed`.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Starts a sequence that differs between processes, threads and calls.
    pub(crate) fn from_entropy() -> Self {
        Self(next_u64())
    }

    /// Starts the sequence that belongs to `seed` after its first `skipped` numbers.
    pub(crate) const fn seeded_at(seed: u64, skipped: u64) -> Self {
        Self(seed.wrapping_add(GAMMA.wrapping_mul(skipped)))
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a fraction in `[0, 1)` with 53 random bits.
    pub(crate) fn next_fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Reseeds this thread's generator: after a fork, the parent goes on with the same numbers.
pub(crate) fn reseed() {
    let _ = STATE
        .try_with(|state| state.set(Some(seed().rotate_left(32) ^ u64::from(std::process::id()))));
}

/// Returns the next number of this thread's own generator, seeded once from the keys that std's
/// hash maps use.
pub(crate) fn next_u64() -> u64 {
    // A thread that is shutting down has no state any more: a fresh hash key serves as well.
    STATE
        .try_with(|state| {
            let mut rng = Rng(state.get().unwrap_or_else(seed));
            let number = rng.next_u64();
            state.set(Some(rng.0));
            number
        })
        .unwrap_or_else(|_| seed())
}

/// Returns a fraction in `[0, 1)` from this thread's own generator.
pub(crate) fn next_fraction() -> f64 {
    (next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn seed() -> u64 {
    // Each `RandomState` has keys of its own; hashing a constant with them gives 64 unpredictable
    // bits.
    RandomState::new().hash_one(0x67_61_72_64_65_66_6F_75_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_sequences() {
        let (mut a, mut b) = (Rng::seeded(7), Rng::seeded(7));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
    }

    #[test]
    fn sequence_can_be_entered_anywhere() {
        let mut rng = Rng::seeded(7);
        for skipped in 0..100 {
            assert_eq!(Rng::seeded_at(7, skipped).next_u64(), rng.next_u64());
        }
    }

    #[test]
    fn fractions_lie_in_the_half_open_unit_interval_and_spread() {
        let mut rng = Rng::seeded(1);
        let all: Vec<f64> = (0..10_000).map(|_| rng.next_fraction()).collect();
        assert!(all.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        assert!((0.48..0.52).contains(&mean), "mean {mean}");
    }

    #[test]
    fn threads_draw_different_numbers() {
        let other = std::thread::spawn(next_u64).join().unwrap();
        assert_ne!(next_u64(), other);
    }
}
