//! A closure that does not return a `Result`, in a call by hand.

use gardefou::{breaker::CircuitBreaker, retry::Retry};

fn calls(breaker: &CircuitBreaker, retry: &Retry) {
    let _ = breaker.call(|| 5);
    let _ = breaker.call_async(|| async { 5 });
    let _ = retry.call(|| Some(5));
    let _ = retry.call_async(|| async {});
}

fn main() {}
