//! How long is waited, and until when.

use crate::support::{Diary, SECOND, doubling, failure, rejection, script};
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
fn the_waits_are_the_delays_of_the_backoff() {
    for kind in ["constant", "linear", "exponential", "decorrelated"] {
        let clock = Diary::default();
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
fn an_exponential_backoff_of_a_second_waits_one_two_and_four() {
    let clock = Diary::default();
    always_down(&doubling(&clock).build().unwrap());
    assert_eq!(clock.slept_seconds(), [1.0, 2.0, 4.0]);
}

#[test]
fn no_wait_is_above_max_delay_with_any_jitter() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::PlusMinus(0.2)] {
        let clock = Diary::default();
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
fn a_zero_delay_starts_no_timer() {
    for kind in ["constant", "linear", "exponential", "decorrelated"] {
        let clock = Diary::default();
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
fn the_whole_time_is_bounded_and_no_sleep_goes_past_it() {
    let clock = Diary::default();
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
fn a_slow_function_uses_up_the_time_too() {
    let clock = Diary::default();
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
fn a_callee_that_names_a_time_is_left_alone_for_that_long() {
    let asks = |wait| Err(failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(wait));
    let clock = Diary::default();
    let outcome = doubling(&clock).build().unwrap().call(script([
        asks(SECOND * 7),
        asks(SECOND / 10),
        Ok(()),
    ]));
    assert!(outcome.is_ok());
    assert_eq!(
        clock.slept_seconds(),
        [7.0, 2.0],
        "at least as long as asked, at least the own delay"
    );
}

#[test]
fn the_time_that_a_callee_names_is_found_down_the_chain() {
    let clock = Diary::default();
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
fn a_callee_that_asks_for_more_than_is_allowed_ends_the_series_at_once() {
    let clock = Diary::default();
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
fn a_manual_clock_makes_hours_pass_at_once() {
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
