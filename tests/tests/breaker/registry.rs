//! Registry of breakers by name.

use crate::support::{MINUTE, line, listen};
use gardefou::{
    breaker::{BreakerBuilder, BreakerRegistry, CircuitBreaker, CircuitState, ManualControl},
    circuit_breakers,
    event::{BreakerEventKind, Event, subscribe},
    time::ManualClock,
};
use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

#[test]
fn two_places_that_name_one_breaker_share_it() {
    let registry = BreakerRegistry::new();
    let first = registry
        .get_or_create("db", |b| b.failure_threshold(1))
        .unwrap();
    let second = registry
        .get_or_create("db", |b| b.failure_threshold(1))
        .unwrap();
    first.try_acquire().unwrap().failure();
    assert_eq!(second.state(), CircuitState::Open);
    assert_eq!(
        (registry.len(), registry.get("db").map(|b| b.state())),
        (1, Some(CircuitState::Open))
    );
    assert!(registry.get("other").is_none());
}

#[test]
fn different_configuration_is_warned_of_once_with_both_places() {
    let registry = BreakerRegistry::new();
    let threshold = |calls| move |b: BreakerBuilder| b.failure_threshold(calls);
    let first = registry.get_or_create("clash", threshold(3)).unwrap();
    let (_subscription, events) = listen(&first);
    for _ in 0..3 {
        let second = registry.get_or_create("clash", threshold(4)).unwrap();
        assert_eq!(
            second.config().failure_threshold,
            Some(3),
            "the first one holds"
        );
    }
    registry.get_or_create("clash", threshold(3)).unwrap();
    registry.get_or_create("clash", threshold(5)).unwrap();
    let events = events.lock().unwrap();
    let places: Vec<_> = events.iter().flat_map(|event| event.split(' ')).collect();
    let ["clash", first, second, "clash", again, third] = places[..] else {
        panic!("{events:?}");
    };
    assert!(
        places
            .iter()
            .filter(|at| at.contains("registry.rs:"))
            .count()
            == 4
    );
    assert!(first == again && first != second && second != third && first != third);
}

#[test]
fn hook_of_a_breaker_that_a_control_opens_at_once_may_use_the_registry() {
    let (registry, control) = (Arc::new(BreakerRegistry::new()), ManualControl::new());
    control.isolate();
    let (sender, changes) = mpsc::channel();
    let ours = Arc::clone(&registry);
    std::thread::spawn(move || {
        let inside = Arc::clone(&ours);
        let made = ours.get_or_create("isolated", |b| {
            b.control(&control).on_transition(move |event| {
                if let BreakerEventKind::Transition { to, .. } = event.kind {
                    sender.send((to, inside.len())).unwrap();
                }
            })
        });
        made.unwrap();
    });
    // The registry has the breaker once it is made.
    assert_eq!(
        changes.recv_timeout(Duration::from_secs(60)),
        Ok((CircuitState::ForcedOpen, 0))
    );
}

#[test]
fn clash_is_passed_to_the_observers_of_the_process() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let _subscription = subscribe(move |event: &Event<'_>| {
        sink.lock().unwrap().extend(
            line(event).filter(|text| text.starts_with("clash") && text.contains("registry.rs")),
        );
    });
    let registry = BreakerRegistry::new();
    registry.get_or_create("placed", |b| b).unwrap();
    registry
        .get_or_create("placed", |b| b.failure_threshold(9))
        .unwrap();
    assert!(!events.lock().unwrap().is_empty());
}

#[test]
fn wrong_configuration_registers_nothing() {
    let registry = BreakerRegistry::new();
    assert_eq!(
        registry
            .get_or_create("db", |b| b.failure_threshold(0))
            .unwrap_err()
            .field(),
        "failure_threshold"
    );
    assert!(registry.get_or_create("", |b| b).is_err());
    assert!(registry.is_empty());
}

#[test]
fn breaker_from_a_builder_is_not_shared() {
    let own = CircuitBreaker::builder("own")
        .failure_threshold(1)
        .build()
        .unwrap();
    let other = CircuitBreaker::builder("own")
        .failure_threshold(1)
        .build()
        .unwrap();
    own.force_open();
    assert_eq!(other.state(), CircuitState::Closed);
    assert!(circuit_breakers().get("own").is_none());
}

#[test]
fn all_breakers_can_be_reset_and_listed() {
    let registry = BreakerRegistry::new();
    for name in ["b", "a", "c"] {
        registry.get_or_create(name, |b| b).unwrap().force_open();
    }
    registry.reset_all();
    let seen = registry.snapshots();
    assert_eq!(
        seen.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    assert!(seen.iter().all(|s| s.state == CircuitState::Closed));
}

#[test]
fn removed_breaker_lives_on_with_its_holders() {
    let registry = BreakerRegistry::new();
    let held = registry.get_or_create("db", |b| b).unwrap();
    assert!(registry.remove("db").is_some() && registry.remove("db").is_none());
    held.force_open();
    assert_eq!(
        registry.get_or_create("db", |b| b).unwrap().state(),
        CircuitState::Closed
    );
}

#[test]
fn idle_breakers_are_dropped_and_others_kept() {
    let (registry, clock) = (BreakerRegistry::new(), ManualClock::new());
    let make = |name: &str| {
        registry
            .get_or_create(name, |b| b.failure_threshold(2).clock(clock.clone()))
            .unwrap()
    };
    let held = make("held");
    make("idle");
    make("used");
    let failing = |b: BreakerBuilder| {
        b.failure_threshold(2)
            .recovery_timeout(MINUTE * 2)
            .clock(clock.clone())
    };
    registry
        .get_or_create("failing", failing)
        .unwrap()
        .try_acquire()
        .unwrap()
        .failure();
    make("forced").force_open();
    make("open").open_for(Duration::from_secs(60));
    assert_eq!(
        registry.drop_idle(),
        0,
        "no breaker has been found idle yet"
    );
    make("used").try_acquire().unwrap().success();
    assert_eq!(registry.drop_idle(), 1);
    assert!(
        registry.get("idle").is_none()
            && registry.get("used").is_some()
            && registry.get("held").is_some()
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        registry.drop_idle(),
        2,
        "`used` is idle now, and the time of `open` is over"
    );
    assert!(registry.get("failing").is_some() && registry.get("forced").is_some());
    drop(held);
    assert_eq!(registry.drop_idle(), 1);
}

#[test]
fn failed_breaker_is_dropped_after_its_recovery_timeout() {
    let (registry, clock) = (BreakerRegistry::new(), ManualClock::new());
    type Kind = fn(BreakerBuilder) -> BreakerBuilder;
    let kinds: [(&str, Kind); 3] = [
        ("in a row", |b| b),
        ("last of a window", |b| b.count_window(10)),
        ("earlier in a window", |b| b.count_window(10)),
    ];
    for (name, kind) in kinds {
        let breaker = registry
            .get_or_create(name, |b| kind(b).clock(clock.clone()))
            .unwrap();
        breaker.try_acquire().unwrap().failure();
        if name.starts_with("earlier") {
            breaker.try_acquire().unwrap().success();
        }
    }
    assert_eq!((registry.drop_idle(), registry.drop_idle()), (0, 0));
    clock.advance(MINUTE - Duration::from_nanos(1));
    assert_eq!(registry.drop_idle(), 0);
    registry
        .get("in a row")
        .unwrap()
        .try_acquire()
        .unwrap()
        .failure();
    clock.advance(Duration::from_nanos(1));
    assert_eq!(
        registry.drop_idle(),
        2,
        "all but the breaker that was used in between"
    );
    clock.advance(MINUTE);
    assert_eq!((registry.drop_idle(), registry.len()), (1, 0));
}

#[test]
fn idle_names_from_data_are_dropped_and_used_ones_kept() {
    let (registry, clock) = (BreakerRegistry::new(), ManualClock::new());
    let make = |name: &str| {
        registry
            .get_or_create(name, |b| b.failure_threshold(2).clock(clock.clone()))
            .unwrap()
    };
    let held = make("held");
    make("forced").force_open();
    make("failing").try_acquire().unwrap().failure();
    let mut most = 0;
    for n in 0..100_000 {
        make(&format!("tenant-{n}"))
            .try_acquire()
            .unwrap()
            .success();
        make("used").try_acquire().unwrap().success();
        most = most.max(registry.len());
    }
    assert!(most <= 30_000, "{most}");
    assert_eq!(
        registry.get("used").unwrap().snapshot().counts.success,
        100_000
    );
    assert!(
        registry.get("forced").unwrap().state() == CircuitState::ForcedOpen
            && registry.get("held").is_some()
    );
    assert_eq!(
        registry
            .get("failing")
            .unwrap()
            .snapshot()
            .consecutive_failures,
        1,
        "its failure is held against it"
    );
    drop(held);

    // A number that large by design must not cause repeated searches.
    let kept: Vec<_> = (0..30_000).map(|n| make(&format!("service-{n}"))).collect();
    assert!(
        kept.iter()
            .all(|breaker| registry.get(breaker.name()).is_some())
    );
}

#[test]
fn ten_thousand_names_that_failed_once_are_dropped_in_time() {
    let (registry, clock) = (BreakerRegistry::new(), ManualClock::new());
    for n in 0..10_000 {
        let breaker = registry
            .get_or_create(&format!("tenant-{n}"), |b| b.clock(clock.clone()))
            .unwrap();
        breaker.try_acquire().unwrap().failure();
    }
    assert_eq!(registry.drop_idle(), 0);
    clock.advance(MINUTE);
    assert_eq!((registry.drop_idle(), registry.len()), (10_000, 0));
}

#[test]
fn many_breakers_can_be_made_and_found() {
    let registry = BreakerRegistry::new();
    for n in 0..10_000 {
        registry
            .get_or_create(&format!("tenant-{n}"), |b| b)
            .unwrap();
    }
    assert!((0..10_000).all(|n| registry.get(&format!("tenant-{n}")).is_some()));
    registry.drop_idle();
    assert_eq!((registry.drop_idle(), registry.len()), (10_000, 0));
}

#[test]
fn threads_that_race_for_a_name_get_one_breaker() {
    let registry = BreakerRegistry::new();
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                registry
                    .get_or_create("one", |b| b.failure_threshold(100))
                    .unwrap()
                    .try_acquire()
                    .unwrap()
                    .failure();
            });
        }
    });
    assert_eq!(
        registry.get("one").unwrap().snapshot().consecutive_failures,
        8
    );
}
