//! Shapes of async functions. The future is guarded, not its construction: one that is dropped
//! before it is polled is not a call.

use crate::support::{R, busy};
use async_trait::async_trait;
use gardefou::{ErrorCode, circuit_breakers, retry, with_circuit_breaker};
use std::{
    pin::Pin,
    sync::atomic::{AtomicU32, Ordering},
};

/// Fails after being pending once.
async fn work(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    tokio::task::yield_now().await;
    Err(busy())
}

/// Two failures open the circuit, so the third call does not run.
async fn opens_after_two_failures(breaker: &str, runs: &AtomicU32, call: impl AsyncFn() -> R<()>) {
    for _ in 0..2 {
        assert!(
            call().await.unwrap_err().is(ErrorCode::RESOURCE_BUSY_ERROR),
            "{breaker}"
        );
    }
    assert!(
        call().await.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR),
        "{breaker}"
    );
    let counts = circuit_breakers().get(breaker).unwrap().snapshot().counts;
    assert_eq!(
        (
            runs.load(Ordering::Relaxed),
            counts.failure,
            counts.rejected
        ),
        (2, 2, 1),
        "{breaker}"
    );
    assert_eq!(counts.total(), 3, "{breaker}");
}

/// Two retries are three calls.
async fn runs_three_times(runs: &AtomicU32, call: impl AsyncFn() -> R<()>) {
    assert!(call().await.unwrap_err().is(ErrorCode::RESOURCE_BUSY_ERROR));
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

#[with_circuit_breaker(name = "shape-impl", failure_threshold = 2)]
#[expect(clippy::manual_async_fn, reason = "the shape is what is tested")]
fn guarded_impl(runs: &AtomicU32) -> impl Future<Output = R<()>> + Send {
    async move { work(runs).await }
}

#[retry(max_retries = 2, initial_delay = 0)]
#[expect(clippy::manual_async_fn, reason = "the shape is what is tested")]
fn tried_impl(runs: &AtomicU32) -> impl Future<Output = R<()>> + Send {
    async move { work(runs).await }
}

#[tokio::test]
async fn function_returning_impl_future_is_guarded() {
    let runs = AtomicU32::new(0);
    drop(guarded_impl(&runs));
    opens_after_two_failures("shape-impl", &runs, async || guarded_impl(&runs).await).await;
    let runs = AtomicU32::new(0);
    drop(tried_impl(&runs));
    runs_three_times(&runs, async || tried_impl(&runs).await).await;
}

#[with_circuit_breaker(name = "shape-boxed", failure_threshold = 2)]
fn guarded_boxed<'a>(runs: &'a AtomicU32) -> Pin<Box<dyn Future<Output = R<()>> + Send + 'a>> {
    Box::pin(async move { work(runs).await })
}

#[retry(max_retries = 2, initial_delay = 0)]
fn tried_boxed<'a>(runs: &'a AtomicU32) -> Pin<Box<dyn Future<Output = R<()>> + Send + 'a>> {
    Box::pin(async move { work(runs).await })
}

#[tokio::test]
async fn function_boxing_its_future_is_guarded() {
    let runs = AtomicU32::new(0);
    drop(guarded_boxed(&runs));
    opens_after_two_failures("shape-boxed", &runs, async || guarded_boxed(&runs).await).await;
    let runs = AtomicU32::new(0);
    drop(tried_boxed(&runs));
    runs_three_times(&runs, async || tried_boxed(&runs).await).await;
}

/// A trait object of `async_trait`.
#[async_trait]
trait Remote: Send + Sync {
    async fn guarded(&self, runs: &AtomicU32) -> R<()>;

    async fn tried(&self, runs: &AtomicU32) -> R<()>;

    #[with_circuit_breaker(name = "shape-remote-default", failure_threshold = 2)]
    async fn guarded_by_default(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }

    #[retry(max_retries = 2, initial_delay = 0)]
    async fn tried_by_default(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }
}

struct Server;

#[async_trait]
impl Remote for Server {
    #[with_circuit_breaker(name = "shape-remote", failure_threshold = 2)]
    async fn guarded(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }

    #[retry(max_retries = 2, initial_delay = 0)]
    async fn tried(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }
}

#[tokio::test]
async fn async_trait_methods_are_guarded_behind_a_trait_object() {
    let server: Box<dyn Remote> = Box::new(Server);
    let runs = AtomicU32::new(0);
    drop(server.guarded(&runs));
    opens_after_two_failures("shape-remote", &runs, async || server.guarded(&runs).await).await;
    let runs = AtomicU32::new(0);
    drop(server.tried(&runs));
    runs_three_times(&runs, async || server.tried(&runs).await).await;
}

#[tokio::test]
async fn async_trait_default_methods_are_guarded_behind_a_trait_object() {
    let server: &dyn Remote = &Server;
    let runs = AtomicU32::new(0);
    drop(server.guarded_by_default(&runs));
    opens_after_two_failures("shape-remote-default", &runs, async || {
        server.guarded_by_default(&runs).await
    })
    .await;
    let runs = AtomicU32::new(0);
    drop(server.tried_by_default(&runs));
    runs_three_times(&runs, async || server.tried_by_default(&runs).await).await;
}

trait Local {
    async fn guarded(&self, runs: &AtomicU32) -> R<()>;

    async fn tried(&self, runs: &AtomicU32) -> R<()>;

    #[with_circuit_breaker(name = "shape-local-default", failure_threshold = 2)]
    async fn guarded_by_default(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }

    #[retry(max_retries = 2, initial_delay = 0)]
    async fn tried_by_default(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }
}

impl Local for Server {
    #[with_circuit_breaker(name = "shape-local", failure_threshold = 2)]
    async fn guarded(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }

    #[retry(max_retries = 2, initial_delay = 0)]
    async fn tried(&self, runs: &AtomicU32) -> R<()> {
        work(runs).await
    }
}

#[tokio::test]
async fn native_async_trait_methods_are_guarded() {
    let runs = AtomicU32::new(0);
    drop(Local::guarded(&Server, &runs));
    opens_after_two_failures("shape-local", &runs, async || {
        Local::guarded(&Server, &runs).await
    })
    .await;
    let runs = AtomicU32::new(0);
    drop(Local::tried(&Server, &runs));
    runs_three_times(&runs, async || Local::tried(&Server, &runs).await).await;
}

#[tokio::test]
async fn native_async_trait_default_methods_are_guarded() {
    let runs = AtomicU32::new(0);
    drop(Local::guarded_by_default(&Server, &runs));
    let guarded = async || Local::guarded_by_default(&Server, &runs).await;
    opens_after_two_failures("shape-local-default", &runs, guarded).await;
    let runs = AtomicU32::new(0);
    drop(Local::tried_by_default(&Server, &runs));
    runs_three_times(&runs, async || {
        Local::tried_by_default(&Server, &runs).await
    })
    .await;
}

trait Plain {
    #[with_circuit_breaker(name = "shape-plain-default", failure_threshold = 2)]
    fn guarded_by_default(&self, runs: &AtomicU32) -> R<()> {
        runs.fetch_add(1, Ordering::Relaxed);
        Err(busy())
    }

    #[retry(max_retries = 2, initial_delay = 0)]
    fn tried_by_default(&self, runs: &AtomicU32) -> R<()> {
        runs.fetch_add(1, Ordering::Relaxed);
        Err(busy())
    }
}

impl Plain for Server {}

#[tokio::test]
async fn sync_default_methods_are_guarded_behind_a_trait_object() {
    let server: &dyn Plain = &Server;
    let runs = AtomicU32::new(0);
    opens_after_two_failures("shape-plain-default", &runs, async || {
        server.guarded_by_default(&runs)
    })
    .await;
    let runs = AtomicU32::new(0);
    runs_three_times(&runs, async || server.tried_by_default(&runs)).await;
}
