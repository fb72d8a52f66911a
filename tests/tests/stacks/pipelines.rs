//! Pipelines around services: admission, readiness, permits, and agreement with calls by hand.

use crate::support::{Strict, block_on, quick_retry};
use gardefou::{
    ErrorCode, Rejection,
    breaker::{CircuitBreaker, CircuitState},
    bulkhead::Bulkhead,
    hedge::Hedge,
    integrations::tower::{BoxError, PipelineLayer},
    pipeline::Pipeline,
    rate_limit::RateLimiter,
    retry::Retry,
    time::{Clock, ManualClock},
};
use gardefou_tests::testkit::poll::poll_once;
use proptest::prelude::*;
use std::{
    future::pending,
    sync::{Arc, Mutex, atomic::Ordering},
    task::Poll,
    time::Duration,
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

/// A breaker with one slot for a probe.
fn half_open() -> CircuitBreaker {
    let breaker = CircuitBreaker::builder("search")
        .half_open_max_calls(1)
        .build()
        .unwrap();
    breaker.force_open();
    breaker.half_open().unwrap();
    breaker
}

/// What the policies of attempts have taken.
struct Permits {
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
    limiter: RateLimiter,
}

impl Permits {
    fn new() -> Self {
        let limiter = RateLimiter::builder("search").rate("1/s").burst(2);
        Self {
            breaker: half_open(),
            bulkhead: Bulkhead::builder("search")
                .max_concurrent(1)
                .build()
                .unwrap(),
            limiter: limiter.clock(ManualClock::new()).build().unwrap(),
        }
    }

    /// Slots of the breaker and of the bulkhead in use, and permits that the limiter has left.
    fn state(&self) -> (bool, u64, u64) {
        let probing = self.breaker.try_acquire().is_err();
        let in_flight = u64::from(self.bulkhead.snapshot().in_flight);
        (probing, in_flight, self.limiter.snapshot().available.into())
    }

    fn pipeline(&self) -> Pipeline {
        let pipeline = Pipeline::builder("search")
            .timeout(Duration::from_secs(60))
            .retry(quick_retry())
            .circuit_breaker(&self.breaker)
            .rate_limit(&self.limiter)
            .bulkhead(&self.bulkhead)
            .attempt_timeout(Duration::from_secs(30));
        pipeline.build().unwrap()
    }

    fn hedged(&self) -> Pipeline<gardefou::pipeline::Hedged> {
        let pipeline = Pipeline::builder("search")
            .timeout(Duration::from_secs(60))
            .retry(quick_retry())
            .hedge(Hedge::builder("search").after(Duration::from_secs(20)))
            .circuit_breaker(&self.breaker)
            .rate_limit(&self.limiter)
            .bulkhead(&self.bulkhead)
            .attempt_timeout(Duration::from_secs(30));
        pipeline.build().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn permits_are_taken_by_the_first_poll_and_given_back_by_the_drop() {
    for hedged in [false, true] {
        let permits = Permits::new();
        let layer = if hedged {
            PipelineLayer::new(permits.hedged())
        } else {
            PipelineLayer::new(permits.pipeline())
        };
        let mut service = ServiceBuilder::new()
            .layer(layer)
            .service(service_fn(|(): ()| pending::<Result<(), BoxError>>()));
        let none = (false, 0, 2);
        assert_eq!(permits.state(), none);
        service.ready().await.unwrap();
        assert_eq!(permits.state(), none, "ready, and not called");
        let mut dropped_ready = service.clone();
        dropped_ready.ready().await.unwrap();
        drop(dropped_ready);
        assert_eq!(permits.state(), none, "ready, and dropped");
        let unpolled = service.call(());
        assert_eq!(permits.state(), none, "called, and not polled");
        drop(unpolled);
        let mut call = Box::pin(service.ready().await.unwrap().call(()));
        assert!(poll_once(call.as_mut()).is_pending());
        assert_eq!(permits.state(), (true, 1, 1));
        drop(call);
        assert_eq!(permits.state(), (false, 0, 1), "a rate is spent");
        assert_eq!(permits.breaker.state(), CircuitState::HalfOpen);
    }
}

#[test]
fn further_attempts_wait_until_a_clone_is_ready_within_their_permit() {
    block_on(async {
        let bulkhead = Bulkhead::builder("search")
            .max_concurrent(1)
            .build()
            .unwrap();
        let inner = Strict::new(|text: &'static str, index| match index {
            0 | 1 => Err("busy".into()),
            _ => Ok::<_, BoxError>(text),
        });
        let shared = Arc::clone(&inner.shared);
        *shared.readiness.lock().unwrap() = vec![
            Poll::Ready(Err("closed")), // the third attempt
            Poll::Ready(Ok(())),
            Poll::Pending, // the second attempt
            Poll::Ready(Ok(())),
        ];
        let breaker = CircuitBreaker::builder("search").build().unwrap();
        let pipeline = Pipeline::builder("search")
            .retry(quick_retry().max_retries(3))
            .circuit_breaker(&breaker)
            .bulkhead(&bulkhead)
            .build()
            .unwrap();
        let mut service = ServiceBuilder::new()
            .layer(PipelineLayer::new(pipeline))
            .service(inner);
        let mut call = Box::pin(service.ready().await.unwrap().call("hello"));
        assert!(poll_once(call.as_mut()).is_pending());
        assert_eq!(shared.calls.load(Ordering::Relaxed), 1);
        assert_eq!(bulkhead.snapshot().in_flight, 1, "while it waits");
        assert_eq!(call.await.unwrap(), "hello");
        assert_eq!(shared.calls.load(Ordering::Relaxed), 3);
        let counts = breaker.snapshot().counts;
        assert_eq!((counts.failure, counts.success), (3, 1));
        assert_eq!(bulkhead.snapshot().in_flight, 0);
    });
}

#[tokio::test(start_paused = true)]
async fn readiness_that_hangs_is_cut_off_by_the_timeout_of_the_attempt() {
    let breaker = CircuitBreaker::builder("search").build().unwrap();
    let pipeline = Pipeline::builder("search")
        .retry(Retry::builder().max_retries(1))
        .circuit_breaker(&breaker)
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let inner = Strict::new(|(), _| Err::<(), BoxError>("busy".into()));
    let shared = Arc::clone(&inner.shared);
    let mut service = ServiceBuilder::new()
        .layer(PipelineLayer::new(pipeline))
        .service(inner);
    let call = service.ready().await.unwrap().call(());
    *shared.readiness.lock().unwrap() = vec![Poll::Pending; 1000];
    let mut call = Box::pin(call);
    let err = loop {
        match poll_once(call.as_mut()) {
            Poll::Ready(outcome) => break outcome.unwrap_err(),
            Poll::Pending => tokio::time::advance(Duration::from_millis(100)).await,
        }
    };
    let rejection = err.downcast_ref::<Rejection>().unwrap();
    assert_eq!(rejection.code(), ErrorCode::TIMEOUT_ERROR);
    assert_eq!(shared.calls.load(Ordering::Relaxed), 1);
    assert_eq!(breaker.snapshot().counts.failure, 2);
}

#[test]
fn open_circuit_reaches_neither_the_service_nor_its_readiness() {
    block_on(async {
        let breaker = CircuitBreaker::builder("search")
            .failure_threshold(2)
            .build()
            .unwrap();
        let pipeline = Pipeline::builder("search")
            .retry(quick_retry().max_retries(9))
            .circuit_breaker(&breaker)
            .build()
            .unwrap();
        let inner = Strict::new(|(), _| Err::<(), BoxError>("busy".into()));
        let shared = Arc::clone(&inner.shared);
        let service = ServiceBuilder::new()
            .layer(PipelineLayer::new(pipeline))
            .service(inner);
        let _ = service.clone().oneshot(()).await.unwrap_err();
        let reached =
            || [&shared.calls, &shared.polled_ready].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(reached(), [2, 2], "the series ends at the open circuit");
        let err = service.oneshot(()).await.unwrap_err();
        assert_eq!(err.downcast_ref::<Rejection>().unwrap().name(), "search");
        assert_eq!(reached(), [2, 3], "ready before the call, as tower wants");
    });
}

#[test]
fn request_that_cannot_be_copied_is_sent_once() {
    struct Upload;
    block_on(async {
        let hedge = Hedge::builder("search").after(Duration::from_secs(1));
        let pipeline = Pipeline::builder("search")
            .retry(quick_retry())
            .hedge(hedge)
            .build()
            .unwrap();
        let inner = Strict::new(|_: Upload, _| Err::<(), BoxError>("busy".into()));
        let shared = Arc::clone(&inner.shared);
        let service = ServiceBuilder::new()
            .layer(PipelineLayer::new(pipeline).clone_request(|_: &Upload| None))
            .service(inner);
        let err = service.oneshot(Upload).await.unwrap_err();
        assert_eq!(err.to_string(), "busy", "the error as it was");
        assert_eq!(shared.calls.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn pipeline_without_policies_calls_the_service() {
    block_on(async {
        let pipeline = Pipeline::builder("search").build().unwrap();
        let inner = Strict::new(|number: u32, _| Ok::<_, BoxError>(number + 1));
        let service = ServiceBuilder::new()
            .layer(PipelineLayer::new(pipeline))
            .service(inner);
        assert_eq!(service.oneshot(1).await.unwrap(), 2);
    });
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

fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

/// Which policies a pipeline has.
#[derive(Clone, Copy, Debug)]
struct Has {
    timeout: bool,
    retry: bool,
    breaker: bool,
    limiter: bool,
    bulkhead: bool,
    attempt_timeout: bool,
    hedge: bool,
}

struct Guards {
    clock: ManualClock,
    breaker: CircuitBreaker,
    limiter: RateLimiter,
    hedge: Hedge,
    retry: Retry,
}

impl Guards {
    fn new(threshold: u32, retries: u32) -> Self {
        let clock = ManualClock::new();
        let breaker = CircuitBreaker::builder("search")
            .failure_threshold(threshold)
            .recovery_timeout(Duration::from_secs(2));
        let limiter = RateLimiter::builder("search").rate("2/s").burst(4);
        let hedge = Hedge::builder("search").after(Duration::from_secs(9));
        let retry = Retry::builder().max_retries(retries).seed(7);
        Self {
            breaker: breaker.clock(clock.clone()).build().unwrap(),
            limiter: limiter.clock(clock.clone()).build().unwrap(),
            hedge: hedge.clock(clock.clone()).build().unwrap(),
            retry: retry.clock(clock.clone()).build().unwrap(),
            clock,
        }
    }

    fn pipeline(&self, has: Has) -> gardefou::pipeline::PipelineBuilder {
        let mut pipeline = Pipeline::builder("search");
        if has.timeout {
            pipeline = pipeline.timeout(Duration::from_secs(600));
        }
        if has.retry {
            pipeline = pipeline.retry(&self.retry);
        }
        if has.breaker {
            pipeline = pipeline.circuit_breaker(&self.breaker);
        }
        if has.limiter {
            pipeline = pipeline.rate_limit(&self.limiter);
        }
        if has.bulkhead {
            pipeline = pipeline.bulkhead(Bulkhead::builder("search"));
        }
        if has.attempt_timeout {
            pipeline = pipeline.attempt_timeout(Duration::from_secs(60));
        }
        pipeline
    }
}

proptest! {
    /// The layer and the handle give the same outcomes, attempts and counts on one script, whatever
    /// policies there are.
    #[test]
    fn layer_behaves_as_the_handle_does(
        script in proptest::collection::vec(prop_oneof![
            Just(Step::Ok), Just(Step::Busy), Just(Step::Busy), Just(Step::NotFound), Just(Step::Rejected)
        ], 1..30),
        threshold in 1..5_u32,
        retries in 0..4_u32,
        has in any::<[bool; 7]>(),
    ) {
        let [timeout, retry, breaker, limiter, bulkhead, attempt_timeout, hedge] = has;
        let has = Has { timeout, retry, breaker, limiter, bulkhead, attempt_timeout, hedge };
        // Where an attempt has no room, the hedge waits for its delay.
        paused(async {
            let (by_hand, by_layer) = (Guards::new(threshold, retries), Guards::new(threshold, retries));
            let used = Mutex::new(0);
            let next = || {
                let mut used = used.lock().unwrap();
                let step = script[*used % script.len()];
                *used += 1;
                async move { perform(step) }
            };
            let steps = Arc::new(script.clone());
            let inner = Strict::new(move |(), index: usize| perform(steps[index % steps.len()]));
            let shared = Arc::clone(&inner.shared);
            let layer = if has.hedge {
                PipelineLayer::new(by_layer.pipeline(has).hedge(&by_layer.hedge).build().unwrap())
            } else {
                PipelineLayer::new(by_layer.pipeline(has).build().unwrap())
            };
            let service = ServiceBuilder::new().layer(layer).service(inner);
            let pipeline = by_hand.pipeline(has).build().unwrap();
            let hedged = by_hand.pipeline(has).hedge(&by_hand.hedge).build().unwrap();
            for _ in 0..script.len() {
                let one = if has.hedge {
                    hedged.call_async(next).await
                } else {
                    pipeline.call_async(next).await
                };
                let other = service.clone().oneshot(()).await;
                let text = |outcome: &Result<u32, BoxError>| format!("{outcome:?}");
                assert_eq!(text(&one), text(&other));
                assert_eq!(*used.lock().unwrap(), shared.calls.load(Ordering::Relaxed));
                assert_eq!(by_hand.breaker.snapshot().counts, by_layer.breaker.snapshot().counts);
                assert_eq!(by_hand.breaker.state(), by_layer.breaker.state());
                assert_eq!(by_hand.limiter.snapshot(), by_layer.limiter.snapshot());
                assert_eq!(by_hand.hedge.snapshot(), by_layer.hedge.snapshot());
                assert_eq!(by_hand.clock.now(), by_layer.clock.now());
            }
        });
    }
}

/// Keeps the outcome of each span of a call, and the numbers of the attempts in it.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl tracing::field::Visit for Seen {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if ["outcome", "attempt.number"].contains(&field.name()) {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Seen {
    fn enabled(
        &self,
        metadata: &tracing::Metadata<'_>,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) -> bool {
        ["gardefou::span", "gardefou::attempt"].contains(&metadata.target())
    }

    fn on_record(
        &self,
        _: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        values.record(&mut self.clone());
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn request_through_a_pipeline_with_a_span_has_one() {
    use tracing_subscriber::layer::SubscriberExt;
    let seen = Seen::default();
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(seen.clone()));
    let pipeline = Pipeline::builder("traced").retry(quick_retry()).span(true);
    let calls = Arc::new(Mutex::new(0));
    let mut service = ServiceBuilder::new()
        .layer(PipelineLayer::new(pipeline.build().unwrap()))
        .service(service_fn(move |(): ()| {
            *calls.lock().unwrap() += 1;
            let call = *calls.lock().unwrap();
            async move {
                match call {
                    1 => Err::<u32, BoxError>("busy".into()),
                    2 => Ok(call),
                    _ => pending().await,
                }
            }
        }));
    assert_eq!(service.ready().await.unwrap().call(()).await.unwrap(), 2);
    assert_eq!(
        *seen.0.lock().unwrap(),
        ["1", "\"failed\"", "2", "\"succeeded\"", "\"succeeded\""]
    );
    seen.0.lock().unwrap().clear();
    let mut dropped = Box::pin(service.ready().await.unwrap().call(()));
    assert!(poll_once(dropped.as_mut()).is_pending());
    drop(dropped);
    assert_eq!(*seen.0.lock().unwrap(), ["\"cancelled\""]);
    drop(guard);
}
