//! A histogram of the last minute, pure: samples and the present tick in, quantiles out.
//!
//! Buckets are log-linear, as in HdrHistogram (Gil Tene): eight for each power of two, so that a
//! bucket is at most an eighth wider than its lower end. A minute is twelve slices of five seconds,
//! of which the oldest is emptied for the next one: with the one that is being filled they cover
//! between 55 and 60 seconds. Everything is bounded and made once.

use crate::time::Tick;

/// Buckets for each power of two.
const PARTS: u64 = 8;
/// The lower end of the first bucket that is no remainder, 2^10 ns: about a microsecond. Shorter
/// samples share one bucket.
const LEAST_POWER: u32 = 10;
/// The upper end of the last bucket, 2^42 ns: longer than an hour. Longer samples share it.
const MOST_POWER: u32 = 42;
const BUCKETS: usize = 1 + PARTS as usize * (MOST_POWER - LEAST_POWER) as usize;

const SLICES: usize = 12;
/// Nanoseconds.
const SLICE: u64 = 5_000_000_000;

/// Counts of the last minute by length.
#[derive(Clone, Debug)]
pub(super) struct SlidingHistogram {
    /// The number of the slice that is being filled, counted from tick zero.
    current: u64,
    slices: Box<[[u32; BUCKETS]; SLICES]>,
    /// The sums of all slices.
    sums: Box<[u32; BUCKETS]>,
    samples: u64,
}

impl Default for SlidingHistogram {
    fn default() -> Self {
        Self {
            current: 0,
            slices: Box::new([[0; BUCKETS]; SLICES]),
            sums: Box::new([0; BUCKETS]),
            samples: 0,
        }
    }
}

impl SlidingHistogram {
    /// Adds a sample of `now`.
    pub(super) fn record_at(&mut self, now: Tick, nanos: u64) {
        self.move_to(now);
        let bucket = bucket_of(nanos);
        let slice = &mut self.slices[(self.current % SLICES as u64) as usize];
        // Four billion in five seconds are out of reach, and would only lose weight.
        if let (Some(own), Some(sum)) = (
            slice[bucket].checked_add(1),
            self.sums[bucket].checked_add(1),
        ) {
            (slice[bucket], self.sums[bucket]) = (own, sum);
            self.samples += 1;
        }
    }

    /// Returns the upper end of the bucket in which the quantile lies, if there are at least so
    /// many samples.
    pub(super) fn quantile_at(&mut self, now: Tick, quantile: f64, least: u64) -> Option<u64> {
        self.move_to(now);
        if self.samples < least.max(1) {
            return None;
        }
        let rank = (quantile * self.samples as f64).ceil() as u64;
        let mut below = 0;
        let found = self.sums.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        });
        found.map(end_of)
    }

    /// Empties the slices that are over.
    fn move_to(&mut self, now: Tick) {
        let present = now.as_nanos() / SLICE;
        // A thread that read the clock a moment earlier than another is one slice behind at most;
        // what lies further back is another time line.
        let is_late = present < self.current && self.current - present <= 1;
        if present == self.current || is_late {
            return;
        }
        let over = if present > self.current {
            (present - self.current).min(SLICES as u64)
        } else {
            SLICES as u64
        };
        for number in 0..over {
            let index = (present + SLICES as u64 - number) % SLICES as u64;
            let slice = &mut self.slices[index as usize];
            for (sum, count) in self.sums.iter_mut().zip(slice.iter_mut()) {
                *sum -= *count;
                self.samples -= u64::from(*count);
                *count = 0;
            }
        }
        self.current = present;
    }
}

fn bucket_of(nanos: u64) -> usize {
    if nanos < 1 << LEAST_POWER {
        return 0;
    }
    let power = nanos.ilog2();
    if power >= MOST_POWER {
        return BUCKETS - 1;
    }
    // The bits behind the highest one.
    let part = (nanos >> (power - PARTS.ilog2())) - PARTS;
    1 + (u64::from(power - LEAST_POWER) * PARTS + part) as usize
}

/// Returns the upper end of a bucket.
fn end_of(bucket: usize) -> u64 {
    let Some(bucket) = (bucket as u64).checked_sub(1) else {
        return 1 << LEAST_POWER;
    };
    let power = LEAST_POWER + (bucket / PARTS) as u32;
    (PARTS + bucket % PARTS + 1) << (power - PARTS.ilog2())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_length_lies_in_its_bucket_which_is_at_most_an_eighth_wide() {
        let mut previous = 1 << LEAST_POWER;
        for bucket in 1..BUCKETS {
            let end = end_of(bucket);
            assert!(
                end > previous && end - previous <= previous / PARTS,
                "{bucket}"
            );
            for nanos in [previous, end - 1] {
                assert_eq!(bucket_of(nanos), bucket, "{nanos}");
            }
            previous = end;
        }
        assert_eq!(previous, 1 << MOST_POWER);
        assert_eq!(
            (bucket_of(0), bucket_of(1023), bucket_of(u64::MAX)),
            (0, 0, BUCKETS - 1)
        );
    }

    /// All samples, of which the old ones are left out each time.
    struct Model(Vec<(u64, u64)>);

    impl Model {
        fn quantile(&self, now: u64, quantile: f64, least: u64) -> Option<u64> {
            let first = (now / SLICE).saturating_sub(SLICES as u64 - 1);
            let mut recent: Vec<u64> = (self.0.iter())
                .filter(|(at, _)| at / SLICE >= first)
                .map(|(_, nanos)| *nanos)
                .collect();
            recent.sort_unstable();
            if (recent.len() as u64) < least {
                return None;
            }
            let rank = (quantile * recent.len() as f64).ceil() as usize;
            Some(recent[rank - 1])
        }
    }

    fn any_step() -> impl Strategy<Value = (u64, u64)> {
        let pause = prop_oneof![
            8 => 0..200_000_000u64,
            1 => 0..20_000_000_000u64,
            1 => 0..200_000_000_000u64,
        ];
        let nanos = prop_oneof![1 => 0..2000u64, 8 => 1000..5_000_000_000u64, 1 => any::<u64>()];
        (pause, nanos)
    }

    proptest! {
        #[test]
        fn quantile_is_that_of_a_slow_model_or_an_eighth_more(
            quantile in 0.01..0.999f64,
            least in 1..30u64,
            start in 0..10_000_000_000_000u64,
            steps in prop::collection::vec(any_step(), 1..300),
        ) {
            let (mut now, mut model) = (start, Model(Vec::new()));
            let mut histogram = SlidingHistogram::default();
            for (pause, nanos) in steps {
                now += pause;
                model.0.push((now, nanos));
                histogram.record_at(Tick::from_nanos(now), nanos);
                let found = histogram.quantile_at(Tick::from_nanos(now), quantile, least);
                let expected = model.quantile(now, quantile, least);
                prop_assert_eq!(found.is_some(), expected.is_some());
                if let (Some(found), Some(expected)) = (found, expected) {
                    let expected = expected.clamp(1023, (1 << MOST_POWER) - 1);
                    prop_assert!(found > expected && found <= expected + expected / 8 + 1, "{} {}", found, expected);
                }
            }
        }
    }

    #[test]
    fn sample_of_a_thread_that_is_a_moment_late_counts() {
        let mut histogram = SlidingHistogram::default();
        let at = |nanos| Tick::from_nanos(nanos);
        histogram.record_at(at(SLICE * 100), 5000);
        histogram.record_at(at(SLICE * 100 - 1), 5000);
        assert_eq!(histogram.samples, 2);
        histogram.record_at(at(SLICE * 98), 5000);
        assert_eq!(histogram.samples, 1, "another time line");
    }
}
