//! Waits and deadlines.

use crate::support::{RecordingClock, SECOND, doubling, failure, rejection, script};
use gardefou::{
    AppError, ErrorCode,
    error::Policy,
    retry::{Backoff, Jitter, Retry},
    time::ManualClock,
};
use std::time::Duration;

fn always_down(retry: &Retry) -> u32 {
    let mut runs = 0;
    assert!(
        retry
            .call(|| {
                runs += 1;
                Err::<(), _>("down")
            })
            .is_err()
    );
    runs
}

#[test]
fn waits_are_the_delays_of_the_backoff() {
    for kind in ["constant", "linear", "exponential", "decorrelated"] {
        let clock = RecordingClock::default();
        let retry = Retry::builder()
            .backoff(kind)
            .initial_delay(SECOND)
            .max_delay(SECOND * 10)
            .max_retries(20)
            .seed(11)
            .clock(clock.clone())
            .build()
            .unwrap();
        always_down(&retry);
        let delays: Vec<Duration> = retry.config().backoff.delays().take(20).collect();
        assert_eq!(clock.slept(), delays, "{kind}");
    }
}

#[test]
fn exponential_backoff_of_a_second_waits_one_two_and_four() {
    let clock = RecordingClock::default();
    always_down(&doubling(&clock).build().unwrap());
    assert_eq!(clock.slept_seconds(), [1.0, 2.0, 4.0]);
}

#[test]
fn no_wait_is_above_max_delay_with_any_jitter() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::PlusMinus(0.2)] {
        let clock = RecordingClock::default();
        let retry = doubling(&clock)
            .jitter(jitter)
            .max_delay(SECOND * 60)
            .max_retries(300)
            .build()
            .unwrap();
        always_down(&retry);
        assert_eq!(clock.slept().len(), 300);
        assert!(
            clock.slept().iter().all(|delay| *delay <= SECOND * 60),
            "{jitter:?}"
        );
    }
}

#[test]
fn zero_delay_starts_no_timer() {
    for kind in ["constant", "linear", "exponential", "decorrelated"] {
        let clock = RecordingClock::default();
        let retry = Retry::builder()
            .backoff(kind)
            .initial_delay(Duration::ZERO)
            .clock(clock.clone())
            .build()
            .unwrap();
        assert_eq!(always_down(&retry), 4);
        assert_eq!(clock.slept(), [], "{kind}");
    }
}

#[test]
fn max_elapsed_bounds_the_series_and_every_sleep() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .max_retries(100)
        .max_elapsed(SECOND * 20)
        .build()
        .unwrap();
    assert_eq!(always_down(&retry), 5);
    assert_eq!(
        clock.slept_seconds(),
        [1.0, 2.0, 4.0, 8.0],
        "15 s; the next wait would end at 31 s"
    );
}

#[test]
fn slow_function_uses_up_the_time_too() {
    let clock = RecordingClock::default();
    let retry = doubling(&clock)
        .max_retries(100)
        .max_elapsed(SECOND * 20)
        .build()
        .unwrap();
    let mut runs = 0;
    let outcome = retry.call(|| {
        runs += 1;
        clock.advance(SECOND * 9);
        Err::<(), _>("slow and down")
    });
    assert!(outcome.is_err());
    assert_eq!((runs, clock.slept_seconds()), (2, vec![1.0]));
}

#[test]
fn retry_after_is_a_lower_bound_of_the_wait() {
    let rate_limited = |wait| Err(failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(wait));
    let clock = RecordingClock::default();
    let outcome = doubling(&clock).build().unwrap().call(script([
        rate_limited(SECOND * 7),
        rate_limited(SECOND / 10),
        Ok(()),
    ]));
    assert!(outcome.is_ok());
    assert_eq!(
        clock.slept_seconds(),
        [7.0, 2.0],
        "at least the Retry-After, at least the own delay"
    );
}

#[test]
fn retry_after_is_found_in_the_chain_of_sources() {
    let clock = RecordingClock::default();
    let busy = rejection(Policy::Timeout, ErrorCode::TIMEOUT_ERROR, Some(SECOND * 9));
    let wrapped = AppError::from(std::io::Error::from(busy))
        .wrap(ErrorCode::EXTERNAL_SERVICE_ERROR, "upstream");
    assert!(
        doubling(&clock)
            .build()
            .unwrap()
            .call(script([Err(wrapped), Ok(())]))
            .is_ok()
    );
    assert_eq!(clock.slept_seconds(), [9.0]);
}

#[test]
fn retry_after_beyond_the_limit_ends_the_series_at_once() {
    let clock = RecordingClock::default();
    let err = || failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(SECOND * 30);
    let capped = doubling(&clock).max_delay(SECOND * 29).build().unwrap();
    let outcome = capped.call(script([Err::<(), _>(err())]));
    assert_eq!(
        outcome.unwrap_err().details()["retry_stopped_by"],
        "retry_after"
    );
    let limited = doubling(&clock).max_elapsed(SECOND * 29).build().unwrap();
    let outcome = limited.call(script([Err::<(), _>(err())]));
    assert_eq!(
        outcome.unwrap_err().details()["retry_stopped_by"],
        "deadline"
    );
    assert_eq!(clock.slept(), []);
}

#[test]
fn manual_clock_makes_hours_pass_at_once() {
    let clock = ManualClock::new();
    let day = Backoff::constant(SECOND * 86_400).jitter(Jitter::None);
    always_down(
        &Retry::builder()
            .backoff(day)
            .clock(clock.clone())
            .build()
            .unwrap(),
    );
    use gardefou::time::Clock;
    assert_eq!(clock.now().as_nanos(), 3 * 86_400 * 1_000_000_000);
}
