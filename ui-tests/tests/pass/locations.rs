//! Locations of errors that guards create.

use crate::prelude::*;
use std::panic::Location;

#[enhanced_error_handling(catch_panics = true)]
fn panics() -> R<()> {
    panic!("no")
}

#[enhanced_error_handling(catch_panics = true)]
async fn panics_later() -> R<()> {
    tick().await;
    panic!("no")
}

#[track_caller]
#[enhanced_error_handling(catch_panics = true)]
fn panics_at_the_caller() -> R<()> {
    panic!("no")
}

#[track_caller]
#[with_circuit_breaker(name = "places", failure_threshold = 1)]
fn rejects_at_the_caller() -> R<()> {
    Err(AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy"))
}

#[cfg_attr(all(), track_caller)]
#[with_circuit_breaker(name = "places", failure_threshold = 1)]
fn rejects_at_the_caller_by_condition() -> R<()> {
    Err(AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy"))
}

#[track_caller]
#[retry_with_circuit_breaker(name = "places", failure_threshold = 1, initial_delay = 0)]
fn retries_at_the_caller() -> R<()> {
    Err(AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy"))
}

fn place(outcome: R<()>) -> (&'static str, u32) {
    let place: &Location<'_> = outcome.unwrap_err().location();
    (place.file(), place.line())
}

#[test]
fn caught_panic_is_located_at_the_function() {
    assert_eq!(place(panics()), (file!(), 6));
    assert_eq!(place(block_on(panics_later())), (file!(), 11));
}

#[test]
fn caught_panic_is_located_at_the_block() {
    let line = line!() + 1;
    let outcome = error_boundary!("block", catch_panics = true, { panic!("no") });
    assert_eq!(place(outcome), (file!(), line));
    let (line, outcome) = block_on(async {
        let outcome = error_boundary!("block", catch_panics = true, {
            tick().await;
            panic!("no")
        });
        (line!() - 4, outcome)
    });
    assert_eq!(place(outcome), (file!(), line));
}

#[test]
fn track_caller_moves_both_to_the_caller() {
    assert_eq!(place(panics_at_the_caller()), (file!(), line!()));
    let _ = rejects_at_the_caller();
    circuit_breakers().get("places").unwrap().force_open();
    assert_eq!(place(rejects_at_the_caller()), (file!(), line!()));
    let (outcome, line) = (rejects_at_the_caller_by_condition(), line!());
    assert_eq!(place(outcome), (file!(), line));
    assert_eq!(place(retries_at_the_caller()), (file!(), line!()));
}
