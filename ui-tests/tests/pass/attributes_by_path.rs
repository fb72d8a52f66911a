//! Attributes by a path, and under another name.

use crate::prelude::*;
use gardefou as g;
use gardefou::with_circuit_breaker as guarded_by;

#[g::enhanced_error_handling(error_code = ErrorCode::SYNC_ERROR)]
#[guarded_by(name = "by-path")]
#[::gardefou::retry(initial_delay = 0, max_retries = 1)]
fn f(calls: &mut u32) -> R<i32> {
    *calls += 1;
    Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())
}

#[test]
fn both_attributes_guard() {
    let mut calls = 0;
    assert!(f(&mut calls).unwrap_err().is(ErrorCode::SYNC_ERROR));
    assert_eq!(calls, 2);
}
