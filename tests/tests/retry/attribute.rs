//! Attribute `#[retry]`, which makes the same decisions as the builder.

use crate::support::{circuit_open, failure};
use gardefou::{AppError, ErrorCode, retry};
use std::cell::Cell;

#[retry(max_retries = 2, initial_delay = 0)]
fn fetch(runs: &Cell<u32>, good: u32) -> Result<u32, String> {
    runs.set(runs.get() + 1);
    if runs.get() < good {
        Err(format!("attempt {}", runs.get()))
    } else {
        Ok(runs.get())
    }
}

#[retry(max_attempts = 3, initial_delay = 0)]
async fn fetch_async(runs: &Cell<u32>, error: fn() -> AppError) -> Result<(), AppError> {
    runs.set(runs.get() + 1);
    tokio::task::yield_now().await;
    Err(error())
}

#[test]
fn annotated_function_is_called_until_it_succeeds_or_its_attempts_are_used_up() {
    let runs = Cell::new(0);
    assert_eq!((fetch(&runs, 3), runs.get()), (Ok(3), 3));
    runs.set(0);
    assert_eq!((fetch(&runs, 9), runs.get()), (Err("attempt 3".into()), 3));
}

#[tokio::test(start_paused = true)]
async fn annotated_async_function_obeys_the_class_of_its_errors() {
    for (error, expected) in [
        ((|| failure(ErrorCode::SYNC_ERROR)) as fn() -> AppError, 3),
        (|| failure(ErrorCode::FILE_NOT_FOUND_ERROR), 1),
        (|| circuit_open().into(), 1),
    ] {
        let runs = Cell::new(0);
        let err = fetch_async(&runs, error).await.unwrap_err();
        assert_eq!(runs.get(), expected, "{err}");
        assert_eq!(
            err.details().get("attempts"),
            (expected > 1).then(|| expected.into()).as_ref()
        );
    }
}
