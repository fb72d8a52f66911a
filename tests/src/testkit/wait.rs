//! Waiting for other threads and processes.

use std::{fmt, thread, time::Duration};

/// Reads a value until it has a property, and returns it; fails after a minute.
pub fn eventually<T: fmt::Debug>(mut read: impl FnMut() -> T, holds: impl Fn(&T) -> bool) -> T {
    for _ in 0..60_000 {
        let value = read();
        if holds(&value) {
            return value;
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    panic!("a minute later still {:?}", read());
}
