//! Permits: how many there are, when they come back, and what a rejection carries.

use gardefou::{
    AppError, ErrorCode,
    error::Policy,
    rate_limit::{Rate, RateLimiter},
    time::ManualClock,
};
use gardefou_tests::testkit::log::{Line, capture, ours};
use std::time::Duration;
use tracing::Level;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn limiter(rate: &str) -> (ManualClock, RateLimiter) {
    let clock = ManualClock::new();
    let builder = RateLimiter::builder("permits")
        .rate(rate)
        .clock(clock.clone());
    (clock, builder.build().unwrap())
}

/// Ten permits a second, taken as five and five; the next one is refused. In a fixed cycle all ten
/// come back at its end; here each comes back 100 ms after the one before, so that the eleventh is
/// granted after a tenth of the cycle, and all ten after the whole.
#[test]
fn burst_is_granted_and_then_one_call_for_each_interval() {
    let (clock, limiter) = limiter("10/s");
    assert!(limiter.try_acquire_n(5).is_ok() && limiter.try_acquire_n(5).is_ok());
    let rejection = limiter.try_acquire().unwrap_err();
    assert_eq!(rejection.retry_after(), Some(MS(100)));
    clock.advance(MS(100));
    assert!(limiter.try_acquire().is_ok() && limiter.try_acquire().is_err());
    clock.advance(MS(1000));
    assert_eq!(limiter.snapshot().available, 10);
}

/// Six taken of ten: five are refused, and the refused request takes nothing.
#[test]
fn refused_request_consumes_nothing() {
    let (_, limiter) = limiter("10/s");
    limiter.try_acquire_n(6).unwrap();
    for _ in 0..3 {
        assert_eq!(
            limiter.try_acquire_n(5).unwrap_err().retry_after(),
            Some(MS(100))
        );
    }
    assert!(limiter.reserve(5, MS(99)).is_err());
    assert_eq!(limiter.snapshot().available, 4);
    assert!(limiter.try_acquire_n(4).is_ok());
}

/// After many cycles without a call there is one burst, and no more.
#[test]
fn quiet_time_brings_one_burst_and_no_more() {
    let (clock, limiter) = limiter("10/s");
    limiter.try_acquire_n(3).unwrap();
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(limiter.snapshot().available, 10);
    assert!(limiter.try_acquire_n(10).is_ok() && limiter.try_acquire().is_err());
}

/// Three times the burst are reserved where the wait may be long: in a fixed cycle for the third
/// cycle from now; here the burst is there, and the other twenty come in two seconds.
#[test]
fn weight_above_the_burst_is_reserved_for_a_long_wait_and_refused_for_a_short_one() {
    let (clock, limiter) = limiter("10/s");
    let short = limiter.reserve(30, MS(1999)).unwrap_err();
    assert_eq!(short.retry_after(), None, "it fits no wait of that length");
    assert_eq!(limiter.snapshot().available, 10, "nothing was reserved");
    let reservation = limiter.reserve(30, MS(2000)).unwrap();
    assert_eq!(reservation.delay(), MS(2000));
    assert_eq!(reservation.commit(), MS(2000));
    clock.advance(MS(2000));
    assert_eq!(limiter.snapshot().available, 0, "all thirty are used now");
    clock.advance(MS(1000));
    assert_eq!(limiter.snapshot().available, 10);
}

/// Draining leaves no permit, and draining an empty limiter returns zero. In a fixed cycle the next
/// one begins full; here permits come back one by one.
#[test]
fn drained_limiter_has_no_permit_until_one_comes() {
    let (clock, limiter) = limiter("10/s");
    limiter.try_acquire_n(2).unwrap();
    assert_eq!(limiter.drain(), 8);
    assert_eq!(limiter.drain(), 0);
    assert_eq!(limiter.snapshot().available, 0);
    assert_eq!(
        limiter.try_acquire().unwrap_err().retry_after(),
        Some(MS(100))
    );
    clock.advance(MS(300));
    assert_eq!(limiter.drain(), 3);
}

/// One call each 500 ms: of seven at once the last one waits for three seconds.
#[test]
fn seven_calls_at_once_are_spaced_evenly() {
    let (_, limiter) = limiter("1/500ms");
    let delays: Vec<Duration> = (0..7)
        .map(|_| {
            limiter
                .reserve(1, Duration::from_secs(10))
                .unwrap()
                .commit()
        })
        .collect();
    assert_eq!(delays, [0, 500, 1000, 1500, 2000, 2500, 3000].map(MS));
}

/// The limiter knows when a permit comes, and the rejection carries it, up to the HTTP answer. Where
/// no time helps it carries none.
#[test]
fn rejection_carries_the_exact_time_into_the_http_answer() {
    let (clock, limiter) = limiter("1/2500ms");
    limiter.try_acquire().unwrap();
    clock.advance(MS(1));
    let rejection = limiter.try_acquire().unwrap_err();
    assert_eq!(
        (rejection.policy(), rejection.code(), rejection.name()),
        (Policy::RateLimit, ErrorCode::RATE_LIMIT_ERROR, "permits")
    );
    assert_eq!(rejection.retry_after(), Some(MS(2499)));
    assert!(!rejection.ran());
    assert_eq!(
        rejection.cause().as_deref(),
        Some("no permit is left of a rate of 1/2.5s and a burst of 1")
    );
    let error = AppError::from(rejection);
    assert_eq!(error.retry_after(), Some(MS(2499)));
    assert_eq!(error.details()["rate_limit"], "permits");
    let problem = error.to_problem();
    assert_eq!(problem.status(), 429);
    assert_eq!(
        problem.retry_after(),
        Some(MS(3000)),
        "whole seconds, rounded up"
    );

    assert_eq!(limiter.try_acquire_n(2).unwrap_err().retry_after(), None);
}

#[test]
fn weight_of_zero_is_always_granted_and_takes_nothing() {
    let (_, limiter) = limiter("1/h");
    limiter.try_acquire().unwrap();
    assert!(limiter.try_acquire_n(0).is_ok());
    assert_eq!(
        limiter.reserve(0, Duration::ZERO).unwrap().delay(),
        Duration::ZERO
    );
    assert!(limiter.try_acquire().is_err());
}

#[test]
fn changed_rate_keeps_the_missing_permits_and_the_given_times() {
    let (clock, limiter) = limiter("10/s");
    limiter.try_acquire_n(10).unwrap();
    let reserved = limiter.reserve(1, Duration::from_secs(1)).unwrap();
    limiter.set_rate("1/s").unwrap();
    assert_eq!(reserved.delay(), MS(100), "a given time stays");
    assert_eq!(limiter.config().burst, 1, "it follows the rate");
    // Eleven are missing, and come at the new rate; one of them fits the burst.
    assert_eq!(
        limiter.try_acquire().unwrap_err().retry_after(),
        Some(MS(11_000))
    );
    limiter.set_rate(Rate::per_second(100)).unwrap();
    assert_eq!(limiter.snapshot().available, 89);
    clock.advance(MS(110));
    assert_eq!(limiter.snapshot().available, 100);
    let err = limiter.set_rate("100").unwrap_err();
    assert_eq!(
        (err.field(), limiter.config().rate),
        ("rate", Rate::per_second(100))
    );
}

#[test]
fn set_burst_stays_when_the_rate_changes() {
    let clock = ManualClock::new();
    let builder = RateLimiter::builder("burst")
        .rate("10/s")
        .burst(3)
        .clock(clock);
    let limiter = builder.build().unwrap();
    limiter.set_rate("50/s").unwrap();
    assert_eq!(limiter.config().burst, 3);
    assert!(limiter.try_acquire_n(3).is_ok() && limiter.try_acquire().is_err());
}

#[test]
fn counts_are_of_requests() {
    let (clock, limiter) = limiter("2/s");
    limiter.try_acquire_n(2).unwrap();
    limiter.try_acquire().unwrap_err();
    let waiting = limiter.reserve(1, MS(500)).unwrap();
    let cancelled = limiter.reserve(1, MS(1000)).unwrap();
    assert_eq!(limiter.snapshot().waiting, 2);
    drop(cancelled);
    clock.advance(MS(500));
    drop(waiting); // its time has come: it counts as used
    let snapshot = limiter.snapshot();
    assert_eq!((snapshot.admitted, snapshot.rejected), (2, 1));
    assert_eq!(
        (snapshot.waited, snapshot.cancelled, snapshot.waiting),
        (1, 1, 0)
    );
}

#[test]
fn rejection_is_logged_at_debug_with_the_fields_of_the_catalogue() {
    let (_, limiter) = limiter("1/s");
    limiter.try_acquire().unwrap();
    let (rejected, lines) = capture(ours(Level::DEBUG), || limiter.try_acquire());
    assert!(rejected.is_err());
    let [line]: [Line; 1] = lines.try_into().unwrap();
    assert_eq!(line.field("limiter"), Some("permits"));
    assert_eq!(line.field("retry_after"), Some("1s"));
    assert_eq!(line.message(), "the rate limiter rejected a call");
}
