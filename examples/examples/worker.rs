//! A background worker: each job in a boundary of its own, a health check, an orderly end.
//!
//! `cargo run -p gardefou-examples --example worker`

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gardefou::{
    ErrorCode, Result,
    call::{Context, InCall},
    ensure, error_boundary, error_monitor,
    health::Check,
    health_check, retry,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::mpsc;

/// One job. Errors that may pass are retried; a bad job is returned at once.
#[retry(max_retries = 2, initial_delay = "5ms")]
async fn resize(width: u32) -> Result<u32> {
    ensure!(width > 0, ErrorCode::ANALYSIS_DATA_ERROR, "no width");
    Ok(width / 2)
}

/// Works until the queue is closed and empty. A failed or panicking job is recorded, and the next
/// one begins.
async fn work(mut jobs: mpsc::Receiver<u32>, done: Arc<AtomicU64>) {
    while let Some(width) = jobs.recv().await {
        let resized = error_boundary!("resize", rethrow = false, catch_panics = true, {
            resize(width).await?
        });
        done.fetch_add(u64::from(resized.is_some()), Ordering::Relaxed);
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let guard = gardefou::init_error_system()?;
    let (sender, jobs) = mpsc::channel(100);
    let done = Arc::new(AtomicU64::new(0));
    // The context is passed on, so that errors inside belong to the call that started the task.
    let worker = tokio::spawn(work(jobs, Arc::clone(&done)).in_call(Context::current()));

    // A worker that ended is a reason to restart the process.
    let running = worker.abort_handle();
    let check = Check::internal("worker", move || !running.is_finished());
    health_check().register(check.liveness().critical())?;
    assert!(health_check().run_check_async("worker").await?.passed());

    for width in [640, 0, 1280] {
        sender.send(width).await?;
    }
    drop(sender); // closes the queue: the worker finishes what it holds
    worker.await?;

    let failed = error_monitor().stats().total_errors;
    assert_eq!((done.load(Ordering::Relaxed), failed), (2, 1));
    println!("2 jobs done, {failed} failed");
    assert!(guard.shutdown().is_clean());
    Ok(())
}
