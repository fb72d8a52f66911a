//! An error type that cannot be built from a rejection, in a call by hand.

use gardefou::{breaker::CircuitBreaker, retry::Retry};
use std::time::Duration;

#[derive(Debug)]
struct E;

fn calls(breaker: &CircuitBreaker) {
    let _ = breaker.call(|| Err::<(), _>(E));
    let _ = breaker.call_async(|| async { Err::<(), _>(E) });
    let timed = Retry::builder().attempt_timeout(Duration::from_secs(1)).build().unwrap();
    let _ = timed.call_async(|| async { Err::<(), _>(E) });
}

fn main() {}
