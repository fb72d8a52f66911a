//! Items in scope of the cases.

#![allow(unused_imports, reason = "not each case uses all of it")]

pub(crate) use gardefou::{
    AppError, ErrorCode, Rejection, bulkhead, circuit_breakers, enhanced_error_handling,
    error_boundary, guarded_functions, log_sensitive_operations, rate_limit, retry,
    retry_with_circuit_breaker, timeout, transaction_boundary, with_circuit_breaker,
};
pub(crate) use std::{pin::Pin, rc::Rc, sync::Arc, time::Duration};

pub(crate) type R<T> = Result<T, AppError>;

/// Waits, by being pending once.
pub(crate) async fn tick() {
    tokio::task::yield_now().await;
}

/// Runs a future on a runtime with paused time.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}
