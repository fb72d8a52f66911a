//! Outcomes of hedged attempts: responses that are failures, and those that end the call.

use crate::support::{Strict, quick_retry};
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::CircuitBreaker,
    bulkhead::Bulkhead,
    hedge::{Hedge, HedgeBuilder},
    integrations::tower::{BoxError, BulkheadLayer, HedgeLayer, PipelineLayer, RetryIf},
    pipeline::Pipeline,
    retry::RetryBudget,
};
use http_1::Response;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneService};

const DELAY: Duration = Duration::from_secs(1);

fn hedge() -> HedgeBuilder {
    Hedge::builder("search").after(DELAY).budget(false)
}

type Outcome = Result<Response<()>, BoxError>;

/// The status of a response, or an error.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Status(u16),
    Busy,
    NotFound,
}
use Step::{Busy, NotFound, Status};

impl Step {
    fn outcome(self) -> Outcome {
        match self {
            Status(status) => Ok(Response::builder().status(status).body(())?),
            Busy => Err("busy".into()),
            NotFound => Err(AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such page").into()),
        }
    }

    fn read(outcome: &Outcome) -> Self {
        match outcome {
            Ok(response) => Status(response.status().as_u16()),
            Err(error) if error.to_string() == "busy" => Busy,
            Err(_) => NotFound,
        }
    }
}

/// A service whose attempts end at once by the script.
fn scripted(script: &'static [Step]) -> Strict<impl FnMut((), usize) -> Outcome + Clone> {
    Strict::new(|(), attempt: usize| script[attempt].outcome())
}

/// Runs one call by the script, whose attempts end at once; returns its outcome, and how many
/// attempts were made.
async fn by_status(script: &'static [Step]) -> (Step, usize) {
    let inner = scripted(script);
    let shared = Arc::clone(&inner.shared);
    let hedge = hedge().max_hedges(2).build().unwrap();
    let service = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge).by_status())
        .service(inner);
    let began = Instant::now();
    let outcome = service.oneshot(()).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "no attempt had to wait");
    (Step::read(&outcome), shared.calls.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn response_that_may_be_retried_starts_the_next_attempt_at_once() {
    for script in [
        &[Status(408), Status(200)],
        &[Status(425), Status(204)],
        &[Status(429), Status(404)],
        &[Status(500), Status(301)],
        &[Status(502), Status(501)],
        &[Status(503), NotFound],
        &[Busy, Status(200)],
    ] {
        assert_eq!(by_status(script).await, (script[1], 2), "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_other_response_is_returned_at_once() {
    for script in [
        &[Status(200)],
        &[Status(304)],
        &[Status(400)],
        &[Status(404)],
        &[Status(409)],
        &[Status(501)],
        &[Status(505)],
        &[NotFound],
    ] {
        assert_eq!(by_status(script).await, (script[0], 1), "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn outcome_of_the_first_attempt_is_returned_where_all_fail() {
    for script in [
        &[Status(503), Status(502), Status(500)],
        &[Status(503), Busy, Status(500)],
        &[Busy, Status(503), Status(503)],
    ] {
        assert_eq!(by_status(script).await, (script[0], 3), "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_response_is_a_success_by_default() {
    let hedge = hedge().build().unwrap();
    let service = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge.clone()))
        .service(scripted(&[Status(503)]));
    assert_eq!(service.oneshot(()).await.unwrap().status(), 503);
    assert_eq!(hedge.snapshot().started, 0);
}

/// A service whose attempts end by the script, each after its time.
fn timed(script: [(Duration, Step); 2]) -> BoxCloneService<(), Response<()>, BoxError> {
    let calls = Arc::new(AtomicUsize::new(0));
    BoxCloneService::new(service_fn(move |()| {
        let (time, step) = script[calls.fetch_add(1, Ordering::Relaxed)];
        async move {
            tokio::time::sleep(time).await;
            step.outcome()
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn failed_response_ends_no_attempt_that_runs() {
    let hedge = hedge().build().unwrap();
    let layer = HedgeLayer::new(hedge.clone()).by_status();
    let call = layer_of(
        &layer,
        timed([(3 * DELAY, Status(200)), (DELAY, Status(503))]),
    );
    let began = Instant::now();
    assert_eq!(call.oneshot(()).await.unwrap().status(), 200);
    assert_eq!(began.elapsed(), 3 * DELAY);
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (1, 0));

    let call = layer_of(
        &layer,
        timed([(9 * DELAY, Status(200)), (DELAY, Status(404))]),
    );
    let began = Instant::now();
    assert_eq!(call.oneshot(()).await.unwrap().status(), 404);
    assert_eq!(began.elapsed(), 2 * DELAY, "the first attempt is dropped");
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (2, 1));
}

fn layer_of<S, L: tower::Layer<S>>(layer: &L, service: S) -> L::Service {
    layer.layer(service)
}

#[tokio::test(start_paused = true)]
async fn failed_response_is_returned_where_no_attempt_may_follow() {
    let spent = RetryBudget::builder().burst(0).floor(0).build().unwrap();
    for (hedge, clones) in [
        (hedge().max_hedges(0), true),
        (hedge(), false),
        (hedge().budget(spent), true),
    ] {
        let hedge = hedge.build().unwrap();
        let layer = HedgeLayer::new(hedge.clone()).by_status();
        let layer = layer.clone_request(move |(): &()| clones.then_some(()));
        let service = layer_of(&layer, scripted(&[Status(503)]));
        assert_eq!(service.oneshot(()).await.unwrap().status(), 503);
        assert_eq!(hedge.snapshot().started, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn predicate_decides_on_errors_too() {
    let calls = async |again: bool, script| {
        let inner = scripted(script);
        let shared = Arc::clone(&inner.shared);
        let layer = HedgeLayer::new(hedge().build().unwrap());
        let layer = layer.outcome(RetryIf(move |_: &Outcome| again));
        let outcome = layer_of(&layer, inner).oneshot(()).await;
        (Step::read(&outcome), shared.calls.load(Ordering::Relaxed))
    };
    assert_eq!(calls(true, &[NotFound, Busy]).await, (NotFound, 2));
    assert_eq!(calls(false, &[Busy]).await, (Busy, 1));
}

/// Without the predicate, the next attempt is left to its delay where there is no room.
#[tokio::test(start_paused = true)]
async fn final_rejection_is_returned_at_once() {
    let bulkhead = Bulkhead::builder("search").max_concurrent(1).build();
    let bulkhead = bulkhead.unwrap();
    let _permit = bulkhead.try_acquire().unwrap();
    let inner = BulkheadLayer::new(bulkhead);
    let inner = layer_of(&inner, scripted(&[]));
    let layer = HedgeLayer::new(hedge().build().unwrap());
    let took = async |outcome: Outcome, began: Instant| {
        assert!(outcome.unwrap_err().is::<Rejection>());
        began.elapsed()
    };
    let (began, service) = (Instant::now(), layer_of(&layer, inner.clone()));
    assert_eq!(took(service.oneshot(()).await, began).await, DELAY);
    let layer = layer.outcome(RetryIf(|_: &Outcome| false));
    let (began, service) = (Instant::now(), layer_of(&layer, inner));
    assert_eq!(took(service.oneshot(()).await, began).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn statuses_decide_for_breaker_hedge_and_retry_of_a_pipeline() {
    let breaker = CircuitBreaker::builder("search").build().unwrap();
    let hedge = hedge().build().unwrap();
    let pipeline = || {
        let pipeline = Pipeline::builder("search").retry(quick_retry().max_retries(1));
        let pipeline = pipeline.hedge(&hedge).circuit_breaker(&breaker);
        PipelineLayer::new(pipeline.build().unwrap())
    };
    let script = &[Status(503), Status(503), Status(500), Status(200)];
    let by_default = layer_of(&pipeline(), scripted(script));
    assert_eq!(by_default.oneshot(()).await.unwrap().status(), 503);
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (0, 0));
    let before = breaker.snapshot().counts;
    let service = layer_of(&pipeline().by_status(), scripted(script));
    assert_eq!(service.oneshot(()).await.unwrap().status(), 200);
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (2, 1));
    let after = breaker.snapshot().counts;
    assert_eq!(after.failure - before.failure, 3);
    assert_eq!(after.success - before.success, 1);
}
