//! Each form of each key of `#[fallback]`.

use crate::prelude::*;
use gardefou::fallback;

const VALUE: u8 = 3;

fn of_error(_: &AppError) -> u8 {
    4
}

fn outcome(error: &AppError) -> R<u8> {
    Err(error.clone())
}

fn is_first(_: &AppError) -> bool {
    true
}

#[fallback(2)]
#[fallback(VALUE)]
#[fallback(of_error)]
#[fallback(outcome, on = is_first, span = true)]
#[fallback(to = |_| 5, on = |error| error.is(ErrorCode::TIMEOUT_ERROR), crate = gardefou,)]
fn each() -> R<u8> {
    Err(AppError::new(ErrorCode::CONFIG_ERROR, "failed"))
}

#[fallback({ 6 }, span = true)]
async fn block() -> R<u8> {
    each()
}

#[test]
fn innermost_that_is_for_the_error_stands_in() {
    assert_eq!(each().unwrap(), 4);
    assert_eq!(block_on(block()).unwrap(), 4);
}
