//! Entering, nesting and leaving scopes.

use crate::support::{guarded, handled};
use gardefou::{circuit_breakers, error_monitor, testing::Scope};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn errors(scope: &Scope) -> u64 {
    scope.monitor().stats().total_errors
}

#[test]
fn inner_scope_replaces_the_outer_one_until_it_is_left() {
    let (outer, inner) = (Scope::new(), Scope::new());
    let _outer = outer.enter();
    {
        let _inner = inner.enter();
        let _ = (handled(), handled());
        assert_eq!(error_monitor().stats().total_errors, 2);
    }
    let _ = handled();
    assert_eq!((errors(&outer), errors(&inner)), (1, 2));
}

#[test]
fn scope_can_be_entered_again() {
    let scope = Scope::new();
    for _ in 0..2 {
        let _entered = scope.enter();
        let _again = scope.enter();
        let _ = guarded(true);
    }
    assert_eq!(
        scope
            .circuit_breakers()
            .get("scope-shared")
            .unwrap()
            .snapshot()
            .counts
            .total(),
        2
    );
}

#[test]
fn guards_can_be_dropped_in_any_order() {
    let (first, second) = (Scope::new(), Scope::new());
    let (one, two) = (first.enter(), second.enter());
    drop(one);
    let _ = handled();
    assert_eq!((errors(&first), errors(&second)), (0, 1));
    drop(two);
    let _ = handled();
    assert_eq!((errors(&first), errors(&second)), (0, 1));
}

#[test]
fn panic_leaves_the_scope() {
    let scope = Scope::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| scope.run(|| panic!("a faulty test"))));
    assert!(panicked.is_err());
    let _ = handled();
    assert_eq!(errors(&scope), 0);
}

#[test]
fn guard_keeps_its_scope_alive() {
    let _entered = Scope::new().enter();
    let _ = handled();
    assert_eq!(error_monitor().stats().total_errors, 1);
    assert!(guarded(true).is_ok());
    assert_eq!(circuit_breakers().len(), 1);
}

#[test]
fn new_scope_is_empty_also_inside_of_another() {
    let outer = Scope::new();
    let _entered = outer.enter();
    let _ = (guarded(true), handled());
    let made_inside = Scope::new();
    assert!(made_inside.circuit_breakers().is_empty());
    assert_eq!((errors(&outer), errors(&made_inside)), (1, 0));
    let _ = handled();
    assert_eq!((errors(&outer), errors(&made_inside)), (2, 0));
}
