//! Time limit for foreign code that may hang.

use crate::{
    scope::Captured,
    sync::global::Mutex,
    worker::{self, Wakeup},
};
use std::{sync::Arc, time::Duration};

/// Runs a function that may hang or panic, and waits for it at most `limit`; its thread goes on.
pub(super) fn run_with_limit<T: Send + 'static>(
    limit: Duration,
    run: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let result = Arc::new(Mutex::new(None));
    let place = Arc::clone(&result);
    run_for(limit, Box::new(move || *place.lock() = Some(run())));
    result.lock().take()
}

/// One function for all results.
fn run_for(limit: Duration, run: Box<dyn FnOnce() + Send>) {
    let ended = Arc::new(Wakeup::default());
    let seen = ended.changes();
    let on_end = OnEnd(Arc::clone(&ended));
    let scope = Captured::current();
    let run = move || {
        // Dropped last, also by a panic.
        let _on_end = on_end;
        let _entered = scope.enter();
        run();
    };
    if worker::start("gardefou-within", Box::new(run)).is_ok() {
        ended.wait_beyond(seen, limit);
    }
}

struct OnEnd(Arc<Wakeup>);

impl Drop for OnEnd {
    fn drop(&mut self) {
        self.0.notify();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn end_of_the_function_ends_the_wait_also_by_a_panic() {
        const LONG: Duration = Duration::from_secs(3600);
        assert_eq!(run_with_limit(LONG, || 7), Some(7));
        assert_eq!(
            run_with_limit(LONG, || -> u8 { panic!("a hook failed") }),
            None
        );
    }

    #[test]
    fn limit_ends_the_wait_for_a_function_that_hangs() {
        let (_hold, held) = std::sync::mpsc::channel::<()>();
        let hang = move || held.recv().is_ok();
        assert_eq!(run_with_limit(Duration::ZERO, hang), None);
    }
}
