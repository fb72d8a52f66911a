//! What a guard for each key costs.

use crate::{
    StandingClock, Table,
    breaker::{Error, add_one, value},
    once,
};
use gardefou::{
    breaker::{BreakerBuilder, CircuitBreaker},
    keyed::Keyed,
};
use std::{
    hint::black_box,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const KEYS: u64 = 10_000;

fn built(configure: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Keyed<CircuitBreaker> {
    configure(CircuitBreaker::builder("bench-keyed"))
        .build_keyed()
        .expect("the benchmark's own configuration is legal")
}

/// All keys, and in an order in which the next one is never near the last one.
struct Keys(Vec<String>);

impl Keys {
    fn new() -> Self {
        Self((0..KEYS).map(|n| format!("tenant-{n}")).collect())
    }

    fn at(&self, n: u64) -> &str {
        &self.0[(n * 7_919 % KEYS) as usize]
    }

    /// Returns keys at random, in another order for each thread that asks.
    fn at_random<'k>(&'k self) -> impl FnMut() -> &'k str {
        static SEED: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
        let mut state = SEED.fetch_add(0x2545_f491_4f6c_dd1d, Ordering::Relaxed);
        move || {
            // xorshift
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            &self.0[(((state >> 32) * KEYS) >> 32) as usize]
        }
    }

    /// One of 100 keys, which the nearest caches can hold, as where few keys have most of the calls.
    fn often(&self, n: u64) -> &str {
        &self.0[(n * 7_919 % 100) as usize]
    }
}

/// Returns breakers of which each was looked up often, as in the middle of a program's life.
fn warm(keys: &Keys) -> Keyed<CircuitBreaker> {
    let keyed = built(|b| b);
    for _ in 0..20 {
        keys.0.iter().for_each(|key| drop(keyed.get(key)));
    }
    keyed
}

#[gardefou::with_circuit_breaker(name = "bench-keyed-attribute", key = tenant)]
fn annotated(tenant: &str, n: u64) -> Result<u64, Error> {
    black_box(tenant);
    add_one(n)
}

#[gardefou::retry(budget = "bench-keyed-attribute", key = tenant)]
fn retried(tenant: &str, n: u64) -> Result<u64, Error> {
    black_box(tenant);
    add_one(n)
}

/// Measures lookups of known keys.
pub fn known(table: &mut Table) {
    let shared = RwLock::new(Arc::new(0_u64));
    table.single(
        "floor: one read lock + the clone of one handle",
        |n| match shared.read() {
            Ok(handle) => n + *black_box(Arc::clone(&handle)),
            Err(_) => n,
        },
    );
    let keys = Keys::new();
    let keyed = warm(&keys);
    table.both("the text of a key", |n| keys.at(n).len() as u64);
    table.each("a random text", || {
        let mut next = keys.at_random();
        move |n| n + next().len() as u64
    });
    table.each("`get`, random text", || {
        let (keyed, mut next) = (&keyed, keys.at_random());
        move |n| {
            black_box(keyed.get(next()));
            n
        }
    });
    // Two threads look up the same key at the same time, for each key.
    table.both("`get`, text, both threads in step", |n| {
        black_box(keyed.get(keys.at(n)));
        n
    });
    table.both("`get`, text, 100 of 10,000", |n| {
        black_box(keyed.get(keys.often(n)));
        n
    });
    let numbers = built(|b| b);
    (0..20 * KEYS).for_each(|n| drop(numbers.get(&(n % KEYS))));
    table.both("`get`, number", |n| {
        black_box(numbers.get(&(n * 7_919 % KEYS)));
        n
    });
    table.both("`get`, always the same key", |n| {
        black_box(keyed.get("tenant-1"));
        n
    });
    let clocked = built(|b| b.clock(StandingClock::default()));
    keys.0.iter().for_each(|key| drop(clocked.get(key)));
    table.both("`get`, text, with a clock of one's own", |n| {
        black_box(clocked.get(keys.at(n)));
        n
    });
    let long: Vec<_> = keys.0.iter().map(|key| format!("{key:>128}")).collect();
    let of_long = built(|b| b);
    for _ in 0..20 {
        long.iter().for_each(|key| drop(of_long.get(key)));
    }
    table.both("`get`, text of 128 bytes", |n| {
        black_box(of_long.get(&long[(n * 7_919 % KEYS) as usize]));
        n
    });
    table.both("closed, `get` and `call`", |n| {
        value(keyed.get(keys.at(n)).call(|| add_one(n)))
    });
    for _ in 0..20 {
        keys.0.iter().for_each(|key| drop(annotated(key, 1)));
    }
    table.both("closed, `#[with_circuit_breaker]` with `key`", |n| {
        value(annotated(keys.at(n), n))
    });
    for _ in 0..20 {
        keys.0.iter().for_each(|key| drop(retried(key, 1)));
    }
    table.both("success, `#[retry]` with `key`", |n| {
        value(retried(keys.at(n), n))
    });
}

/// Measures what is not the path of every call.
pub fn rest(table: &mut Table) {
    let keys = Keys::new();
    let mut each = |name: &str, run: &mut dyn FnMut()| {
        table.add(name, once(run).as_nanos() as f64 / KEYS as f64, None);
    };
    let clock = StandingClock::default();
    let keyed = built(|b| b.clock(clock.clone()));
    each("make each guard", &mut || {
        keys.0.iter().for_each(|key| drop(keyed.get(key)));
    });
    each("`get` of a new key, full, none is idle", &mut || {
        (0..KEYS).for_each(|n| drop(keyed.get(&n)));
    });
    each("search for idle guards, none is idle, each", &mut || {
        keyed.evict_idle();
    });
    clock.advance(Duration::from_secs(600));
    each("evict each guard", &mut || {
        keyed.evict_idle();
    });
    assert!(keyed.is_empty());
    let cold = built(|b| b);
    keys.0.iter().for_each(|key| drop(cold.get(key)));
    each("`get`, text, rarely used: reads the clock", &mut || {
        (0..KEYS).for_each(|n| drop(cold.get(keys.at(n))));
    });
}

/// Measures everything.
pub fn all(table: &mut Table) {
    known(table);
    rest(table);
}
