//! Sampling and tables.

use crate::breaker::value;
use std::{
    hint::{black_box, spin_loop},
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// Calls in one sample: long enough for the clock, short enough to fit between two interruptions.
const CALLS: u32 = 2_000;

/// How long one row is measured at most, on one thread.
const LONGEST: Duration = Duration::from_secs(5);

/// How many samples: `GARDEFOU_BENCH_SAMPLES`, or 600.
fn samples() -> usize {
    std::env::var("GARDEFOU_BENCH_SAMPLES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(600)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn nanos_per_call(time: Duration) -> f64 {
    time.as_nanos() as f64 / f64::from(CALLS)
}

/// Returns the time of something that can be done once only.
pub fn once(run: &mut dyn FnMut()) -> Duration {
    let start = now();
    run();
    start.elapsed()
}

/// Polls a future once, where it stands, as a runtime does: moving it would cost more than most
/// guards. Returns 0 for an error.
///
/// # Panics
///
/// If the future is not ready: the call was not measured to its end.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "the future is to be made in the measured function"
)]
pub fn polled<E>(future: impl Future<Output = Result<u64, E>>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => value(outcome),
        Poll::Pending => pending(),
    }
}

#[cold]
fn pending() -> ! {
    panic!("the future waits")
}

/// Returns the nanoseconds of one call on one thread.
pub fn one_thread(mut call: impl FnMut(u64) -> u64) -> f64 {
    let begin = now();
    // What takes microseconds needs no more than seconds to show its minimum.
    let is_time_left = |_: &usize| begin.elapsed() < LONGEST;
    let sample = |call: &mut dyn FnMut() -> Duration| {
        (0..samples())
            .take_while(is_time_left)
            .map(|_| call())
            .min()
            .unwrap_or_default()
    };
    nanos_per_call(sample(&mut || {
        let start = now();
        for i in 0..CALLS {
            black_box(call(black_box(u64::from(i))));
        }
        start.elapsed()
    }))
}

/// Returns the nanoseconds of one call while two threads make calls at once, each with a closure of
/// its own: both start together, and a sample lasts from the first start to the last end, so that
/// one in which they ran one after the other is never the minimum.
pub fn two_threads<F: FnMut(u64) -> u64>(make: impl Fn() -> F + Sync) -> f64 {
    let rounds = samples();
    let arrived = AtomicUsize::new(0);
    let walk = || {
        let mut call = make();
        let mut times = Vec::with_capacity(rounds);
        for round in 1..=rounds {
            arrived.fetch_add(1, Ordering::AcqRel);
            let mut spins = 0_u32;
            while arrived.load(Ordering::Acquire) < 2 * round {
                spins += 1;
                if spins.is_multiple_of(1 << 14) {
                    std::thread::yield_now();
                }
                spin_loop();
            }
            let start = now();
            for i in 0..CALLS {
                black_box(call(black_box(u64::from(i))));
            }
            times.push((start, now()));
        }
        times
    };
    let (mine, theirs) = std::thread::scope(|scope| {
        let other = scope.spawn(walk);
        (walk(), other.join().unwrap_or_default())
    });
    let together = mine
        .iter()
        .zip(&theirs)
        .map(|(a, b)| a.1.max(b.1) - a.0.min(b.0));
    nanos_per_call(together.min().unwrap_or_default())
}

/// One line of a table.
#[derive(Debug)]
pub struct Row {
    /// What was called.
    pub name: String,
    /// Nanoseconds a call on one thread.
    pub one: f64,
    /// Nanoseconds a call with two threads at once, where that was measured.
    pub two: Option<f64>,
}

/// A plain table with the ratios to floors.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// Parts of names: the first arguments of the command line. Floors are always measured.
    only: Vec<String>,
}

impl Table {
    /// Starts a table and prints its head.
    #[must_use]
    pub fn new(title: &str) -> Self {
        println!("\n{title}");
        println!(
            "{:<62} {:>9} {:>9} {:>7} {:>9}",
            "ns per call, minimum", "1 thread", "2 threads", "2 : 1", ": floor"
        );
        let only = std::env::args()
            .skip(1)
            .filter(|arg| !arg.starts_with('-'))
            .collect();
        Self {
            rows: Vec::new(),
            only,
        }
    }

    fn wants(&self, name: &str) -> bool {
        name.starts_with("floor")
            || self.only.is_empty()
            || self.only.iter().any(|part| name.contains(part))
    }

    /// Adds and prints a row. A row whose name begins with `floor` is what those after it are
    /// compared with, until the next such row.
    pub fn add(&mut self, name: impl Into<String>, one: f64, two: Option<f64>) {
        let name = name.into();
        let is_floor = |name: &str| name.starts_with("floor");
        let floor = self
            .rows
            .iter()
            .rfind(|row| !is_floor(&name) && is_floor(&row.name))
            .map(|row| row.one);
        let text = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
        };
        println!(
            "{name:<62} {:>9} {:>9} {:>7} {:>9}",
            text(Some(one)),
            text(two),
            text(two.map(|two| two / one)),
            text(floor.map(|floor| one / floor)),
        );
        self.rows.push(Row { name, one, two });
    }

    /// Measures a call on one and on two threads.
    pub fn both(&mut self, name: impl Into<String>, call: impl Fn(u64) -> u64 + Sync) {
        self.each(name, || &call);
    }

    /// Measures a call on one and on two threads, each of which makes it for itself.
    pub fn each<F: FnMut(u64) -> u64>(
        &mut self,
        name: impl Into<String>,
        make: impl Fn() -> F + Sync,
    ) {
        let name = name.into();
        if self.wants(&name) {
            let (one, two) = (one_thread(make()), two_threads(&make));
            self.add(name, one, Some(two));
        }
    }

    /// Measures a call on one thread.
    pub fn single(&mut self, name: impl Into<String>, call: impl FnMut(u64) -> u64) {
        let name = name.into();
        if self.wants(&name) {
            self.add(name, one_thread(call), None);
        }
    }

    /// Returns the rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}
