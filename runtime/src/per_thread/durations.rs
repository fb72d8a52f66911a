//! Histograms of durations that each thread counts apart from the others.

use super::counters::Counters;

/// How many durations were at most as long as each bound, and how long all took together.
#[derive(Debug, Default)]
pub(crate) struct Durations(Counters<COUNTERS>);

/// The upper bounds of the buckets but the last, in nanoseconds: those of the client libraries of
/// Prometheus, and 1 ms, since guarded calls can be short.
const BOUNDS: [u64; BUCKETS - 1] = [
    1_000_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// The number of buckets, that without a bound included.
pub(crate) const BUCKETS: usize = 13;
/// A counter for each bucket, and one for the sum.
const COUNTERS: usize = BUCKETS + 1;
const SUM: usize = BUCKETS;

/// The values of a histogram: how many durations were at most as long as each bound, those without a
/// bound last, and the nanoseconds of all together.
pub(crate) type DurationsReading = [u64; COUNTERS];

impl Durations {
    /// Counts a duration.
    pub(crate) fn record(&self, nanos: u64) {
        self.0.add(BOUNDS.partition_point(|bound| *bound < nanos));
        self.0.add_many(SUM, nanos);
    }

    pub(crate) fn read(&self) -> DurationsReading {
        let mut reading: DurationsReading = std::array::from_fn(|which| self.0.sum(which));
        for bucket in 1..BUCKETS {
            reading[bucket] = reading[bucket].wrapping_add(reading[bucket - 1]);
        }
        reading
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn durations_are_counted_at_and_below_each_bound() {
        let durations = Durations::default();
        for nanos in [0, 1_000_000, 1_000_001, 10_000_000_000, 10_000_000_001] {
            durations.record(nanos);
        }
        let reading = durations.read();
        assert_eq!(reading[..3], [2, 3, 3]);
        assert_eq!(reading[BUCKETS - 2..BUCKETS], [4, 5]);
        assert_eq!(reading[SUM], 20_002_000_002);
    }

    #[test]
    fn durations_of_all_threads_are_in_one_histogram() {
        let durations = Durations::default();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..1000).for_each(|_| durations.record(3_000_000)));
            }
        });
        let reading = durations.read();
        assert_eq!(
            (reading[0], reading[1], reading[BUCKETS - 1]),
            (0, 8000, 8000)
        );
        assert_eq!(reading[SUM], 24_000_000_000);
    }
}
