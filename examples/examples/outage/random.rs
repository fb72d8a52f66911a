//! Seeded random numbers, equal on every machine.
//!
//! `ln` and `cos` may differ in their last bit from one platform to the next, and one bit changes the
//! order of two events. These samplers use only comparisons and the arithmetic that IEEE 754 defines
//! to the bit.

/// A SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts the sequence of a seed; each `stream` of a seed is a sequence of its own.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        Self(Self(seed ^ stream.rotate_left(32)).next_u64())
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a fraction in `[0, 1)`.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number of the exponential distribution with mean 1.
    ///
    /// Von Neumann's method ("Various techniques used in connection with random digits", 1951): the
    /// first fraction of a descending run of odd length, plus the number of runs before it.
    pub(crate) fn exponential(&mut self) -> f64 {
        let mut rejected = 0.0;
        loop {
            let first = self.fraction();
            let (mut last, mut is_odd) = (first, true);
            loop {
                let next = self.fraction();
                if next >= last {
                    break;
                }
                (last, is_odd) = (next, !is_odd);
            }
            if is_odd {
                return rejected + first;
            }
            rejected += 1.0;
        }
    }

    /// Returns a number of the normal distribution with mean 0 and standard deviation 1.
    ///
    /// Rejection from the exponential distribution (Devroye, "Non-Uniform Random Variate
    /// Generation", 1986).
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let size = self.exponential();
            if 2.0 * self.exponential() >= (size - 1.0) * (size - 1.0) {
                return if self.next_u64() & 1 == 0 {
                    size
                } else {
                    -size
                };
            }
        }
    }
}
