//! Runtimes of tokio.

use tokio::runtime::{Builder, Runtime};

/// A runtime on the caller's thread, whose time is paused.
pub fn one_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// A runtime of four threads that steal each other's tasks.
pub fn four_threads() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap()
}
