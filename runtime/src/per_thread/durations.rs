//! Histograms of durations: one that each thread counts apart from the others, and one that all share.

use super::counters::Counters;
use once_cell::race::OnceBox;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many durations were at most as long as each bound, and how long all took together.
#[derive(Debug, Default)]
pub(crate) struct Durations(Counters<COUNTERS>);

/// The upper bounds of the buckets but the last, in nanoseconds: those of the client libraries of
/// Prometheus, and 1 ms, since guarded calls can be short.
pub(crate) const BOUNDS: [u64; BUCKETS - 1] = [
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
        self.0.add(bucket_of(nanos));
        self.0.add_many(SUM, nanos);
    }

    pub(crate) fn read(&self) -> DurationsReading {
        cumulated(std::array::from_fn(|which| self.0.sum(which)))
    }
}

/// A histogram of what is timed only where it is asked for; made with the first duration.
#[derive(Debug, Default)]
pub(crate) struct LazyDurations(OnceBox<Durations>);

impl LazyDurations {
    /// Counts a duration.
    pub(crate) fn record(&self, nanos: u64) {
        self.0.get_or_init(Box::default).record(nanos);
    }

    /// Reads the durations where they are measured, or were.
    pub(crate) fn read_where(&self, is_timed: bool) -> Option<DurationsReading> {
        match self.0.get() {
            Some(durations) => Some(durations.read()),
            None => is_timed.then(DurationsReading::default),
        }
    }
}

/// A histogram that all threads write in one place: a ninth of the size, for what is rare and takes
/// long anyway, such as waits. Relaxed: nothing is decided by it.
#[derive(Debug, Default)]
pub(crate) struct SharedDurations([AtomicU64; COUNTERS]);

impl SharedDurations {
    /// Counts a duration.
    pub(crate) fn record(&self, nanos: u64) {
        self.0[bucket_of(nanos)].fetch_add(1, Ordering::Relaxed);
        self.0[SUM].fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> DurationsReading {
        cumulated(self.0.each_ref().map(|it| it.load(Ordering::Relaxed)))
    }
}

/// Returns the number of the bucket with the least bound that is not below a duration.
fn bucket_of(nanos: u64) -> usize {
    BOUNDS.partition_point(|bound| *bound < nanos)
}

/// Adds to each bucket those of all shorter ones.
fn cumulated(mut counted: DurationsReading) -> DurationsReading {
    for bucket in 1..BUCKETS {
        counted[bucket] = counted[bucket].wrapping_add(counted[bucket - 1]);
    }
    counted
}

/// Returns how many durations a histogram has.
pub(crate) fn number_of(reading: &DurationsReading) -> u64 {
    reading[BUCKETS - 1]
}

/// Returns the nanoseconds of all durations of a histogram together.
pub(crate) fn sum_of(reading: &DurationsReading) -> u64 {
    reading[SUM]
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn durations_are_counted_at_and_below_each_bound() {
        let (durations, shared) = (Durations::default(), SharedDurations::default());
        for nanos in [0, 1_000_000, 1_000_001, 10_000_000_000, 10_000_000_001] {
            durations.record(nanos);
            shared.record(nanos);
        }
        let reading = durations.read();
        assert_eq!(reading[..3], [2, 3, 3]);
        assert_eq!(reading[BUCKETS - 2..BUCKETS], [4, 5]);
        assert_eq!((number_of(&reading), sum_of(&reading)), (5, 20_002_000_002));
        assert_eq!(shared.read(), reading);
    }

    #[test]
    fn durations_of_all_threads_are_in_one_histogram() {
        let (durations, shared) = (Durations::default(), SharedDurations::default());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        durations.record(3_000_000);
                        shared.record(3_000_000);
                    }
                });
            }
        });
        assert_eq!(shared.read(), durations.read());
        let reading = durations.read();
        assert_eq!(
            (reading[0], reading[1], reading[BUCKETS - 1]),
            (0, 8000, 8000)
        );
        assert_eq!(reading[SUM], 24_000_000_000);
    }
}
