//! Guarded functions of the tests, and a count of events outside of scopes.

use gardefou::{
    AppError, ErrorCode, Result, enhanced_error_handling,
    event::{Event, Subscription, subscribe},
    retry, with_circuit_breaker,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub(crate) fn refused() -> AppError {
    AppError::new(ErrorCode::DB_CONNECTION_ERROR, "connection refused")
}

/// Opens at the second failure, for a minute.
#[with_circuit_breaker(name = "scope-shared", failure_threshold = 2, recovery_timeout = 60.0)]
pub(crate) fn guarded(succeeds: bool) -> Result<u32> {
    if succeeds { Ok(1) } else { Err(refused()) }
}

#[enhanced_error_handling]
pub(crate) fn handled() -> Result<u32> {
    Err(refused())
}

/// Waits for 1 s and 2 s.
#[retry(
    max_retries = 2,
    initial_delay = 1.0,
    backoff_factor = 2.0,
    jitter = false
)]
pub(crate) fn retried() -> Result<u32> {
    handled()
}

#[retry(
    max_retries = 2,
    initial_delay = 1.0,
    backoff_factor = 2.0,
    jitter = false
)]
pub(crate) async fn retried_later() -> Result<u32> {
    tokio::task::yield_now().await;
    handled()
}

/// Counts the events that observers of the process get from this thread.
pub(crate) struct ProcessEvents {
    count: Arc<AtomicUsize>,
    _subscription: Subscription,
}

impl ProcessEvents {
    /// Begins to count; to be called outside of scopes.
    pub(crate) fn watch() -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let (sink, thread) = (Arc::clone(&count), std::thread::current().id());
        let subscription = subscribe(move |_: &Event<'_>| {
            if std::thread::current().id() == thread {
                sink.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            count,
            _subscription: subscription,
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}
