//! Servers on the loopback, and services that follow a script.

use axum::Router;
use gardefou::{
    integrations::tower::BoxError,
    retry::{Retry, RetryBuilder},
    time::ManualClock,
};
use std::{
    future::{Ready, ready},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tower::Service;

/// Serves a router on a port of its own, until the runtime ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

/// A retry whose waits are over at once.
pub(crate) fn quick_retry() -> RetryBuilder {
    Retry::builder().clock(ManualClock::new())
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A service that must be ready before each call: the instance that is called, and no clone of it.
/// It gets the request and the number of the call.
#[derive(Debug, Default)]
pub(crate) struct Strict<F> {
    is_ready: bool,
    pub(crate) shared: Arc<Shared>,
    answer: F,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) polled_ready: AtomicUsize,
    pub(crate) calls: AtomicUsize,
    /// What `poll_ready` returns, the last one first; `Ok` when it is empty.
    pub(crate) readiness: Mutex<Vec<Poll<Result<(), &'static str>>>>,
}

impl<F> Strict<F> {
    pub(crate) fn new(answer: F) -> Self {
        Self {
            is_ready: false,
            shared: Arc::default(),
            answer,
        }
    }
}

impl<F: Clone> Clone for Strict<F> {
    fn clone(&self) -> Self {
        Self {
            is_ready: false,
            shared: Arc::clone(&self.shared),
            answer: self.answer.clone(),
        }
    }
}

impl<R, T, F> Service<R> for Strict<F>
where
    F: FnMut(R, usize) -> Result<T, BoxError>,
{
    type Response = T;
    type Error = BoxError;
    type Future = Ready<Result<T, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.shared.polled_ready.fetch_add(1, Ordering::Relaxed);
        let next = self.shared.readiness.lock().unwrap().pop();
        match next.unwrap_or(Poll::Ready(Ok(()))) {
            Poll::Pending => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(readiness) => {
                self.is_ready = readiness.is_ok();
                Poll::Ready(readiness.map_err(Into::into))
            }
        }
    }

    fn call(&mut self, request: R) -> Self::Future {
        assert!(
            std::mem::take(&mut self.is_ready),
            "called without being ready"
        );
        let index = self.shared.calls.fetch_add(1, Ordering::Relaxed);
        ready((self.answer)(request, index))
    }
}
