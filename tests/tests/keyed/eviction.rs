//! What is evicted, and when.

use crate::support::{DAY, IDLE, SECOND, breakers, name_of};
use gardefou::{
    breaker::{CircuitBreaker, CircuitState},
    event::Event,
};
use std::{future::pending, time::Duration};

#[test]
fn new_key_takes_the_place_of_one_that_was_idle_for_ten_minutes() {
    let (clock, keyed) = breakers(|b| b.max_keys(2));
    (0..100).for_each(|_| drop(keyed.get("a")));
    clock.advance(SECOND);
    (0..100).for_each(|_| keyed.get("b").try_acquire().unwrap().success());
    clock.advance(IDLE - SECOND - Duration::from_nanos(1));
    assert_eq!(
        name_of(&keyed, "c"),
        "svc[_OTHER]",
        "one nanosecond too early"
    );
    clock.advance(Duration::from_nanos(1));
    assert_eq!(name_of(&keyed, "c"), "svc[c]");
    assert_eq!(keyed.keys(), ["b", "c"]);
    assert_eq!((keyed.evicted(), keyed.shared_other()), (1, 1));
}

#[test]
fn lookup_renews_a_key_and_a_look_at_it_does_not() {
    let (clock, keyed) = breakers(|b| b.max_keys(2));
    let _ = (keyed.get("a"), keyed.get("b"));
    clock.advance(IDLE - SECOND);
    let _ = (
        keyed.get("a"),
        keyed.peek("b"),
        keyed.guards(),
        keyed.snapshots(),
    );
    clock.advance(SECOND);
    assert_eq!(name_of(&keyed, "c"), "svc[c]");
    assert_eq!(keyed.keys(), ["a", "c"]);
}

#[test]
fn failure_keeps_a_guard() {
    let (clock, keyed) = breakers(|b| b.max_keys(1));
    keyed.get("a").try_acquire().unwrap().failure();
    clock.advance(IDLE * 10);
    assert_eq!(name_of(&keyed, "b"), "svc[_OTHER]");
    keyed.get("a").try_acquire().unwrap().success();
    clock.advance(IDLE);
    assert_eq!(
        name_of(&keyed, "b"),
        "svc[b]",
        "no failure in a row any more"
    );
}

#[test]
fn failure_in_the_window_keeps_a_guard_while_it_is_in_the_window() {
    let window = IDLE * 2;
    let (clock, keyed) = breakers(|b| b.max_keys(1).time_window(window).min_calls(100));
    keyed.get("a").try_acquire().unwrap().failure();
    keyed.get("a").try_acquire().unwrap().success();
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "b"), "svc[_OTHER]");
    // The slots of a window are as long as a part of it.
    clock.advance(window);
    assert_eq!(name_of(&keyed, "b"), "svc[b]");
}

#[test]
fn open_half_open_forced_and_disabled_breakers_stay() {
    let (clock, keyed) = breakers(|b| b.max_keys(4).failure_threshold(1));
    keyed.get("open").try_acquire().unwrap().failure();
    keyed.get("half").force_open();
    keyed.get("half").half_open().unwrap();
    keyed.get("forced").force_open();
    keyed.get("disabled").disable();
    clock.advance(IDLE * 2);
    assert_eq!(name_of(&keyed, "x"), "svc[_OTHER]");
    assert_eq!(keyed.len(), 4);
    assert_eq!(
        keyed.peek("forced").unwrap().state(),
        CircuitState::ForcedOpen
    );
}

#[test]
fn what_an_outage_left_behind_is_forgotten_after_a_day() {
    let (clock, keyed) = breakers(|b| b.max_keys(4).failure_threshold(2));
    keyed.get("failed").try_acquire().unwrap().failure();
    (0..2).for_each(|_| keyed.get("open").try_acquire().unwrap().failure());
    keyed.get("forced").force_open();
    keyed.get("disabled").disable();
    clock.advance(DAY - SECOND);
    assert_eq!(keyed.evict_idle(), 0);
    clock.advance(SECOND);
    assert_eq!(keyed.evict_idle(), 2);
    assert_eq!(keyed.keys(), ["disabled", "forced"]);
}

#[test]
fn handle_permit_and_rejection_keep_a_guard() {
    let (clock, keyed) = breakers(|b| b.max_keys(3));
    let handle = keyed.get("handle");
    let permit = keyed.get("permit").try_acquire().unwrap();
    let rejection = {
        let breaker = keyed.get("rejection");
        breaker.force_open();
        let rejection = breaker.try_acquire().unwrap_err();
        breaker.reset();
        rejection
    };
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "x"), "svc[_OTHER]");
    permit.success();
    assert_eq!(name_of(&keyed, "x"), "svc[x]");
    drop(handle);
    drop(rejection);
    assert_eq!(keyed.evict_idle(), 2);
    assert_eq!(keyed.keys(), ["x"]);
}

#[test]
fn panic_of_a_call_keeps_a_guard_by_its_failure() {
    let (clock, keyed) = breakers(|b| b.max_keys(1));
    let call = || {
        keyed
            .get("a")
            .call(|| -> Result<(), std::io::Error> { panic!("on purpose") })
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_err());
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "b"), "svc[_OTHER]");
}

#[tokio::test]
async fn future_that_is_dropped_half_way_keeps_its_guard_until_then() {
    let (clock, keyed) = breakers(|b| b.max_keys(1));
    let call = async {
        let breaker = keyed.get("a");
        breaker
            .call_async(|| async {
                pending::<()>().await;
                Ok::<_, std::io::Error>(())
            })
            .await
    };
    let mut call = Box::pin(call);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "b"), "svc[_OTHER]");
    drop(call);
    // It was pending for longer than `abandoned_after`, and counts as a failure.
    assert_eq!(keyed.peek("a").unwrap().snapshot().consecutive_failures, 1);
    assert_eq!(name_of(&keyed, "b"), "svc[_OTHER]");
    keyed.get("a").reset();
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "b"), "svc[b]");
}

#[test]
fn guard_that_was_changed_by_hand_is_not_replaced_by_one_that_was_not() {
    let (clock, keyed) = breakers(|b| b.max_keys(3).on_transition(|_| {}));
    keyed
        .get("changed")
        .reconfigure(|b| b.failure_threshold(9))
        .unwrap();
    keyed.get("observed").observe(|_: &Event<'_>| {}).forever();
    let _ = keyed.get("plain");
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "x"), "svc[x]");
    assert_eq!(keyed.keys(), ["changed", "observed", "x"]);
}

#[test]
fn evicted_key_gets_a_new_guard_and_its_count_goes_on() {
    let (clock, keyed) = breakers(|b| b.max_keys(1));
    keyed.get("a").try_acquire().unwrap().success();
    for round in 1..=3 {
        clock.advance(IDLE);
        assert_eq!(name_of(&keyed, "b"), "svc[b]");
        clock.advance(IDLE);
        assert_eq!(keyed.get("a").snapshot().counts.total(), 0);
        assert_eq!(keyed.evicted(), 2 * round);
    }
}

#[test]
fn removed_key_makes_room_and_its_handles_stay_valid() {
    let (_, keyed) = breakers(|b| b.max_keys(1));
    let old = keyed.get("a");
    assert!(keyed.remove("a").is_some() && keyed.remove("a").is_none());
    assert_eq!((keyed.len(), keyed.evicted()), (0, 0));
    assert_eq!(name_of(&keyed, "b"), "svc[b]");
    old.force_open();
    assert_eq!(name_of(&keyed, "a"), "svc[_OTHER]");
}

/// A map this large is not searched for each lookup.
#[test]
fn large_map_finds_every_idle_guard_when_the_time_has_come() {
    const KEYS: u32 = 20_000;
    let (clock, keyed) = breakers(|b| b.max_keys(KEYS));
    (0..KEYS).for_each(|key| drop(keyed.get(&key)));
    let overflow = |from: u32| (from..from + 1000).for_each(|key| drop(keyed.get(&key)));
    overflow(KEYS);
    assert_eq!((keyed.len(), keyed.shared_other()), (KEYS as usize, 1000));
    clock.advance(IDLE - SECOND);
    let _ = keyed.get(&0);
    clock.advance(SECOND);
    assert_eq!(
        name_of(&keyed, "new"),
        "svc[new]",
        "at the first lookup from then on"
    );
    assert_eq!(keyed.keys(), ["0", "new"]);
    assert_eq!(keyed.evicted(), u64::from(KEYS) - 1);
}

#[test]
fn large_map_finds_a_guard_that_is_no_longer_in_use_within_a_part_of_the_lookups() {
    const KEYS: u32 = 6_400;
    let (clock, keyed) = breakers(|b| b.max_keys(KEYS));
    let held: Vec<CircuitBreaker> = (0..KEYS).map(|key| keyed.get(&key)).collect();
    clock.advance(IDLE);
    assert_eq!(name_of(&keyed, "new"), "svc[_OTHER]");
    drop(held);
    let lookups = (0..KEYS).position(|_| name_of(&keyed, "new") == "svc[new]");
    assert!(lookups.unwrap() <= 100, "{lookups:?}");
}

#[tokio::test(start_paused = true)]
async fn clock_of_the_program_dates_lookups_too() {
    let keyed = CircuitBreaker::builder("svc")
        .max_keys(2)
        .build_keyed()
        .unwrap();
    (0..10).for_each(|_| drop(keyed.get("a")));
    // Too often for a clock reading each: in use until the first search.
    (0..100).for_each(|_| drop(keyed.get("b")));
    tokio::time::advance(IDLE).await;
    assert_eq!(name_of(&keyed, "c"), "svc[c]");
    assert_eq!(keyed.keys(), ["b", "c"]);
    tokio::time::advance(IDLE).await;
    assert_eq!(keyed.evict_idle(), 2);
}
