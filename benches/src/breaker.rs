//! What a circuit breaker costs.

use crate::{Table, once, polled};
use futures::executor::block_on;
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::{BreakerBuilder, BreakerRegistry, CircuitBreaker},
    circuit_breakers,
    time::{Clock, SharedClock, SystemClock, Tick},
};
use std::{
    collections::HashMap,
    future::ready,
    hint::black_box,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The cheapest error that a guarded function can have.
#[derive(Clone, Debug)]
pub enum Error {
    /// The function failed.
    Failed,
    /// A policy rejected the call.
    Rejected(Rejection),
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Required of the errors inside `tower::timeout::Timeout`.
impl From<Error> for Box<dyn std::error::Error + Send + Sync> {
    fn from(error: Error) -> Self {
        format!("{error:?}").into()
    }
}

/// The guarded function: one addition that the compiler must not look into.
///
/// # Errors
///
/// Never.
#[inline(never)]
pub fn add_one(n: u64) -> Result<u64, Error> {
    Ok(black_box(n) + 1)
}

/// The guarded function when it fails.
///
/// # Errors
///
/// Always.
#[inline(never)]
pub fn fail(n: u64) -> Result<u64, Error> {
    if black_box(n) == u64::MAX {
        Ok(n)
    } else {
        Err(Error::Failed)
    }
}

/// The guarded function under the attribute.
///
/// # Errors
///
/// Those of a policy.
#[gardefou::with_circuit_breaker(name = "bench-attribute")]
pub fn annotated(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[gardefou::with_circuit_breaker(name = "bench-attribute-async")]
async fn annotated_async(n: u64) -> Result<u64, Error> {
    ready(add_one(n)).await
}

/// Always fails, and never often enough.
#[gardefou::with_circuit_breaker(name = "bench-attribute-failing", failure_threshold = 0xFFFF_FFFF)]
fn annotated_failing(n: u64) -> Result<u64, Error> {
    fail(n)
}

/// The guarded function under the attribute, whose circuit [`open_annotated`] opens.
///
/// # Errors
///
/// Those of a policy.
#[gardefou::with_circuit_breaker(name = "bench-attribute-open")]
pub(crate) fn annotated_open(n: u64) -> Result<u64, Error> {
    add_one(n)
}

#[gardefou::with_circuit_breaker(name = "bench-attribute-open")]
async fn annotated_open_async(n: u64) -> Result<u64, Error> {
    ready(add_one(n)).await
}

/// The guarded function as a future that is ready at once.
///
/// # Errors
///
/// Never.
pub async fn add_one_async(n: u64) -> Result<u64, Error> {
    ready(add_one(n)).await
}

/// Returns the value of a call, or 0 for an error: read where it is, as by `?`. A copy of the outcome
/// would cost more than most guards.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call would be measured too")]
#[expect(
    clippy::needless_pass_by_value,
    reason = "the outcome ends here, as that of a call does"
)]
pub fn value<E>(outcome: Result<u64, E>) -> u64 {
    match &outcome {
        Ok(value) => *value,
        Err(_) => 0,
    }
}

/// Makes a breaker of its own.
///
/// # Panics
///
/// If the configuration is illegal.
pub(crate) fn built(
    name: &str,
    configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder,
) -> CircuitBreaker {
    configure(CircuitBreaker::builder(name))
        .build()
        .expect("the benchmark's own configuration is legal")
}

/// Each floor on a cache line of its own.
#[repr(align(128))]
struct Word(AtomicU64);

static STATE: Word = Word(AtomicU64::new(0));
static COUNT: Word = Word(AtomicU64::new(0));

/// The bare call with the least that the guard of a closed circuit does: one acquire load, and one
/// relaxed add.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call would be measured too")]
pub(crate) fn floor(n: u64) -> u64 {
    if STATE.0.load(Ordering::Acquire) == 0 {
        COUNT.0.fetch_add(1, Ordering::Relaxed);
    }
    value(add_one(n))
}

/// The bare call with one reading of the clock.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call would be measured too")]
pub(crate) fn clock_read(n: u64) -> u64 {
    value(add_one(n)) + SystemClock.now().as_nanos()
}

/// Opens the circuit of [`annotated_open`] for an hour.
///
/// # Panics
///
/// Never: the name is legal.
pub(crate) fn open_annotated() {
    circuit_breakers()
        .get_or_create("bench-attribute-open", |b| b)
        .expect("a legal name")
        .open_for(Duration::from_secs(3600));
}

/// Measures the bare calls and the floors.
pub fn floors(table: &mut Table) {
    table.both("bare call", |n| value(add_one(n)));
    table.both(
        "floor: bare call + one acquire load + one relaxed add",
        floor,
    );
    table.both("bare call + one acquire load", |n| {
        value(add_one(n)) + STATE.0.load(Ordering::Acquire)
    });
    table.both("bare call + one clock read", clock_read);
    table.both("bare call + two clock reads", |n| {
        let start = SystemClock.now();
        value(add_one(n)) + SystemClock.now().since(start).as_nanos() as u64
    });
}

/// Measures every kind of closed breaker while all is well.
pub fn closed(table: &mut Table) {
    let default = built("bench-default", |b| b);
    table.both("closed, default, `call`", |n| {
        value(default.call(|| add_one(n)))
    });
    table.both("closed, default, `#[with_circuit_breaker]`", |n| {
        value(annotated(n))
    });
    let permits = built("bench-permit", |b| b);
    let kept = built("bench-permit-kept", |b| b).leak();
    let by_hand = |breaker: &CircuitBreaker, n| match breaker.try_acquire() {
        Ok(permit) => {
            let sum = value(add_one(n));
            permit.success();
            sum
        }
        Err(_) => 0,
    };
    table.both("closed, default, `try_acquire` and `success`", |n| {
        by_hand(&permits, n)
    });
    table.both("closed, kept by `leak`, `try_acquire` and `success`", |n| {
        by_hand(kept, n)
    });
    for calls in [10, 64, 100, 1000] {
        let count = built("bench-count", |b| b.count_window(calls));
        fill(&count, calls);
        table.both(format!("closed, window of {calls} calls"), |n| {
            value(count.call(|| add_one(n)))
        });
    }
    let time = built("bench-time", |b| b.time_window(Duration::from_secs(10)));
    table.both("closed, window of 10 s", |n| {
        value(time.call(|| add_one(n)))
    });
    let slow = built("bench-slow", |b| b.slow_call(Duration::from_secs(1)));
    fill(&slow, 100);
    table.both("closed, slow calls over 100 calls", |n| {
        value(slow.call(|| add_one(n)))
    });
    let plain = built("bench-slow-list", |b| b.count_window(100));
    let running = Mutex::new(Running::default());
    fill(&plain, 100);
    let clock = SharedClock::default();
    table.both("closed, slow calls in one list over 100 calls", |n| {
        let place = lock(&running).enter(clock.now());
        let sum = value(plain.call(|| add_one(n)));
        let start = lock(&running).leave(place);
        sum + u64::from(clock.now().since(start) > Duration::from_secs(1))
    });
    let both = built("bench-slow-time", |b| {
        b.slow_call(Duration::from_secs(1))
            .time_window(Duration::from_secs(10))
    });
    table.both("closed, slow calls over 10 s", |n| {
        value(both.call(|| add_one(n)))
    });
}

/// Running calls in a plain list behind a lock: what a breaker with a limit for slow calls would
/// cost without the lists of its threads.
#[derive(Default)]
struct Running {
    starts: Vec<Tick>,
    free: Vec<usize>,
}

impl Running {
    fn enter(&mut self, start: Tick) -> usize {
        let Some(place) = self.free.pop() else {
            self.starts.push(start);
            return self.starts.len() - 1;
        };
        self.starts[place] = start;
        place
    }

    fn leave(&mut self, place: usize) -> Tick {
        self.free.push(place);
        self.starts[place]
    }
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fills a window, so that the breaker is measured in the middle of its life.
fn fill(breaker: &CircuitBreaker, calls: u32) {
    for n in 0..calls {
        value(breaker.call(|| add_one(u64::from(n))));
    }
}

/// Measures calls that fail now and then, or always.
pub fn failing(table: &mut Table) {
    let always = built("bench-failing", |b| b.failure_threshold(u32::MAX));
    table.both("closed, every call fails", |n| {
        value(always.call(|| fail(n)))
    });
    table.both("closed, every call fails, `#[with_circuit_breaker]`", |n| {
        value(annotated_failing(n))
    });
    let time = built("bench-failing-time", |b| {
        b.time_window(Duration::from_secs(10)).min_calls(u32::MAX)
    });
    table.both("closed, window of 10 s, every call fails", |n| {
        value(time.call(|| fail(n)))
    });
    let some = built("bench-some", |b| b);
    table.both("closed, default, 1 call in 100 fails", |n| {
        value(some.call(|| if n % 100 == 99 { fail(n) } else { add_one(n) }))
    });
    for calls in [64, 1000] {
        let window = built("bench-some-window", |b| b.count_window(calls));
        fill(&window, calls);
        table.both(
            format!("closed, window of {calls} calls, 1 call in 100 fails"),
            |n| value(window.call(|| if n % 100 == 99 { fail(n) } else { add_one(n) })),
        );
    }
}

/// Measures rejected calls.
pub fn rejected(table: &mut Table) {
    let open = built("bench-open", |b| b);
    open.open_for(Duration::from_secs(3600));
    table.both("rejected, open", |n| value(open.call(|| add_one(n))));
    let forced = built("bench-forced", |b| b);
    forced.force_open();
    table.both("rejected, forced open", |n| {
        value(forced.call(|| add_one(n)))
    });
    let kept = built("bench-kept", |b| b).leak();
    kept.open_for(Duration::from_secs(3600));
    table.both("rejected, open, kept by `leak`", |n| {
        value(kept.call(|| add_one(n)))
    });
    open_annotated();
    table.both("rejected, open, `#[with_circuit_breaker]`", |n| {
        value(annotated_open(n))
    });
    let app = || open.call(|| Err::<u64, _>(AppError::new(ErrorCode::TIMEOUT_ERROR, "never made")));
    table.both("rejected, open, as an `AppError`", |_| {
        app().map_or(0, |n| n)
    });
}

/// Measures asynchronous calls that are ready at once.
pub fn asynchronous(table: &mut Table) {
    table.both("floor: bare async call, polled once", |n| {
        polled(add_one_async(n))
    });
    let default = built("bench-async", |b| b);
    table.both("closed, default, `call_async`, polled once", |n| {
        polled(default.call_async(|| add_one_async(n)))
    });
    table.both(
        "closed, default, `#[with_circuit_breaker]` async, polled once",
        |n| polled(annotated_async(n)),
    );
    let count = built("bench-async-count", |b| b.count_window(100));
    fill(&count, 100);
    table.both(
        "closed, window of 100 calls, `call_async`, polled once",
        |n| polled(count.call_async(|| add_one_async(n))),
    );
    let time = built("bench-async-time", |b| {
        b.time_window(Duration::from_secs(10))
    });
    table.both("closed, window of 10 s, `call_async`, polled once", |n| {
        polled(time.call_async(|| add_one_async(n)))
    });
    let open = built("bench-async-open", |b| b);
    open.open_for(Duration::from_secs(3600));
    table.both("rejected, `call_async`, polled once", |n| {
        polled(open.call_async(|| add_one_async(n)))
    });
    table.both(
        "rejected, `#[with_circuit_breaker]` async, polled once",
        |n| polled(annotated_open_async(n)),
    );
    table.both("closed, default, `call_async` under `block_on`", |n| {
        value(block_on(default.call_async(|| add_one_async(n))))
    });
}

/// Measures breakers by name: one of 100,000 is made, found, and dropped while idle.
pub fn registry(table: &mut Table) {
    const NAMES: u64 = 100_000;
    let name = |n: u64| format!("tenant-{}", n % NAMES);
    let registry = BreakerRegistry::new();
    let make = |n: u64| {
        registry
            .get_or_create(&name(n), |b| b)
            .map_or(0, |breaker| breaker.name().len() as u64)
    };
    let each = |of: u64, run: &mut dyn FnMut()| once(run).as_nanos() as f64 / of as f64;
    // Held, so that no idle one is dropped.
    let mut held = Vec::with_capacity(NAMES as usize);
    let made = each(NAMES, &mut || {
        held.extend((0..NAMES).map(|n| registry.get_or_create(&name(n), |b| b)));
    });
    table.add("registry: make each of 100,000 breakers", made, None);
    drop(held);
    // All of them in an order without a pattern: hardly one is in the caches of the processor. The
    // names are made beforehand, one after the other in memory.
    let names: Vec<String> = (0..NAMES).map(name).collect();
    let mut order = 1;
    let mut next = move || {
        // Knuth's multiplier; the higher bits have no short period.
        order = u64::wrapping_add(u64::wrapping_mul(order, 6_364_136_223_846_793_005), 1);
        (order >> 33) as usize % NAMES as usize
    };
    let found: HashMap<&str, u64> = names.iter().map(|name| (&**name, 1)).collect();
    table.single("one lookup in a `HashMap` of 100,000 strings", |_| {
        found.get(&*names[next()]).copied().unwrap_or(0)
    });
    table.single("registry: `get` one of 100,000", |_| {
        u64::from(registry.get(&names[next()]).is_some())
    });
    table.single("registry: `get_or_create` one of 100,000", |_| {
        u64::from(registry.get_or_create(&names[next()], |b| b).is_ok())
    });
    table.single("registry: find one of 2,000 with a name that is made", make);
    registry.drop_idle(); // from now on they count as idle
    // Fewer than all where a filter leaves out the measurement above, which uses each of them.
    let idle = registry.len();
    let dropped = each(idle as u64, &mut || assert_eq!(registry.drop_idle(), idle));
    table.add(
        "registry: drop each of 100,000 idle breakers",
        dropped,
        None,
    );
}

/// Measures all of ours.
pub fn all(table: &mut Table) {
    floors(table);
    closed(table);
    failing(table);
    rejected(table);
    asynchronous(table);
    registry(table);
}
