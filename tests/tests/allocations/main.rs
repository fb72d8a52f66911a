//! Allocations of guarded calls, and memory of the monitor.
//!
//! One binary, since counting replaces the allocator of the whole program.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod attributes;
mod boundary;
mod breaker;
mod bulkhead;
mod composed;
mod keyed;
mod monitor;
mod rate_limit;
mod retry;
mod scope;

/// Returns how often this thread allocates in the second run of a function: the first one makes
/// what is made lazily, for example a breaker, the counters of a thread, the clock's origin.
fn allocations(run: impl FnMut()) -> u64 {
    let mut run = run;
    run();
    allocation_counter::measure(run).count_total
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}
