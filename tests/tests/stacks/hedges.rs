//! Hedges around services: readiness of each attempt, requests, and drops.

use crate::support::{Strict, block_on};
use gardefou::{
    hedge::{Hedge, HedgeBuilder},
    integrations::tower::{BoxError, HedgeLayer},
    retry::RetryBudget,
};
use gardefou_tests::testkit::poll::poll_once;
use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

const DELAY: Duration = Duration::from_millis(50);

fn hedge() -> HedgeBuilder {
    Hedge::builder("search").after(DELAY).budget(false)
}

/// Counts itself while it lives.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn each_attempt_calls_an_instance_that_was_ready() {
    block_on(async {
        let inner = Strict::new(|text: &'static str, index| match index {
            0 | 1 => Err("busy".into()),
            _ => Ok::<_, BoxError>(text),
        });
        let shared = Arc::clone(&inner.shared);
        *shared.readiness.lock().unwrap() = vec![
            Poll::Pending, // before the second attempt
            Poll::Pending,
            Poll::Ready(Ok(())),
        ];
        let hedge = hedge().max_hedges(2).build().unwrap();
        let mut service = ServiceBuilder::new()
            .layer(HedgeLayer::new(hedge.clone()))
            .service(inner);
        let answer = service.ready().await.unwrap().call("hello").await.unwrap();
        assert_eq!(answer, "hello");
        assert_eq!(shared.calls.load(Ordering::Relaxed), 3);
        assert_eq!(shared.polled_ready.load(Ordering::Relaxed), 5);
        assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (2, 1));
    });
}

#[test]
fn error_of_readiness_is_that_of_its_attempt() {
    block_on(async {
        let inner = Strict::new(|(), index| match index {
            0 => Err("busy".into()),
            _ => Ok::<_, BoxError>(index),
        });
        let shared = Arc::clone(&inner.shared);
        *shared.readiness.lock().unwrap() = vec![Poll::Ready(Err("closed")), Poll::Ready(Ok(()))];
        let service = |max_hedges| {
            ServiceBuilder::new()
                .layer(HedgeLayer::new(
                    hedge().max_hedges(max_hedges).build().unwrap(),
                ))
                .service(inner.clone())
        };
        let answer = service(2).oneshot(()).await.unwrap();
        assert_eq!(answer, 1, "the third attempt, which calls the second time");
        *shared.readiness.lock().unwrap() = vec![Poll::Ready(Err("closed")), Poll::Ready(Ok(()))];
        shared.calls.store(0, Ordering::Relaxed);
        let err = service(1).oneshot(()).await.unwrap_err();
        assert_eq!(err.to_string(), "busy", "that of the first attempt");
    });
}

#[tokio::test(start_paused = true)]
async fn attempt_that_never_becomes_ready_does_not_hold_up_the_first_one() {
    let ready = Arc::new(AtomicUsize::new(1));
    /// Ready so many times.
    #[derive(Clone)]
    struct Scarce(Arc<AtomicUsize>);
    impl Service<u32> for Scarce {
        type Response = u32;
        type Error = BoxError;
        type Future = std::pin::Pin<Box<dyn Future<Output = Result<u32, BoxError>> + Send>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), BoxError>> {
            let taken = self
                .0
                .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                });
            match taken {
                Ok(_) => Poll::Ready(Ok(())),
                Err(_) => Poll::Pending,
            }
        }

        fn call(&mut self, request: u32) -> Self::Future {
            Box::pin(async move {
                tokio::time::sleep(10 * DELAY).await;
                Ok(request)
            })
        }
    }
    let hedge = hedge().build().unwrap();
    let service = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge.clone()))
        .service(Scarce(ready));
    assert_eq!(service.oneshot(7).await.unwrap(), 7);
    assert_eq!((hedge.snapshot().started, hedge.snapshot().won), (1, 0));
}

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
        for max_hedges in [0, 1, 2, 3] {
            let copies = Arc::default();
            let inner = Strict::new(|_: Counted, _| Err::<(), BoxError>("busy".into()));
            let shared = Arc::clone(&inner.shared);
            let service = ServiceBuilder::new()
                .layer(HedgeLayer::new(
                    hedge().max_hedges(max_hedges).build().unwrap(),
                ))
                .service(inner);
            assert!(service.oneshot(Counted(Arc::clone(&copies))).await.is_err());
            let attempts = max_hedges as usize + 1;
            assert_eq!(shared.calls.load(Ordering::Relaxed), attempts);
            assert_eq!(copies.load(Ordering::Relaxed), attempts - 1);
        }
    });
}

#[test]
fn request_that_cannot_be_copied_starts_no_further_attempt_and_spends_nothing() {
    block_on(async {
        for (copies, calls) in [(0, 1), (1, 2), (2, 3), (9, 4)] {
            let inner = Strict::new(|_: usize, _| Err::<(), BoxError>("busy".into()));
            let shared = Arc::clone(&inner.shared);
            let budget = RetryBudget::builder().build().unwrap();
            let hedge = hedge().max_hedges(3).budget(budget).build().unwrap();
            let service = ServiceBuilder::new()
                .layer(
                    HedgeLayer::new(hedge.clone())
                        .clone_request(|left: &usize| left.checked_sub(1)),
                )
                .service(inner);
            let err = service.oneshot(copies).await.unwrap_err();
            assert_eq!(err.to_string(), "busy", "the error as it was");
            assert_eq!(shared.calls.load(Ordering::Relaxed), calls, "{copies}");
            let snapshot = hedge.snapshot();
            assert_eq!(
                (snapshot.started, snapshot.refused),
                (calls as u64 - 1, 0),
                "{copies}"
            );
        }
    });
}

#[tokio::test(start_paused = true)]
async fn attempts_that_lose_and_those_of_a_dropped_call_are_dropped() {
    let (alive, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let inner = {
        let (alive, calls) = (Arc::clone(&alive), Arc::clone(&calls));
        service_fn(move |wins: usize| {
            let index = calls.fetch_add(1, Ordering::Relaxed);
            let alive = Alive::new(&alive);
            async move {
                let _alive = alive;
                if index == wins {
                    return Ok::<_, BoxError>(index);
                }
                pending().await
            }
        })
    };
    let hedge = hedge().max_hedges(2).build().unwrap();
    let mut service = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge))
        .service(inner);
    assert_eq!(service.ready().await.unwrap().call(2).await.unwrap(), 2);
    assert_eq!(alive.load(Ordering::Relaxed), 0);

    let unpolled = service.call(99);
    drop(unpolled);
    assert_eq!(calls.load(Ordering::Relaxed), 3, "it called nothing");

    let mut half_way = Box::pin(service.call(99));
    for attempts in 1..=3 {
        assert!(poll_once(half_way.as_mut()).is_pending());
        assert_eq!(alive.load(Ordering::Relaxed), attempts);
        tokio::time::advance(DELAY).await;
    }
    drop(half_way);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
    assert_eq!(calls.load(Ordering::Relaxed), 6);
}

async fn many_calls() {
    let seen = Arc::new(Mutex::new(vec![0_u32; 500]));
    let log = Arc::clone(&seen);
    let inner = service_fn(move |number: usize| {
        let attempt = {
            let mut log = log.lock().unwrap();
            log[number] += 1;
            log[number]
        };
        async move {
            tokio::task::yield_now().await;
            match attempt {
                1 => Err("busy".into()),
                _ => Ok::<_, BoxError>(number),
            }
        }
    });
    let service = ServiceBuilder::new()
        .layer(HedgeLayer::new(hedge().build().unwrap()))
        .service(inner);
    let calls: Vec<_> = (0..500)
        .map(|number| tokio::spawn(service.clone().oneshot(number)))
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), number);
    }
    assert!(seen.lock().unwrap().iter().all(|attempts| *attempts == 2));
}

#[tokio::test(start_paused = true)]
async fn five_hundred_hedged_calls_on_one_thread() {
    many_calls().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_hedged_calls_on_four_threads() {
    many_calls().await;
}
