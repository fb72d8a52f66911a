//! Waiting for other threads and processes.

use std::{thread, time::Duration};

/// Waits until a function finds something; fails after a minute.
pub fn eventually<T>(mut find: impl FnMut() -> Option<T>) -> T {
    (0..12_000)
        .find_map(|_| {
            find().or_else(|| {
                thread::park_timeout(Duration::from_millis(5));
                None
            })
        })
        .expect("not within a minute")
}
