//! Attempts of retries and hedges, as events.

use super::support::{Spans, failure, single};
use gardefou::{AppError, ErrorCode, hedge, resilient, retry, retry_with_circuit_breaker, timeout};
use std::{
    cell::{Cell, RefCell},
    future::pending,
    time::Duration,
};

#[retry(
    name = "spans-flaky",
    max_retries = 3,
    initial_delay = 0.001,
    backoff = "constant",
    jitter = false,
    span = true
)]
fn flaky(answers: &mut Vec<Result<u32, AppError>>) -> Result<u32, AppError> {
    answers.remove(0)
}

#[test]
fn each_attempt_is_an_event_in_order() {
    let errors = ["first", "second"].map(failure);
    let ids = errors.each_ref().map(|error| error.id().to_string());
    let mut answers: Vec<_> = errors.into_iter().map(Err).chain([Ok(7)]).collect();
    let (answer, spans) = Spans::of(|| flaky(&mut answers));
    assert_eq!(answer.unwrap(), 7);
    let span = single(spans);
    assert_eq!(
        span.attempts(),
        [
            "1 failed after 0.001",
            "2 failed after 0.001",
            "3 succeeded"
        ]
    );
    let of_events = span.events.iter().filter_map(|event| event.get("error.id"));
    assert_eq!(of_events.collect::<Vec<_>>(), ids.each_ref());
    assert_eq!(span.events[0]["error.type"], "EXTERNAL_SERVICE_ERROR");
    assert_eq!(span.events[0]["guard.name"], "spans-flaky");
    assert_eq!(
        (span.outcome(), &*span.fields["attempts"]),
        ("succeeded", "3")
    );
    assert!(
        !format!("{span:?}").contains("second "),
        "no text of an error"
    );
}

#[test]
fn first_success_is_one_attempt() {
    let span = single(Spans::of(|| flaky(&mut vec![Ok(1)])).1);
    assert_eq!(span.attempts(), ["1 succeeded"]);
    assert_eq!(span.fields["attempts"], "1");
}

#[test]
fn retry_that_gives_up_has_no_delay_after_the_last_attempt() {
    let invalid = || AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "never");
    let span = single(Spans::of(|| flaky(&mut vec![Err(failure("a")), Err(invalid())])).1);
    assert_eq!(span.attempts(), ["1 failed after 0.001", "2 failed"]);
    assert_eq!(span.fields["error.id"], span.events[1]["error.id"]);
}

#[test]
fn attempts_of_a_retry_inside_an_attempt_are_not_counted() {
    #[retry(max_retries = 1, initial_delay = 0, span = true)]
    fn outer() -> Result<(), AppError> {
        inner()
    }
    #[retry(max_retries = 2, initial_delay = 0)]
    fn inner() -> Result<(), AppError> {
        Err(failure("busy"))
    }
    let span = single(Spans::of(outer).1);
    assert_eq!(span.attempts(), ["1 failed after 0.0", "2 failed"]);
    assert_eq!(span.fields["attempts"], "2");
}

#[test]
fn span_around_another_guard_has_the_attempts_inside() {
    #[timeout("1h", span = true)]
    #[retry_with_circuit_breaker(name = "spans-inside", max_retries = 1, initial_delay = 0)]
    fn call() -> Result<(), AppError> {
        Err(failure("busy"))
    }
    let span = single(Spans::of(call).1);
    assert_eq!(span.fields["guard.kind"], "timeout");
    assert_eq!(span.attempts(), ["1 failed after 0.0", "2 failed"]);
}

#[test]
fn refused_values_are_attempts_without_an_error() {
    #[retry(max_retries = 2, initial_delay = 0, retry_if_result = is_odd, span = true)]
    fn number(next: &Cell<u32>) -> Result<u32, AppError> {
        next.set(next.get() + 1);
        Ok(next.get())
    }
    fn is_odd(answer: &Result<u32, AppError>) -> bool {
        answer.as_ref().is_ok_and(|number| number % 2 == 1)
    }
    let span = single(Spans::of(|| number(&Cell::new(0))).1);
    assert_eq!(span.attempts(), ["1 refused after 0.0", "2 succeeded"]);
    assert!(!span.events[0].contains_key("error.type"));
}

#[test]
fn resilient_gives_the_span_to_its_outermost_policy_as_stacked_attributes_do() {
    #[resilient(
        name = "spans-both",
        timeout = "1h",
        retry(max_retries = 1, initial_delay = 0),
        circuit_breaker,
        span = true
    )]
    fn together() -> Result<(), AppError> {
        Err(failure("busy"))
    }
    #[timeout("1h", name = "spans-both", span = true)]
    #[retry(max_retries = 1, initial_delay = 0, name = "spans-both")]
    #[gardefou::with_circuit_breaker(name = "spans-both")]
    fn stacked() -> Result<(), AppError> {
        Err(failure("busy"))
    }
    let strip = |run: fn() -> Result<(), AppError>| {
        let mut span = single(Spans::of(run).1);
        span.fields.retain(|name, _| {
            !name.starts_with("code.") && *name != "error.id" && *name != "otel.name"
        });
        span.events.iter_mut().for_each(|event| {
            event.remove("error.id");
        });
        span
    };
    let both = strip(together);
    assert_eq!(both, strip(stacked));
    assert_eq!(both.attempts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn hedge_has_an_event_for_each_attempt() {
    thread_local! {
        static CALLS: RefCell<u32> = const { RefCell::new(0) };
    }
    #[hedge(after = "50ms", max_hedges = 2, budget = false, span = true)]
    async fn slow() -> Result<u32, AppError> {
        let call = CALLS.with_borrow_mut(|calls| {
            *calls += 1;
            *calls
        });
        match call {
            1 => pending().await,
            2 => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Err(failure("busy"))
            }
            _ => Ok(call),
        }
    }
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.subscriber());
    assert_eq!(slow().await.unwrap(), 3);
    drop(guard);
    let span = single(spans.all());
    assert_eq!(span.attempts(), ["2 failed", "3 succeeded", "1 superseded"]);
    assert_eq!(
        (&*span.fields["attempts"], &*span.events[0]["guard.kind"]),
        ("3", "hedge")
    );

    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.subscriber());
    assert_eq!(slow().await.unwrap(), 4, "the first attempt succeeds");
    drop(guard);
    assert_eq!(single(spans.all()).attempts(), ["1 succeeded"]);
}

#[tokio::test(start_paused = true)]
async fn first_attempt_of_a_hedge_that_succeeds_after_another_one_failed_is_an_event() {
    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }
    #[hedge(after = "50ms", budget = false, span = true)]
    async fn slow() -> Result<u32, AppError> {
        CALLS.set(CALLS.get() + 1);
        if CALLS.get() == 2 {
            return Err(failure("busy"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(1)
    }
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.subscriber());
    assert_eq!(slow().await.unwrap(), 1);
    drop(guard);
    assert_eq!(single(spans.all()).attempts(), ["2 failed", "1 succeeded"]);
}
