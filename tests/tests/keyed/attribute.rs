//! `key = expr` of the attributes.

use crate::support::{IDLE, SECOND, block_on};
use gardefou::{
    AppError, ErrorCode, Rejection, breaker::CircuitState, circuit_breakers, guarded_functions,
    retry_with_circuit_breaker, testing::Scope, with_circuit_breaker,
};
use std::{
    cell::Cell,
    fmt::{self, Display},
    sync::atomic::{AtomicU32, Ordering},
};

const MAX_KEYS: u32 = 3;

fn failure() -> AppError {
    AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no route")
}

fn outcome(ok: bool) -> Result<(), AppError> {
    if ok { Ok(()) } else { Err(failure()) }
}

#[with_circuit_breaker(name = "by-tenant", failure_threshold = 1, key = tenant, max_keys = MAX_KEYS)]
fn charge(tenant: String, ok: bool) -> Result<String, AppError> {
    outcome(ok)?;
    // The key moved nothing.
    Ok(tenant)
}

#[with_circuit_breaker(name = "by-tenant", failure_threshold = 1, key = format!("t{n}"), max_keys = 3)]
async fn refund(n: u32, ok: bool) -> Result<(), AppError> {
    tokio::task::yield_now().await;
    outcome(ok)
}

struct Client {
    host: String,
    calls: Cell<u32>,
}

impl Client {
    #[with_circuit_breaker(name = "by-host", failure_threshold = 1, key = self.host)]
    fn get(&self, ok: bool) -> Result<(), AppError> {
        self.calls.set(self.calls.get() + 1);
        outcome(ok)
    }

    #[with_circuit_breaker(name = "by-host", failure_threshold = 1, key = self.host)]
    async fn put(&mut self, ok: bool) -> Result<&mut Cell<u32>, AppError> {
        *self.calls.get_mut() += 1;
        outcome(ok)?;
        Ok(&mut self.calls)
    }
}

#[with_circuit_breaker(name = "by-display", key = (a + 1) * 2, fallback = |_| Ok(0))]
fn computed<T: Display>(a: u32, _other: T) -> Result<u32, Rejection> {
    Ok(a)
}

#[with_circuit_breaker(name = "by-display", key = key)]
fn generic(key: impl Display) -> Result<(), Rejection> {
    drop(key);
    Ok(())
}

#[test]
fn each_key_has_its_own_circuit_and_two_functions_share_them_by_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert!(charge("t1".into(), false).is_err());
    let err = charge("t1".into(), true).unwrap_err();
    assert!(err.is(ErrorCode::CIRCUIT_OPEN_ERROR));
    assert_eq!(err.details()["circuit_breaker"], "by-tenant[t1]");
    assert_eq!(charge("t2".into(), true).unwrap(), "t2");
    assert!(block_on(refund(1, true)).is_err(), "the same circuit");
    block_on(refund(2, true)).unwrap();
    let keyed = circuit_breakers().get_keyed("by-tenant").unwrap();
    assert_eq!(
        (keyed.keys(), keyed.max_keys()),
        (vec!["t1".to_owned(), "t2".to_owned()], 3)
    );
    for key in ["t3", "t4", "t5"] {
        charge(key.into(), true).unwrap();
    }
    assert_eq!((keyed.len(), keyed.shared_other()), (3, 2));
    scope.clock().advance(IDLE);
    charge("t4".into(), true).unwrap();
    assert_eq!(keyed.keys(), ["t1", "t4"], "the open one stays");
}

#[test]
fn key_may_be_a_field_of_self() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let mut down = Client {
        host: "down".into(),
        calls: Cell::new(0),
    };
    let up = Client {
        host: "up".into(),
        calls: Cell::new(0),
    };
    assert!(down.get(false).is_err());
    assert!(down.get(true).is_err());
    assert!(block_on(down.put(true)).is_err());
    assert_eq!(down.calls.get(), 1);
    up.get(true).unwrap();
}

#[test]
fn key_may_be_computed_or_of_any_type_with_a_text() {
    let scope = Scope::new();
    let _entered = scope.enter();
    computed(1, "x").unwrap();
    generic(4).unwrap();
    generic("4").unwrap();
    generic('5').unwrap();
    assert_eq!(
        circuit_breakers().get_keyed("by-display").unwrap().keys(),
        ["4", "5"]
    );
}

static SHOWN: AtomicU32 = AtomicU32::new(0);

struct Counted;

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHOWN.fetch_add(1, Ordering::Relaxed);
        f.write_str("counted")
    }
}

#[retry_with_circuit_breaker(name = "counted", key = key, max_keys = 5, max_retries = 3, initial_delay = 1, failure_threshold = 9)]
fn retried(key: &Counted, attempts: &Cell<u32>) -> Result<(), AppError> {
    let _ = key;
    attempts.set(attempts.get() + 1);
    Err(failure())
}

#[retry_with_circuit_breaker(name = "counted", key = Counted, max_keys = 5, max_retries = 3, initial_delay = 1, failure_threshold = 9)]
async fn retried_async(attempts: &Cell<u32>) -> Result<(), AppError> {
    attempts.set(attempts.get() + 1);
    Err(failure())
}

#[test]
fn key_is_evaluated_once_per_call_whatever_the_attempts() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let attempts = Cell::new(0);
    assert!(retried(&Counted, &attempts).is_err());
    assert_eq!((attempts.get(), SHOWN.swap(0, Ordering::Relaxed)), (4, 1));
    assert!(block_on(retried_async(&attempts)).is_err());
    assert_eq!((attempts.get(), SHOWN.swap(0, Ordering::Relaxed)), (8, 1));
    let breaker = circuit_breakers().get("counted[counted]").unwrap();
    assert_eq!(
        breaker.snapshot().counts.failure,
        8,
        "each attempt is counted"
    );
}

#[retry_with_circuit_breaker(name = "retried-by-key", key = tenant, max_retries = 5, initial_delay = 1, failure_threshold = 2)]
fn opens(tenant: &str, attempts: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    attempts.set(attempts.get() + 1);
    Err(failure())
}

#[test]
fn retry_stops_at_the_open_circuit_of_its_key() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let attempts = Cell::new(0);
    assert!(opens("a", &attempts).is_err());
    assert_eq!(attempts.get(), 2);
    assert!(opens("b", &attempts).is_err());
    assert_eq!(attempts.get(), 4);
    let state = |name| circuit_breakers().get(name).unwrap().state();
    assert_eq!(state("retried-by-key[a]"), CircuitState::Open);
}

#[test]
fn future_that_is_dropped_half_way_gives_up_its_guard() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let mut call = Box::pin(refund(7, true));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    scope.clock().advance(IDLE);
    let keyed = circuit_breakers().get_keyed("by-tenant").unwrap();
    assert_eq!(keyed.evict_idle(), 0, "in flight");
    drop(call);
    // Pending for longer than a second: a failure, and with that the circuit is open.
    assert_eq!(keyed.evict_idle(), 0);
    assert_eq!(keyed.peek("t7").unwrap().state(), CircuitState::Open);
    let mut call = Box::pin(refund(8, true));
    assert!(call.as_mut().poll(&mut cx).is_pending());
    drop(call);
    scope.clock().advance(IDLE + SECOND);
    assert_eq!(keyed.evict_idle(), 1, "dropped at once: no outcome");
    assert!(keyed.peek("t8").is_none());
}

#[test]
fn expression_is_in_the_list_of_guarded_functions() {
    let all = guarded_functions();
    let key = |name: &str| {
        let here = |f: &&&gardefou::guarded::GuardedFunction| f.module_path() == module_path!();
        all.iter()
            .filter(here)
            .find(|f| f.name() == name)
            .unwrap()
            .key()
    };
    assert_eq!(key("charge"), Some("tenant"));
    assert_eq!(key("computed"), Some("(a + 1) * 2"));
}
