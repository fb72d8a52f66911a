//! Manual control.

use crate::support::{MINUTE, SECOND, bench, listen};
use gardefou::{
    AppError,
    breaker::{CircuitState::*, ManualControl},
};

#[test]
fn forced_open_circuit_rejects_whatever_the_time() {
    let svc = bench(|b| b);
    svc.breaker.force_open();
    svc.pass(1000 * MINUTE);
    let rejection = svc.breaker.try_acquire().unwrap_err();
    assert_eq!((svc.state(), rejection.retry_after()), (ForcedOpen, None));
    assert_eq!(rejection.cause().as_deref(), Some("forced open by hand"));
}

#[test]
fn calls_in_flight_do_not_end_a_forced_open_state() {
    let svc = bench(|b| b.failure_threshold(1));
    let (good, bad) = (
        svc.breaker.try_acquire().unwrap(),
        svc.breaker.try_acquire().unwrap(),
    );
    svc.breaker.force_open();
    good.success();
    bad.failure();
    assert_eq!(svc.state(), ForcedOpen);
}

#[test]
fn one_control_isolates_several_breakers() {
    let control = ManualControl::new();
    let all: Vec<_> = (0..3).map(|_| bench(|b| b.control(&control))).collect();
    control.isolate();
    assert!(
        all.iter()
            .all(|svc| svc.state() == ForcedOpen && svc.is_rejecting())
    );
    let late = bench(|b| b.control(&control));
    assert_eq!(
        late.state(),
        ForcedOpen,
        "a breaker that joins later is isolated too"
    );
    control.close();
    assert!(
        all.iter()
            .chain([&late])
            .all(|svc| svc.state() == Closed && !svc.is_rejecting())
    );
}

#[test]
fn breaker_under_several_controls_is_isolated_until_all_are_closed() {
    let [region, service, third] = [(); 3].map(|()| ManualControl::new());
    let both = bench(|b| b.control(&region).control(&service));
    let other = bench(|b| b.control(&service));
    region.isolate();
    region.isolate();
    service.isolate();
    region.close();
    assert_eq!((both.state(), other.state()), (ForcedOpen, ForcedOpen));
    assert!(!region.is_isolated() && service.is_isolated());
    region.close();
    assert_eq!(both.state(), ForcedOpen, "closed twice");
    service.close();
    assert_eq!((both.state(), other.state()), (Closed, Closed));

    // Breakers that join later, in either state, and a dropped one.
    service.isolate();
    both.breaker.reconfigure(|b| b.control(&third)).unwrap();
    third.close();
    assert_eq!(both.state(), ForcedOpen);
    drop(service);
    third.close();
    assert_eq!(
        (both.state(), other.state()),
        (Closed, ForcedOpen),
        "the first breaker has no handle any more"
    );
}

#[test]
fn breaker_follows_the_last_state_of_concurrent_controls() {
    for _ in 0..200 {
        let controls = [ManualControl::new(), ManualControl::new()];
        let svc = bench(|b| b.control(&controls[0]).control(&controls[1]));
        std::thread::scope(|scope| {
            for control in &controls {
                scope.spawn(|| (0..20).for_each(|_| (control.isolate(), control.close()).0));
            }
            scope.spawn(|| (0..20).for_each(|_| (controls[0].isolate(), controls[0].close()).0));
        });
        let is_isolated = controls.iter().any(ManualControl::is_isolated);
        assert_eq!(svc.state(), if is_isolated { ForcedOpen } else { Closed });
    }
}

#[test]
fn disabled_breaker_admits_everything_without_counts_and_events() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker.disable();
    let (_subscription, events) = listen(&svc.breaker);
    svc.script("FFFFSSSID");
    assert_eq!(svc.state(), Disabled);
    assert_eq!(svc.breaker.snapshot().counts.total(), 0);
    assert!(events.lock().unwrap().is_empty());
}

#[test]
fn call_begun_while_disabled_counts_for_nothing_later() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker.disable();
    let permit = svc.breaker.try_acquire().unwrap();
    svc.breaker.reset();
    permit.failure();
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.total()),
        (Closed, 0)
    );
}

#[test]
fn shadow_breaker_emits_events_and_never_rejects() {
    let svc = bench(|b| b.failure_threshold(2).shadow(true));
    let (_subscription, events) = listen(&svc.breaker);
    svc.script("FFFF");
    assert_eq!(svc.state(), Open, "it would be");
    assert_eq!(
        *events.lock().unwrap(),
        ["closed>open consecutive_failures", "rejected", "rejected"]
    );
    let counts = svc.breaker.snapshot().counts;
    assert_eq!((counts.failure, counts.rejected), (4, 2));
    svc.pass(MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn closed_or_disabled_breaker_cannot_be_made_half_open() {
    let svc = bench(|b| b);
    let err = svc.breaker.half_open().unwrap_err();
    assert_eq!((err.from, svc.state()), (Closed, Closed));
    assert_eq!(
        err.to_string(),
        "a closed circuit breaker cannot be made half_open"
    );
    svc.breaker.disable();
    assert!(svc.breaker.half_open().is_err());
}

#[test]
fn probes_can_be_admitted_early() {
    let svc = bench(|b| b.failure_threshold(1));
    svc.script("F");
    svc.breaker.half_open().unwrap();
    svc.script("S");
    assert_eq!(svc.state(), Closed);
}

#[test]
fn change_to_the_same_state_is_no_event() {
    let svc = bench(|b| b);
    let (_subscription, events) = listen(&svc.breaker);
    svc.breaker.reset();
    svc.breaker.force_open();
    svc.breaker.force_open();
    svc.breaker.disable();
    svc.breaker.disable();
    svc.breaker.reset();
    svc.breaker.reset();
    assert_eq!(
        *events.lock().unwrap(),
        [
            "closed>forced_open manual",
            "forced_open>disabled manual",
            "disabled>closed manual"
        ]
    );
}

#[test]
fn reset_forgets_past_failures() {
    let svc = bench(|b| b.failure_threshold(2).recovery_backoff(2.0));
    svc.script("F");
    let begun_before = svc.breaker.try_acquire().unwrap();
    svc.breaker.reset();
    begun_before.failure();
    svc.script("F");
    assert_eq!(svc.state(), Closed);
    svc.script("F");
    svc.pass(MINUTE);
    svc.script("F");
    svc.breaker.reset();
    svc.script("FF");
    assert_eq!(
        svc.breaker.snapshot().remaining,
        Some(MINUTE),
        "the open time starts small again"
    );
}

#[test]
fn open_for_keeps_manual_states() {
    let svc = bench(|b| b);
    svc.breaker.disable();
    svc.breaker.open_for(SECOND);
    assert_eq!(svc.state(), Disabled);
    assert_eq!(svc.breaker.call(|| Ok::<_, AppError>(1)).unwrap(), 1);
}
