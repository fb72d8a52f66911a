//! `Pipeline` by hand.

use gardefou::{
    AppError, ErrorCode,
    breaker::{CircuitBreaker, CircuitState},
    call,
    hedge::Hedge,
    pipeline::Pipeline,
    retry::{Jitter, Retry, RetryBuilder},
    time::ManualClock,
    timeout::Timeout,
};
use gardefou_tests::testkit::poll::ready;
use std::{
    cell::{Cell, RefCell},
    future::pending,
    time::Duration,
};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

fn down<T>() -> Result<T, AppError> {
    Err(AppError::new(
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        "no answer",
    ))
}

fn retry(max_retries: u32) -> RetryBuilder {
    Retry::builder()
        .max_retries(max_retries)
        .initial_delay(SECOND)
        .backoff_factor(1.0)
        .jitter(Jitter::None)
        .budget(
            gardefou::retry::RetryBudget::builder()
                .floor(1000)
                .build()
                .unwrap(),
        )
}

fn breaker(name: &str) -> CircuitBreaker {
    CircuitBreaker::builder(name.to_owned())
        .failure_threshold(3)
        .build()
        .unwrap()
}

#[test]
fn each_attempt_is_counted_and_the_retry_stops_at_the_open_circuit() {
    let clock = ManualClock::new();
    let breaker = breaker("each-attempt");
    let pipeline = Pipeline::builder("each-attempt")
        .circuit_breaker(&breaker)
        .retry(retry(9).clock(clock.clone()))
        .build()
        .unwrap();
    let mut calls = 0;
    let outcome = pipeline.call(|| {
        calls += 1;
        down::<()>()
    });
    assert_eq!((calls, breaker.state()), (3, CircuitState::Open));
    assert!(outcome.is_err());
    // Nothing runs while it is open.
    let outcome = pipeline.call(|| {
        calls += 1;
        down::<()>()
    });
    assert!(outcome.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(calls, 3);
}

#[tokio::test(start_paused = true)]
async fn timeouts_of_the_whole_and_of_each_attempt_hold() {
    let pipeline = Pipeline::builder("timeouts")
        .timeout(Duration::from_millis(3500))
        .attempt_timeout(SECOND)
        .retry(retry(9))
        .build()
        .unwrap();
    let (start, calls) = (Instant::now(), Cell::new(0));
    let outcome = pipeline
        .call_async(|| {
            calls.set(calls.get() + 1);
            pending::<Result<(), AppError>>()
        })
        .await;
    // 1 s, a wait, 1 s; the next wait would end after the deadline.
    assert!(outcome.unwrap_err().is(ErrorCode::TIMEOUT_ERROR));
    assert_eq!((start.elapsed(), calls.get()), (3 * SECOND, 2));
}

#[tokio::test(start_paused = true)]
async fn operation_is_made_only_when_it_is_admitted() {
    let breaker = breaker("admitted-first");
    breaker.force_open();
    let pipeline = Pipeline::builder("admitted-first")
        .timeout(SECOND)
        .circuit_breaker(&breaker)
        .attempt_timeout(SECOND)
        .build()
        .unwrap();
    let made = Cell::new(false);
    let outcome = pipeline
        .call_async(|| {
            made.set(true);
            async { Ok::<_, AppError>(()) }
        })
        .await;
    assert!(outcome.is_err() && !made.get());
}

#[tokio::test(start_paused = true)]
async fn dropped_call_gives_the_slot_of_the_breaker_back() {
    let breaker = CircuitBreaker::builder("dropped-call")
        .failure_threshold(1)
        .half_open_max_calls(1)
        .recovery_timeout(SECOND)
        .build()
        .unwrap();
    let pipeline = Pipeline::builder("dropped-call")
        .retry(retry(0))
        .circuit_breaker(&breaker)
        .build()
        .unwrap();
    assert!(
        pipeline
            .call_async(|| async { down::<()>() })
            .await
            .is_err()
    );
    sleep(2 * SECOND).await;
    for _ in 0..3 {
        // Each is the only probe, and is dropped while it is pending.
        let call = pipeline.call_async(pending::<Result<(), AppError>>);
        let cut = tokio::time::timeout(Duration::from_millis(1), call).await;
        assert!(cut.is_err(), "admitted, and pending");
    }
}

#[test]
fn empty_pipeline_calls_the_function() {
    let pipeline = Pipeline::builder("empty").build().unwrap();
    assert_eq!(pipeline.call(|| Ok::<_, AppError>(1)).unwrap(), 1);
    assert!(
        pipeline
            .call(down::<()>)
            .unwrap_err()
            .is(ErrorCode::EXTERNAL_SERVICE_ERROR)
    );
    assert!(format!("{pipeline:?}").contains("empty"));
}

#[test]
fn function_of_an_empty_pipeline_has_nothing_around_it() {
    let pipeline = Pipeline::builder("empty").build().unwrap();
    let around = || Ok::<_, AppError>((call::attempt(), call::remaining()));
    assert_eq!(pipeline.call(around).unwrap(), (None, None));
    let future = pipeline.call_async(|| async { around() });
    assert_eq!(ready(future).unwrap(), (None, None));
}

#[test]
fn async_call_begins_when_it_is_polled() {
    let policies = [
        Pipeline::builder("empty"),
        Pipeline::builder("retried").retry(retry(1)),
    ];
    for builder in policies {
        let pipeline = builder.build().unwrap();
        let calls = Cell::new(0);
        let future = pipeline.call_async(|| {
            calls.set(calls.get() + 1);
            async { Ok::<_, AppError>(calls.get()) }
        });
        assert_eq!(calls.get(), 0);
        assert_eq!(ready(future).unwrap(), 1);
    }
}

#[test]
fn problems_of_all_policies_are_reported_at_once() {
    let err = Pipeline::builder("many-problems")
        .retry(Retry::builder().backoff_factor(0.5))
        .circuit_breaker(CircuitBreaker::builder("many-problems").failure_threshold(0))
        .timeout(Duration::ZERO)
        .attempt_timeout(Timeout::builder("").limit(SECOND))
        .build()
        .unwrap_err();
    let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    assert_eq!(
        fields,
        ["backoff_factor", "failure_threshold", "limit", "name"]
    );
}

#[tokio::test]
async fn futures_can_be_spawned_and_borrow() {
    let pipeline = Pipeline::builder("spawned")
        .timeout(60 * SECOND)
        .retry(retry(1))
        .circuit_breaker(breaker("spawned"))
        .attempt_timeout(30 * SECOND)
        .build()
        .unwrap();
    let spawned = pipeline.clone();
    let task = tokio::spawn(async move {
        let text = String::from("borrowed");
        let text = &text;
        spawned
            .call_async(|| async move { Ok::<_, AppError>(text.len()) })
            .await
    });
    assert_eq!(task.await.unwrap().unwrap(), 8);
    // Not `Send`, and borrowed mutably by each attempt in turn.
    let log = RefCell::new(Vec::new());
    let outcome = pipeline
        .call_async(|| async {
            log.borrow_mut().push("called");
            Ok::<_, AppError>(())
        })
        .await;
    outcome.unwrap();
    assert_eq!(log.into_inner(), ["called"]);
}

/// The breaker counts each attempt of the hedge, and drops of losers count as nothing.
#[tokio::test(start_paused = true)]
async fn hedge_stands_between_retry_and_breaker() {
    let breaker = breaker("hedged");
    let pipeline = Pipeline::builder("hedged")
        .timeout(60 * SECOND)
        .retry(retry(1))
        .hedge(Hedge::builder("hedged").after(SECOND).max_hedges(1))
        .circuit_breaker(&breaker)
        .build()
        .unwrap();
    let (calls, start) = (Cell::new(0), Instant::now());
    let outcome = pipeline
        .call_async(|| async {
            calls.set(calls.get() + 1);
            match calls.get() {
                1 => pending::<Result<u32, AppError>>().await,
                call => Ok(call),
            }
        })
        .await;
    assert_eq!((outcome.unwrap(), start.elapsed()), (2, SECOND));
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.success, counts.failure), (1, 0));
}

#[tokio::test]
async fn hedged_call_can_be_spawned() {
    let pipeline = Pipeline::builder("hedged-spawned")
        .hedge(Hedge::builder("hedged-spawned").after(SECOND))
        .retry(retry(1))
        .circuit_breaker(breaker("hedged-spawned"))
        .build()
        .unwrap();
    let task = tokio::spawn(async move {
        let text = String::from("borrowed");
        let text = &text;
        pipeline
            .call_async(|| async move { Ok::<_, AppError>(text.len()) })
            .await
    });
    assert_eq!(task.await.unwrap().unwrap(), 8);
}
