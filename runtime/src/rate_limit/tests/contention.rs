//! Threads that contend for permits.

use crate::{
    rate_limit::{Rate, RateLimiter},
    time::{Clock, ManualClock},
};
use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

const THREADS: usize = 8;

/// Each round the clock jumps, and all threads ask for more than there is: what they get together is
/// exact, to the permit.
#[test]
fn eight_threads_get_exactly_the_burst_and_the_rate() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::builder("contention")
        .rate(Rate::every(Duration::from_nanos(7)))
        .burst(100)
        .clock(clock.clone())
        .build()
        .unwrap();
    // In nanoseconds: nothing, parts of an interval, up to hours.
    let jumps = [
        0,
        1,
        6,
        7,
        8,
        0,
        350,
        699,
        700,
        701,
        0,
        3,
        3,
        3,
        3_600_000_000_000,
        0,
        20_000_000_000_000,
    ];
    let barrier = Barrier::new(THREADS + 1);
    let granted = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in jumps {
                    let own = (0..150).filter(|_| limiter.try_acquire().is_ok()).count();
                    granted.fetch_add(own as u64, Ordering::SeqCst);
                    barrier.wait(); // all have asked
                    barrier.wait(); // the clock has jumped
                }
            });
        }
        let mut arrival = 0;
        for jump in jumps {
            barrier.wait();
            let now = clock.now().as_nanos();
            let there = (700 - u64::saturating_sub(arrival, now)) / 7;
            assert_eq!(granted.swap(0, Ordering::SeqCst), there, "at {now}");
            arrival = arrival.max(now) + there * 7;
            clock.advance(Duration::from_nanos(jump));
            barrier.wait();
        }
    });
    let snapshot = limiter.snapshot();
    assert_eq!(
        snapshot.admitted + snapshot.rejected,
        (THREADS * 150 * jumps.len()) as u64
    );
}

/// The clock jumps while the threads ask; permits of any weight, reservations and cancelled ones
/// among them.
#[test]
fn threads_never_get_more_while_the_clock_jumps() {
    let (interval, burst) = (1_000u64, 50u32);
    let clock = ManualClock::new();
    let limiter = RateLimiter::builder("jumps")
        .rate(Rate::every(Duration::from_nanos(interval)))
        .burst(burst)
        .clock(clock.clone())
        .build()
        .unwrap();
    let is_over = AtomicBool::new(false);
    let used = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..THREADS as u32 {
            let (limiter, is_over, used) = (&limiter, &is_over, &used);
            scope.spawn(move || {
                let mut turn = number;
                while !is_over.load(Ordering::SeqCst) {
                    turn = turn.wrapping_add(1);
                    let weight = 1 + turn % 5;
                    if turn.is_multiple_of(3) {
                        let wait = Duration::from_nanos(interval * 4);
                        if let Ok(reservation) = limiter.reserve(weight, wait) {
                            if turn.is_multiple_of(2) {
                                reservation.cancel();
                            } else {
                                let _ = reservation.commit();
                                used.fetch_add(u64::from(weight), Ordering::SeqCst);
                            }
                        }
                    } else if limiter.try_acquire_n(weight).is_ok() {
                        used.fetch_add(u64::from(weight), Ordering::SeqCst);
                    }
                }
            });
        }
        for jump in (0..200u64).map(|n| n * n % 97 * 100) {
            clock.advance(Duration::from_nanos(jump));
            thread::yield_now();
        }
        is_over.store(true, Ordering::SeqCst);
    });
    // Reservations reach at most four intervals ahead.
    let most = u64::from(burst) + clock.now().as_nanos() / interval + 4;
    let used = used.load(Ordering::SeqCst);
    assert!(used <= most, "{used} of at most {most}");
    assert_eq!(limiter.snapshot().waiting, 0);
}

/// The rate changes all the time while the clock stands still: of one burst nobody gets a second
/// one.
#[test]
fn changing_rates_never_grant_a_permit_twice() {
    for _ in 0..200 {
        let clock = ManualClock::new();
        let limiter = RateLimiter::builder("changes")
            .rate("10/s")
            .burst(64)
            .clock(clock)
            .build()
            .unwrap();
        let granted = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let own = (0..100).filter(|_| limiter.try_acquire().is_ok()).count();
                    granted.fetch_add(own as u64, Ordering::SeqCst);
                });
            }
            for turn in 0..50 {
                limiter
                    .set_rate(["1000/s", "3/h", "10/s"][turn % 3])
                    .unwrap();
            }
        });
        let granted = granted.load(Ordering::SeqCst);
        // Each change rounds the debt up by a nanosecond, which may cost a permit, and gives none.
        assert!(granted <= 64, "{granted}");
        assert!(granted >= 60, "{granted}");
    }
}
