//! Retries around services: requests, outcomes, and agreement with calls by hand.

use crate::support::{Strict, block_on, quick_retry};
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::CircuitBreaker,
    call, enhanced_error_handling,
    integrations::tower::{BoxError, CircuitBreakerLayer, RetryLayer},
    retry::{FailedAttempt, Retry},
    testing::Scope,
    time::ManualClock,
};
use proptest::prelude::*;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

#[test]
fn request_is_copied_for_each_attempt_that_may_follow() {
    #[derive(Debug)]
    struct Counted(Arc<AtomicUsize>);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(Arc::clone(&self.0))
        }
    }
    block_on(async {
        let copies = Arc::default();
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(
                quick_retry().max_retries(2).build().unwrap(),
            ))
            .service(service_fn(async |_: Counted| {
                Err::<(), BoxError>("busy".into())
            }));
        assert!(service.oneshot(Counted(Arc::clone(&copies))).await.is_err());
        assert_eq!(copies.load(Ordering::Relaxed), 2, "none for the last one");
    });
}

#[test]
fn request_that_cannot_be_copied_is_sent_once() {
    block_on(async {
        // The second copy is refused: there is a second attempt, and no third one.
        for (copies, calls) in [(0, 1), (1, 2), (2, 3), (9, 4)] {
            let inner = Strict::new(|_: usize, _| Err::<(), BoxError>("busy".into()));
            let shared = Arc::clone(&inner.shared);
            let copy = |left: &usize| left.checked_sub(1);
            let service = ServiceBuilder::new()
                .layer(RetryLayer::new(quick_retry().build().unwrap()).clone_request(copy))
                .service(inner);
            let err = service.oneshot(copies).await.unwrap_err();
            assert_eq!(err.to_string(), "busy", "the error as it was");
            assert_eq!(shared.calls.load(Ordering::Relaxed), calls, "{copies}");
        }
    });
}

#[test]
fn error_of_readiness_is_that_of_the_attempt() {
    block_on(async {
        let inner = Strict::new(|(), _| Err::<(), BoxError>("busy".into()));
        let shared = Arc::clone(&inner.shared);
        *shared.readiness.lock().unwrap() = vec![Poll::Ready(Err("closed")), Poll::Ready(Ok(()))];
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let retry = quick_retry()
            .max_retries(2)
            .on_retry(move |failed: &FailedAttempt<'_>| {
                log.lock()
                    .unwrap()
                    .push((failed.index, failed.error.to_string()));
            })
            .build()
            .unwrap();
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(retry))
            .service(inner);
        let _ = service.oneshot(()).await.unwrap_err();
        assert_eq!(
            *seen.lock().unwrap(),
            [(0, "busy".to_owned()), (1, "closed".to_owned())]
        );
        assert_eq!(shared.calls.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn permanent_error_of_any_type_and_depth_is_returned_at_once() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot pay")]
    struct PayError(#[source] BoxError);
    block_on(async {
        let errors: [fn() -> BoxError; 3] = [
            || AppError::new(ErrorCode::PERMISSION_ERROR, "no access").into(),
            || std::io::Error::from(std::io::ErrorKind::NotFound).into(),
            || {
                let inner = AppError::new(ErrorCode::PERMISSION_ERROR, "no access");
                PayError(Box::new(PayError(inner.into()))).into()
            },
        ];
        for make in errors {
            let inner = Strict::new(move |(), _| Err::<(), BoxError>(make()));
            let shared = Arc::clone(&inner.shared);
            let breaker = CircuitBreaker::builder("pay").build().unwrap();
            let service = ServiceBuilder::new()
                .layer(RetryLayer::new(quick_retry().build().unwrap()))
                .layer(CircuitBreakerLayer::new(breaker.clone()))
                .service(inner);
            let _ = service.oneshot(()).await.unwrap_err();
            assert_eq!(shared.calls.load(Ordering::Relaxed), 1, "{}", make());
            assert_eq!(breaker.snapshot().counts.ignored, 1, "{}", make());
        }
    });
}

#[test]
fn status_is_retried_after_its_wait_and_the_last_response_returned() {
    block_on(async {
        let clock = ManualClock::new();
        let start = gardefou::time::Clock::now(&clock);
        let retry = Retry::builder()
            .max_retries(2)
            .clock(clock.clone())
            .build()
            .unwrap();
        let breaker = CircuitBreaker::builder("stock").build().unwrap();
        let statuses = [503, 429, 502];
        let inner = Strict::new(move |_: u32, index: usize| {
            let response = http_1::Response::builder().status(statuses[index]);
            Ok::<_, BoxError>(response.header("retry-after", "30").body(index)?)
        });
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(retry).by_status())
            .layer(CircuitBreakerLayer::new(breaker.clone()).by_status())
            .service(inner);
        let last = service.oneshot(7).await.unwrap();
        assert_eq!((last.status().as_u16(), *last.body()), (502, 2));
        let waited = gardefou::time::Clock::now(&clock).since(start);
        assert!(
            waited >= Duration::from_secs(60) && waited <= Duration::from_secs(67),
            "{waited:?}"
        );
        assert_eq!(breaker.snapshot().counts.failure, 3);
    });
}

#[test]
fn open_circuit_ends_the_series() {
    block_on(async {
        let breaker = CircuitBreaker::builder("search")
            .failure_threshold(2)
            .build()
            .unwrap();
        let inner = Strict::new(|(), _| Err::<(), BoxError>("busy".into()));
        let shared = Arc::clone(&inner.shared);
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(
                quick_retry().max_retries(9).build().unwrap(),
            ))
            .layer(CircuitBreakerLayer::new(breaker))
            .service(inner);
        let _ = service.oneshot(()).await.unwrap_err();
        assert_eq!(shared.calls.load(Ordering::Relaxed), 2);
    });
}

#[tokio::test(start_paused = true)]
async fn attempt_timeout_cuts_off_each_attempt() {
    let breaker = CircuitBreaker::builder("search").build().unwrap();
    let retry = Retry::builder()
        .max_retries(2)
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(retry))
        .layer(CircuitBreakerLayer::new(breaker.clone()))
        .service(service_fn(async |(): ()| {
            let attempt = call::attempt().unwrap();
            if !attempt.is_last() {
                std::future::pending::<()>().await;
            }
            assert!(call::remaining().unwrap() <= Duration::from_secs(1));
            Ok::<_, BoxError>(attempt.index)
        }));
    assert_eq!(service.oneshot(()).await.unwrap(), 2);
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.failure, counts.success), (2, 1));
}

#[enhanced_error_handling]
fn query(fails: bool) -> Result<u32, AppError> {
    if fails {
        return Err(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "refused"));
    }
    Ok(7)
}

#[test]
fn errors_of_attempts_that_others_follow_are_not_counted() {
    for (failures, counted) in [(2, 0), (4, 1)] {
        let scope = Scope::new();
        let _entered = scope.enter();
        block_on(async {
            let service = ServiceBuilder::new()
                .layer(RetryLayer::new(quick_retry().build().unwrap()))
                .service(Strict::new(move |(), index| {
                    Ok::<_, BoxError>(query(index < failures)?)
                }));
            assert_eq!(service.oneshot(()).await.is_err(), counted == 1);
        });
        let total = scope.monitor().stats().total_errors;
        assert_eq!(total, counted, "{failures} attempts failed");
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ok,
    Busy,
    NotFound,
    Rejected,
}

fn perform(step: Step) -> Result<u32, BoxError> {
    match step {
        Step::Ok => Ok(7),
        Step::Busy => Err("busy".into()),
        Step::NotFound => Err(std::io::Error::from(std::io::ErrorKind::NotFound).into()),
        Step::Rejected => {
            let breaker = CircuitBreaker::builder("further-in").build()?;
            breaker.force_open();
            breaker.call(|| Ok(7))
        }
    }
}

proptest! {
    /// The layers and the handles give the same outcomes, attempts and counts on one script.
    #[test]
    fn layers_behave_as_the_handles_do(
        script in proptest::collection::vec(prop_oneof![
            Just(Step::Ok), Just(Step::Busy), Just(Step::Busy), Just(Step::NotFound), Just(Step::Rejected)
        ], 1..40),
        threshold in 1..5_u32,
        retries in 0..4_u32,
    ) {
        block_on(async {
            let make = || {
                let clock = ManualClock::new();
                let breaker = CircuitBreaker::builder("search")
                    .failure_threshold(threshold)
                    .recovery_timeout(Duration::from_secs(2))
                    .clock(clock.clone())
                    .build().unwrap();
                let retry = Retry::builder().max_retries(retries).seed(7).clock(clock).build().unwrap();
                (breaker, retry)
            };
            let (by_hand, by_layer) = (make(), make());
            let steps = Arc::new(script.clone());
            let service = ServiceBuilder::new()
                .layer(RetryLayer::new(by_layer.1.clone()))
                .layer(CircuitBreakerLayer::new(by_layer.0.clone()))
                .service(Strict::new(move |(), index: usize| perform(steps[index % steps.len()])));
            let used = Mutex::new(0);
            for _ in 0..script.len() {
                let one = by_hand.1.call_async(|| by_hand.0.call_async(|| {
                    let mut used = used.lock().unwrap();
                    let step = script[*used % script.len()];
                    *used += 1;
                    async move { perform(step) }
                })).await;
                let other = service.clone().oneshot(()).await;
                let text = |outcome: &Result<u32, BoxError>| format!("{outcome:?}");
                assert_eq!(text(&one), text(&other));
                let is_rejection = |outcome: &Result<u32, BoxError>| outcome.as_ref().is_err_and(|err| err.is::<Rejection>());
                assert_eq!(is_rejection(&one), is_rejection(&other));
                assert_eq!(by_hand.0.snapshot().counts, by_layer.0.snapshot().counts);
                assert_eq!(by_hand.0.state(), by_layer.0.state());
            }
        });
    }
}
