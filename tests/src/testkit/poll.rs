//! Futures without a runtime.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// Polls a future once, with a waker that does nothing.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Returns the output of a future that is ready at its first poll.
///
/// # Panics
///
/// Where the future waits for something.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something"),
    }
}

/// Polls a future once, which must wait for something then, and drops it.
///
/// # Panics
///
/// Where the future is ready.
pub fn abandon(future: impl Future) {
    assert!(poll_once(pin!(future)).is_pending());
}
