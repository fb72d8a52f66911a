//! Breakers by key in the registry.

use crate::support::IDLE;
use gardefou::{
    breaker::{BreakerRegistry, CircuitState},
    circuit_breakers,
    event::{self, BreakerEventKind, Event},
    testing::Scope,
};
use std::sync::{Arc, Mutex};

#[test]
fn same_key_is_the_same_breaker_and_distinct_keys_have_distinct_ones() {
    let registry = BreakerRegistry::new();
    let first = registry.get_or_create_keyed("payments", |b| b).unwrap();
    let second = registry.get_or_create_keyed("payments", |b| b).unwrap();
    first.get("acme").force_open();
    assert_eq!(second.get("acme").state(), CircuitState::ForcedOpen);
    assert_eq!(second.get("globex").state(), CircuitState::Closed);
    let other = registry.get_or_create_keyed("search", |b| b).unwrap();
    assert_eq!(other.get("acme").state(), CircuitState::Closed);
}

#[test]
fn breakers_of_keys_are_listed_found_reset_and_removed_by_name() {
    let registry = BreakerRegistry::new();
    registry.get_or_create("payments", |b| b).unwrap();
    registry.get_or_create("zoo", |b| b).unwrap();
    let keyed = registry
        .get_or_create_keyed("payments", |b| b.max_keys(2))
        .unwrap();
    for key in ["b", "a[1]", "c"] {
        keyed.get(key).force_open();
    }
    let names: Vec<_> = registry.snapshots().into_iter().map(|s| s.name).collect();
    assert_eq!(
        names,
        [
            "payments",
            "payments[_OTHER]",
            "payments[a[1]]",
            "payments[b]",
            "zoo"
        ]
    );
    assert_eq!(registry.len(), 5);
    assert_eq!(
        registry.get("payments").unwrap().state(),
        CircuitState::Closed
    );
    for name in ["payments[b]", "payments[a[1]]", "payments[_OTHER]"] {
        assert_eq!(
            registry.get(name).unwrap().state(),
            CircuitState::ForcedOpen,
            "{name}"
        );
    }
    for name in [
        "payments[x]",
        "payments[]",
        "payments[",
        "payments]",
        "[b]",
        "search[b]",
        "zoo[b]",
    ] {
        assert!(registry.get(name).is_none(), "{name}");
    }
    assert_eq!(keyed.keys(), ["a[1]", "b"], "a look makes none");
    registry.reset_all();
    assert!(
        keyed
            .guards()
            .iter()
            .all(|guard| guard.state() == CircuitState::Closed)
    );
    assert!(registry.remove("payments[b]").is_some());
    assert!(registry.remove("payments[_OTHER]").is_none());
    assert_eq!((keyed.keys(), registry.len()), (vec!["a[1]".to_owned()], 4));
}

#[test]
fn name_with_brackets_of_its_own_comes_first() {
    let registry = BreakerRegistry::new();
    let keyed = registry.get_or_create_keyed("a[b]", |b| b).unwrap();
    keyed.get("c").force_open();
    assert_eq!(
        registry.get("a[b][c]").unwrap().state(),
        CircuitState::ForcedOpen
    );
    registry
        .get_or_create_keyed("a", |b| b)
        .unwrap()
        .get("b][c")
        .disable();
    let found = registry.get("a[b][c]").unwrap().state();
    assert!([CircuitState::ForcedOpen, CircuitState::Disabled].contains(&found));
    registry
        .get_or_create_keyed("x", |b| b)
        .unwrap()
        .get("y")
        .force_open();
    let same = registry.get_or_create("x[y]", |b| b).unwrap();
    assert_eq!(same.state(), CircuitState::ForcedOpen, "the name is in use");
}

#[test]
fn registry_does_not_grow_beyond_the_bound_of_the_keys() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let registry = circuit_breakers();
    let keyed = registry
        .get_or_create_keyed("bounded", |b| b.max_keys(50))
        .unwrap();
    (0..10_000).for_each(|key| drop(keyed.get(&key)));
    assert_eq!(registry.len(), 51);
    scope.clock().advance(IDLE);
    assert_eq!(registry.drop_idle(), 50);
    assert_eq!(registry.len(), 1);
}

#[test]
fn two_configurations_of_one_name_are_one_warning_and_the_first_holds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let clashes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&clashes);
    let _subscription = event::subscribe(move |event: &Event<'_>| {
        if let Event::Breaker(event) = event
            && let BreakerEventKind::ConfigClash { first, second, .. } = event.kind
        {
            seen.lock()
                .unwrap()
                .push(format!("{}: {first} {second}", event.name));
        }
    });
    let registry = circuit_breakers();
    let first = registry
        .get_or_create_keyed("clash", |b| b.max_keys(5))
        .unwrap();
    for _ in 0..2 {
        let second = registry
            .get_or_create_keyed("clash", |b| b.max_keys(6))
            .unwrap();
        assert_eq!(second.max_keys(), 5);
    }
    let third = registry.get_or_create_keyed("clash", |b| b.max_keys(5).failure_threshold(9));
    assert_eq!(third.unwrap().config(), first.config());
    let clashes = clashes.lock().unwrap();
    assert_eq!(clashes.len(), 2, "{clashes:?}");
    assert!(clashes[0].starts_with("clash: ") && clashes[0].contains("registry.rs:"));
    assert!(
        registry
            .get_or_create_keyed("bad", |b| b.max_keys(0))
            .is_err()
    );
    assert!(registry.get_keyed("bad").is_none());
}

#[test]
fn scope_has_keys_of_its_own_and_its_clock() {
    let outside = circuit_breakers()
        .get_or_create_keyed("in-scope", |b| b.max_keys(1))
        .unwrap();
    let _ = outside.get("outside");
    let scope = Scope::new();
    scope.run(|| {
        let inside = circuit_breakers()
            .get_or_create_keyed("in-scope", |b| b.max_keys(1))
            .unwrap();
        (0..100).for_each(|_| drop(inside.get("inside")));
        scope.clock().advance(IDLE);
        let _ = inside.get("next");
        assert_eq!(
            (inside.keys(), inside.evicted()),
            (vec!["next".to_owned()], 1)
        );
    });
    assert_eq!(outside.keys(), ["outside"]);
    assert_eq!(
        circuit_breakers().get_keyed("in-scope").unwrap().keys(),
        ["outside"]
    );
}
