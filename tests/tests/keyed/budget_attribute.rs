//! `key = expr` of `#[retry]`, `#[retry_with_circuit_breaker]` and `#[resilient]`: budgets by key.

use crate::support::{IDLE, block_on};
use gardefou::{
    AppError, ErrorCode, circuit_breakers, guarded_functions, keyed::Keyed, resilient, retry,
    retry::RetryBudget, retry_with_circuit_breaker, testing::Scope,
};
use gardefou_tests::testkit::{
    log::{capture, ours},
    poll::ready,
};
use std::{
    cell::Cell,
    fmt::{self, Display},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};
use tracing::Level;

fn down<T>() -> Result<T, AppError> {
    Err(AppError::new(
        ErrorCode::EXTERNAL_SERVICE_ERROR,
        "no answer",
    ))
}

/// Declares budgets that never refill.
fn declare(name: &str, tokens: u32) -> Keyed<RetryBudget> {
    let builder = RetryBudget::builder().name(name).ratio(0.0).floor(0);
    builder.burst(tokens).build_keyed().unwrap()
}

/// Returns how often a function ran that counts its runs.
fn runs(call: impl FnOnce(&Cell<u32>)) -> u32 {
    let runs = Cell::new(0);
    call(&runs);
    runs.get()
}

fn count(runs: &Cell<u32>) {
    runs.set(runs.get() + 1);
}

const MAX_KEYS: u32 = 10_000;

#[retry(budget = "fetches-of", key = tenant, max_keys = MAX_KEYS, max_retries = 9, initial_delay = 0)]
fn fetch(tenant: String, runs: &Cell<u32>) -> Result<String, AppError> {
    count(runs);
    // The key moved nothing.
    if tenant.is_empty() {
        Ok(tenant)
    } else {
        down()
    }
}

#[retry(budget = "fetches-of", key = format!("t{n}"), max_retries = 9, initial_delay = 0)]
async fn fetch_later(n: u32, runs: &Cell<u32>) -> Result<u32, AppError> {
    count(runs);
    tokio::task::yield_now().await;
    down()
}

#[test]
fn each_key_has_tokens_of_its_own_and_two_functions_share_them_by_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    declare("fetches-of", 2);
    let of = |tenant: &str| runs(|runs| assert!(fetch(tenant.into(), runs).is_err()));
    assert_eq!([of("t1"), of("t1"), of("t2")], [3, 1, 3]);
    let later = Cell::new(0);
    assert!(block_on(fetch_later(1, &later)).is_err());
    assert_eq!(later.take(), 1, "the same tokens");
    assert!(block_on(fetch_later(3, &later)).is_err());
    assert_eq!((later.get(), of("t3")), (3, 1));
    let err = fetch("t1".into(), &later).unwrap_err();
    assert!(err.is(ErrorCode::EXTERNAL_SERVICE_ERROR));
    assert_eq!(err.details()["retry_stopped_by"], "budget");
    assert_eq!(fetch(String::new(), &later).unwrap(), "");
    let keyed = RetryBudget::named_keyed("fetches-of").unwrap();
    assert_eq!(keyed.keys(), ["", "t1", "t2", "t3"]);
}

#[retry(budget = "fetches-of", key = n, max_keys = 7)]
fn fetch_with_another_bound(n: u32) -> Result<u32, AppError> {
    Ok(n)
}

#[test]
fn another_bound_on_the_keys_of_a_name_is_one_warning_and_the_first_holds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let keyed = declare("fetches-of", 2);
    let ((), lines) = capture(ours(Level::WARN), || {
        assert_eq!(fetch(String::new(), &Cell::new(0)).unwrap(), "");
        (1..3).for_each(|n| assert_eq!(fetch_with_another_bound(n).unwrap(), n));
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].field("budget"), Some("fetches-of"));
    assert_eq!((keyed.max_keys(), keyed.len()), (10_000, 3));
}

#[retry(key = tenant, max_retries = 200, initial_delay = 0)]
fn unnamed(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[retry(name = "named-retry", budget = true, key = tenant, max_retries = 200, initial_delay = 0)]
fn named(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[retry(max_retries = 200, initial_delay = 0)]
fn unkeyed(runs: &Cell<u32>) -> Result<(), AppError> {
    count(runs);
    down()
}

#[test]
fn budgets_without_a_name_have_the_defaults_and_are_of_the_function_and_the_scope() {
    for _ in 0..2 {
        let scope = Scope::new();
        let _entered = scope.enter();
        let of = |tenant: &str| runs(|runs| assert!(unnamed(tenant, runs).is_err()));
        // The call, ten retries of the floor, and a hundred at once.
        assert_eq!([of("a"), of("a"), of("b")], [111, 1, 111]);
        assert_eq!(runs(|runs| assert!(named("a", runs).is_err())), 111);
        // The name of the retry is that of its budgets.
        let keyed = RetryBudget::named_keyed("named-retry").unwrap();
        assert_eq!(
            (keyed.keys(), keyed.get("a").available()),
            (vec!["a".to_owned()], 0)
        );
        assert_eq!(
            runs(|runs| assert!(unkeyed(runs).is_err())),
            111,
            "the scope's own"
        );
    }
}

static GIVEN: LazyLock<Keyed<RetryBudget>> = LazyLock::new(|| {
    let builder = RetryBudget::builder().ratio(0.0).floor(0).burst(1);
    builder.build_keyed().unwrap()
});
const NAME: &str = "by-constant";

#[retry(budget = &*GIVEN, key = key, max_retries = 9, initial_delay = 0)]
fn given(key: impl Display + Clone, runs: &Cell<u32>) -> Result<(), AppError> {
    drop(key);
    count(runs);
    down()
}

#[retry(budget = NAME, key = (a + 1) * 2, max_retries = 9, initial_delay = 0)]
fn by_constant(a: u32, runs: &Cell<u32>) -> Result<u32, AppError> {
    count(runs);
    down().or(Err(AppError::new(ErrorCode::SYNC_ERROR, a.to_string())))
}

#[retry(budget = String::from("by-constant"), key = key, max_retries = 9, initial_delay = 0)]
fn by_string(key: u32, runs: &Cell<u32>) -> Result<u32, AppError> {
    count(runs);
    down().or(Err(AppError::new(ErrorCode::SYNC_ERROR, key.to_string())))
}

#[test]
fn budgets_are_given_by_handle_or_by_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let of = |key: u32| runs(|runs| assert!(given(key, runs).is_err()));
    assert_eq!([of(1), of(1), of(2)], [2, 1, 2]);
    assert_eq!(
        runs(|runs| assert!(given('2', runs).is_err())),
        1,
        "the same text"
    );
    declare(NAME, 3);
    assert_eq!(runs(|runs| assert!(by_constant(1, runs).is_err())), 4);
    assert_eq!(runs(|runs| assert!(by_string(4, runs).is_err())), 1);
    assert_eq!(RetryBudget::named_keyed(NAME).unwrap().keys(), ["4"]);
}

#[retry(budget = &*GIVEN, key = key, max_keys = 3, initial_delay = 0)]
fn bounded_twice(key: u32, runs: &Cell<u32>) -> Result<u32, AppError> {
    count(runs);
    down().or(Err(AppError::new(ErrorCode::SYNC_ERROR, key.to_string())))
}

#[test]
fn two_bounds_are_a_problem_and_the_function_is_called_once() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let (runs, lines) = capture(ours(Level::WARN), || {
        runs(|runs| assert!(bounded_twice(1, runs).is_err()))
    });
    assert_eq!(runs, 1);
    let text = format!("{lines:?}");
    assert!(
        text.contains("max_keys") && text.contains("number of keys"),
        "{text}"
    );
}

struct Client {
    host: String,
    runs: Cell<u32>,
}

impl Client {
    #[retry(budget = "by-host", key = self.host, max_retries = 9, initial_delay = 0)]
    fn get(&self) -> Result<(), AppError> {
        count(&self.runs);
        down()
    }

    #[retry(budget = "by-host", key = self.host, max_retries = 9, initial_delay = 0)]
    async fn put(&mut self) -> Result<u32, AppError> {
        *self.runs.get_mut() += 1;
        down()
    }
}

#[test]
fn key_may_be_a_field_of_self() {
    let scope = Scope::new();
    let _entered = scope.enter();
    declare("by-host", 2);
    let [mut down, up] = ["down", "up"].map(|host| Client {
        host: host.into(),
        runs: Cell::new(0),
    });
    assert!(ready(down.put()).is_err() && down.get().is_err());
    assert_eq!(down.runs.get(), 3 + 1);
    assert!(up.get().is_err());
    assert_eq!(up.runs.get(), 3);
}

static SHOWN: AtomicU32 = AtomicU32::new(0);

struct Counted;

impl Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SHOWN.fetch_add(1, Ordering::Relaxed);
        f.write_str("counted")
    }
}

#[retry(key = key, max_retries = 3, initial_delay = 0)]
fn shown_once(key: &Counted, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = key;
    assert_eq!(SHOWN.load(Ordering::Relaxed), 1, "before the body");
    count(runs);
    down()
}

#[retry(key = { evaluated.set(evaluated.get() + 1); "key" }, max_retries = 3, initial_delay = 0)]
async fn evaluated_once(evaluated: &Cell<u32>, runs: &Cell<u32>) -> Result<(), AppError> {
    count(runs);
    down()
}

#[test]
fn key_is_evaluated_once_per_call_whatever_the_attempts() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert_eq!(runs(|runs| assert!(shown_once(&Counted, runs).is_err())), 4);
    assert_eq!(SHOWN.load(Ordering::Relaxed), 1);
    let evaluated = Cell::new(0);
    let runs = runs(|runs| assert!(ready(evaluated_once(&evaluated, runs)).is_err()));
    assert_eq!((runs, evaluated.get()), (4, 1));
}

#[retry_with_circuit_breaker(name = "both-by-key", key = tenant, max_keys = 2, max_retries = 9, initial_delay = 0, failure_threshold = 9)]
fn both(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[retry_with_circuit_breaker(name = "both-by-key", key = tenant, max_keys = 2, max_retries = 9, initial_delay = 0, failure_threshold = 9)]
async fn both_later(tenant: u32, runs: &Cell<u32>) -> Result<(), AppError> {
    count(runs);
    tokio::task::yield_now().await;
    down()
}

#[retry_with_circuit_breaker(name = "breaker-by-key", key = tenant, budget = false, max_retries = 9, initial_delay = 0, failure_threshold = 99)]
fn without_budget(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[test]
fn key_chooses_breaker_and_budget_of_the_same_name() {
    let scope = Scope::new();
    let _entered = scope.enter();
    RetryBudget::builder()
        .name("both-by-key")
        .ratio(0.0)
        .floor(0)
        .burst(2)
        .max_keys(2)
        .build_keyed()
        .unwrap();
    let of = |tenant: &str| runs(|runs| assert!(both(tenant, runs).is_err()));
    assert_eq!([of("1"), of("1"), of("2")], [3, 1, 3]);
    let later = Cell::new(0);
    assert!(block_on(both_later(1, &later)).is_err());
    assert_eq!(later.take(), 1, "the same tokens");
    let breakers = circuit_breakers().get_keyed("both-by-key").unwrap();
    let budgets = RetryBudget::named_keyed("both-by-key").unwrap();
    assert_eq!(breakers.keys(), budgets.keys());
    let failures = |key| breakers.get(key).snapshot().counts.failure;
    assert_eq!([failures("1"), failures("2")], [5, 3]);
    // The bound is one of both.
    assert_eq!(of("3"), 3);
    assert_eq!((breakers.shared_other(), budgets.shared_other()), (1, 1));
    assert_eq!(runs(|runs| assert!(without_budget("1", runs).is_err())), 10);
    assert_eq!(
        circuit_breakers()
            .get_keyed("breaker-by-key")
            .unwrap()
            .keys(),
        ["1"]
    );
}

#[resilient(name = "resilient-by-key", key = tenant, retry(max_retries = 9, initial_delay = 0), circuit_breaker(failure_threshold = 99))]
fn stacked(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[resilient(name = "own-key", key = tenant, retry(max_retries = 9, initial_delay = 0, budget = "resilient-by-key", key = tenant.len()))]
fn own_key(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[resilient(name = "no-budget", key = tenant, retry(max_retries = 9, initial_delay = 0, budget = false), circuit_breaker(failure_threshold = 99))]
fn stacked_without_budget(tenant: &str, runs: &Cell<u32>) -> Result<(), AppError> {
    let _ = tenant;
    count(runs);
    down()
}

#[test]
fn key_of_resilient_chooses_the_budget_too() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let budgets = declare("resilient-by-key", 2);
    let of = |tenant: &str| runs(|runs| assert!(stacked(tenant, runs).is_err()));
    assert_eq!([of("acme"), of("acme"), of("globex")], [3, 1, 3]);
    assert_eq!(
        runs(|runs| assert!(own_key("acme", runs).is_err())),
        3,
        "by length"
    );
    assert_eq!(budgets.keys(), ["4", "acme", "globex"]);
    let runs = runs(|runs| assert!(stacked_without_budget("acme", runs).is_err()));
    assert_eq!(runs, 10);
    assert_eq!(
        circuit_breakers().get_keyed("no-budget").unwrap().keys(),
        ["acme"]
    );
}

#[test]
fn logs_of_a_retry_name_no_key() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let (_, lines) = capture(ours(Level::TRACE), || {
        runs(|runs| assert!(named("acme", runs).is_err()))
    });
    let retries: Vec<_> = lines
        .iter()
        .filter_map(|line| line.field("retry.name"))
        .collect();
    assert!(retries.len() > 100 && retries.iter().all(|name| *name == "named-retry"));
    assert!(!format!("{lines:?}").contains("acme"), "{lines:?}");
}

static RAN: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];

#[retry(budget = "threads-by-key", key = key, max_retries = 3, initial_delay = 0)]
fn on_threads(key: usize) -> Result<(), AppError> {
    RAN[key].fetch_add(1, Ordering::Relaxed);
    down()
}

#[retry(budget = "threads-by-key", key = key, max_retries = 3, initial_delay = 0)]
async fn in_tasks(key: usize) -> Result<(), AppError> {
    RAN[key].fetch_add(1, Ordering::Relaxed);
    tokio::task::yield_now().await;
    down()
}

#[test]
fn threads_with_many_tasks_each_spend_exactly_the_tokens_of_each_key() {
    const BURST: u32 = 50;
    const THREADS: u32 = 4;
    const CALLS: u32 = 10;
    let budgets = declare("threads-by-key", BURST);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let calls = (0..CALLS).flat_map(|_| [0, 1, 2].map(in_tasks));
            let all = futures::future::join_all(calls).await;
            assert!(all.iter().all(Result::is_err));
        });
        (0..CALLS).for_each(|_| assert!(on_threads(0).is_err() && on_threads(2).is_err()));
    };
    thread::scope(|scope| {
        (0..THREADS).for_each(|_| drop(scope.spawn(work)));
    });
    // Each call wants three retries; each key has fifty.
    let ran = [0, 1, 2].map(|key: usize| RAN[key].load(Ordering::Relaxed));
    let calls = THREADS * CALLS;
    assert_eq!(ran, [2 * calls + BURST, calls + BURST, 2 * calls + BURST]);
    assert!(
        [0, 1, 2]
            .iter()
            .all(|key| budgets.get(key).available() == 0)
    );
}

#[test]
fn call_under_way_keeps_its_budget() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let runs = Cell::new(0);
    let mut call = Box::pin(fetch_later(7, &runs));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut cx).is_pending());
    scope.clock().advance(IDLE);
    let keyed = RetryBudget::named_keyed("fetches-of").unwrap();
    assert_eq!(keyed.evict_idle(), 0);
    drop(call);
    assert_eq!(keyed.evict_idle(), 1);
}

#[test]
fn expression_is_in_the_list_of_guarded_functions() {
    let all = guarded_functions();
    let here = |f: &&&gardefou::guarded::GuardedFunction| f.module_path() == module_path!();
    let key = |name| {
        all.iter()
            .filter(here)
            .find(|f| f.name() == name)
            .unwrap()
            .key()
    };
    assert_eq!(key("fetch"), Some("tenant"));
    assert_eq!(key("both"), Some("tenant"));
    assert_eq!(key("by_constant"), Some("(a + 1) * 2"));
    assert_eq!(key("unkeyed"), None);
}
