//! Counts before and after a recovery.

use crate::support::{MINUTE, bench};
use gardefou::breaker::CircuitState::{Closed, Open};

#[test]
fn window_starts_empty_after_a_recovery() {
    let svc = bench(|b| b.count_window(10).min_calls(5));
    svc.script("FFFFF");
    assert_eq!(svc.state(), Open);
    svc.pass(MINUTE);
    svc.script("S FFFF");
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().window_calls),
        (Closed, 4)
    );
    svc.script("F");
    assert_eq!(svc.state(), Open);
}

#[test]
fn one_breaker_shared_by_two_typed_call_sites_opens_for_both() {
    let svc = bench(|b| b.failure_threshold(1));
    let first = svc.breaker.clone();
    let second = svc.breaker.clone();
    assert!(
        first
            .call(|| Err::<u8, _>(std::io::Error::other("down")))
            .is_err()
    );
    let rejected = second.call(|| Ok::<String, gardefou::AppError>("never".into()));
    assert!(
        rejected
            .unwrap_err()
            .is(gardefou::ErrorCode::CIRCUIT_OPEN_ERROR)
    );
}

#[test]
fn snapshot_of_a_whole_history_adds_up() {
    let svc = bench(|b| b.failure_threshold(2));
    svc.script("SSI FF");
    assert!(svc.is_rejecting() && svc.is_rejecting());
    svc.pass(MINUTE);
    svc.script("S D");
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        (
            counts.success,
            counts.failure,
            counts.ignored,
            counts.rejected
        ),
        (3, 2, 1, 2)
    );
    assert_eq!(counts.total(), 8);
}
