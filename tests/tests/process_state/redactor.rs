//! Rules that remove secrets, which are code of the program.

use gardefou::{breaker::CircuitBreaker, error::Redactor, event::Event};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long another thread may take to make a call, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn rules_run_while_no_breaker_is_locked() {
    in_own_process(|| {
        static BREAKER: OnceLock<CircuitBreaker> = OnceLock::new();
        static IS_ASKING: AtomicBool = AtomicBool::new(false);
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let breaker = CircuitBreaker::builder("payments").failure_threshold(1);
        let breaker = BREAKER.get_or_init(|| breaker.build().unwrap());
        let rule = move |text: &str| {
            // The snapshot of the other thread has the same text.
            if text.contains("hunter2") && !IS_ASKING.swap(true, Ordering::Relaxed) {
                let (sender, seen) = channel();
                thread::spawn(move || sender.send(breaker.snapshot().generation));
                seen.recv_timeout(PATIENCE).expect("the breaker is locked");
                CALLS.fetch_add(1, Ordering::Relaxed);
                IS_ASKING.store(false, Ordering::Relaxed);
            }
            Some(text.replace("hunter2", "[redacted]"))
        };
        Redactor::new().rule(rule).install().unwrap();
        let subscription = breaker.observe(|_: &Event<'_>| {});
        let failed: Result<(), BoxError> = breaker.call(|| Err("the answer was hunter2".into()));
        assert!(failed.is_err());
        assert_eq!(CALLS.load(Ordering::Relaxed), 1, "for the event");
        let shown = Some("the answer was [redacted]");
        let snapshot = breaker.snapshot();
        assert_eq!(snapshot.opened_by.as_deref(), shown);
        assert_eq!(snapshot.last_failure.unwrap().cause.as_deref(), shown);
        drop(subscription);
        assert_eq!(CALLS.load(Ordering::Relaxed), 2, "for the last failure");
    });
}
