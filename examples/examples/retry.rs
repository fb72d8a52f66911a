//! Retries: bounded attempts with backoff and jitter, for errors that may pass.
//!
//! `cargo run -p gardefou-examples --example retry`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example asserts and shows its results"
)]

use gardefou::{
    ErrorCode, Result, app_error, bail, call, ensure, retry,
    retry::{Backoff, Jitter, Retry},
    time::ManualClock,
};
use std::time::Duration;

/// By attribute: up to three calls. `call::attempt()` returns the attempt under way.
#[retry(max_retries = 2, initial_delay = "5ms")]
fn fetch(calls: &mut u32) -> Result<u32> {
    *calls += 1;
    let attempt = call::attempt().expect("a retry is around this call");
    ensure!(attempt.is_last(), ErrorCode::TIMEOUT_ERROR, "no answer");
    Ok(200)
}

/// A permanent error is returned at once: another attempt cannot help.
#[retry(max_retries = 2)]
fn find(calls: &mut u32) -> Result<()> {
    *calls += 1;
    bail!(ErrorCode::FILE_NOT_FOUND_ERROR, "no such recording");
}

fn main() -> Result<()> {
    let mut calls = 0;
    assert_eq!(fetch(&mut calls)?, 200);
    println!("succeeded after {calls} calls");

    calls = 0;
    assert!(find(&mut calls).is_err());
    assert_eq!(calls, 1);

    // By hand. On a manual clock (feature `test-util`) the delays take no time.
    let retry = Retry::builder().max_retries(3).clock(ManualClock::new());
    let busy = || {
        Err::<(), _>(app_error!(
            ErrorCode::RESOURCE_BUSY_ERROR,
            "row 7 is locked"
        ))
    };
    let error = retry.build()?.call(busy).unwrap_err();
    assert_eq!(error.details()["attempts"], 4);

    // A sequence of delays, without a call.
    let backoff = Backoff::exponential(Duration::from_millis(100)).jitter(Jitter::None);
    let delays: Vec<_> = backoff.delays().take(3).collect();
    assert_eq!(delays, [100, 200, 400].map(Duration::from_millis));
    Ok(())
}
