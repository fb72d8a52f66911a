//! Many calls at once, on one thread and on several: no attempt sees another one's frame.

use gardefou::{
    breaker::CircuitBreaker,
    call,
    integrations::tower::{BoxError, CircuitBreakerLayer, PipelineLayer, RetryLayer, TimeoutLayer},
    pipeline::Pipeline,
    retry::Retry,
    time::ManualClock,
    timeout::Timeout,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneService};

const CALLS: u32 = 500;

#[derive(Clone, Copy)]
enum Form {
    Layers,
    Pipeline,
}

async fn all_calls(form: Form) {
    let breaker = CircuitBreaker::builder("search")
        .failure_threshold(u32::MAX)
        .build()
        .unwrap();
    let outer = Timeout::builder("whole")
        .limit(Duration::from_secs(3600))
        .build()
        .unwrap();
    let retry = Retry::builder()
        .max_retries(3)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let attempts = Arc::new((0..CALLS).map(|_| AtomicU32::new(0)).collect::<Vec<_>>());
    let seen = Arc::clone(&attempts);
    let inner = service_fn(move |number: u32| {
        let seen = Arc::clone(&seen);
        async move {
            let index = seen[number as usize].fetch_add(1, Ordering::Relaxed);
            for _ in 0..number % 7 {
                tokio::task::yield_now().await;
                assert_eq!(call::attempt().unwrap().index, index, "that of this call");
                assert!(call::remaining().is_some());
            }
            if index < number % 4 {
                return Err("busy".into());
            }
            Ok::<_, BoxError>(number)
        }
    });
    let service = match form {
        Form::Layers => BoxCloneService::new(
            ServiceBuilder::new()
                .layer(TimeoutLayer::new(outer))
                .layer(RetryLayer::new(retry))
                .layer(CircuitBreakerLayer::new(breaker.clone()))
                .service(inner),
        ),
        Form::Pipeline => {
            let pipeline = Pipeline::builder("search")
                .timeout(outer)
                .retry(retry)
                .circuit_breaker(&breaker)
                .build()
                .unwrap();
            BoxCloneService::new(PipelineLayer::new(pipeline).layer(inner))
        }
    };
    let calls = (0..CALLS).map(|number| tokio::spawn(service.clone().oneshot(number)));
    for (number, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap() as usize, number);
    }
    let failures: u32 = (0..CALLS).map(|number| number % 4).sum();
    let counts = breaker.snapshot().counts;
    assert_eq!(counts.success, u64::from(CALLS));
    assert_eq!(counts.failure, u64::from(failures));
    assert_eq!(call::attempt(), None);
    assert_eq!(call::remaining(), None);
}

#[tokio::test]
async fn five_hundred_tasks_on_one_thread() {
    all_calls(Form::Layers).await;
    all_calls(Form::Pipeline).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_tasks_on_four_threads() {
    all_calls(Form::Layers).await;
    all_calls(Form::Pipeline).await;
}
