//! A runtime of tokio for timers that are made and never wait.

use std::sync::LazyLock;
use tokio::runtime::{Builder, EnterGuard, Runtime};

/// Enters a runtime with timers on this thread, until the guard is dropped.
///
/// # Panics
///
/// If the machine refuses the runtime.
pub fn enter() -> EnterGuard<'static> {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = Builder::new_current_thread();
        builder
            .enable_time()
            .build()
            .expect("the machine has timers")
    });
    RUNTIME.enter()
}
