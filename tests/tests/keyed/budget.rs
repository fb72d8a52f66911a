//! Retry budgets by key, by hand.

use crate::support::{DAY, IDLE, SECOND};
use gardefou::{
    keyed::Keyed,
    retry::{Retry, RetryBudget, RetryBudgetBuilder},
    testing::Scope,
    time::ManualClock,
};
use gardefou_tests::testkit::log::{capture, ours};
use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
    time::Duration,
};
use tracing::Level;

/// Budgets by key on a clock that stands still.
fn budgets(
    configure: impl FnOnce(RetryBudgetBuilder) -> RetryBudgetBuilder,
) -> (ManualClock, Keyed<RetryBudget>) {
    let clock = ManualClock::new();
    let builder = RetryBudget::builder().ratio(0.0).floor(0).burst(2);
    let builder = configure(builder.clock(clock.clone()));
    (clock, builder.build_keyed().unwrap())
}

fn many_retries() -> Retry {
    let builder = Retry::builder()
        .max_retries(9)
        .initial_delay(Duration::ZERO);
    builder.build().unwrap()
}

/// Calls a function that fails, and returns how often it ran.
fn runs(retry: &Retry) -> u32 {
    let mut runs = 0;
    let outcome = retry.call(|| {
        runs += 1;
        Err::<(), _>("down")
    });
    assert_eq!(outcome, Err("down"));
    runs
}

#[test]
fn each_key_has_tokens_of_its_own() {
    let (_, keyed) = budgets(|b| b.max_keys(2));
    let retry = many_retries();
    let of = |key: &str| retry.with_budget(keyed.get(key));
    assert_eq!(["a", "a", "b"].map(|key| runs(&of(key))), [3, 1, 3]);
    assert!(of("a").budget().unwrap().is_same_as(&keyed.get("a")));
    // Further keys share one budget.
    assert_eq!(["c", "d"].map(|key| runs(&of(key))), [3, 1]);
    assert_eq!(
        (keyed.keys(), keyed.shared_other()),
        (vec!["a".into(), "b".into()], 2)
    );
    let seen: Vec<_> = keyed
        .snapshots()
        .into_iter()
        .map(|seen| (seen.name.unwrap(), seen.available))
        .collect();
    let of = |key: &str| (format!("budget[{key}]"), 0);
    assert_eq!(seen, ["a", "b", "_OTHER"].map(of));
}

#[test]
fn retry_with_another_budget_leaves_that_of_the_retry_alone() {
    let own = RetryBudget::builder().ratio(0.0).floor(0).burst(1).build();
    let own = own.unwrap();
    let (_, keyed) = budgets(|b| b);
    let retry = Retry::builder()
        .max_retries(9)
        .initial_delay(Duration::ZERO);
    let retry = retry.name("fetch").budget(&own).build().unwrap();
    let of_key = retry.with_budget(keyed.get("a"));
    assert_eq!((of_key.name(), of_key.config()), ("fetch", retry.config()));
    assert_eq!((runs(&of_key), runs(&of_key.clone())), (3, 1));
    assert_eq!((own.available(), runs(&retry)), (1, 2));
}

#[tokio::test]
async fn tasks_of_one_thread_spend_the_tokens_of_their_key_alone() {
    const KEYS: u32 = 5;
    const BURST: u32 = 40;
    let (_, keyed) = budgets(|b| b.burst(BURST));
    let retry = Retry::builder()
        .max_retries(3)
        .initial_delay(Duration::ZERO);
    let retry = retry.build().unwrap();
    let runs: [AtomicU32; KEYS as usize] = Default::default();
    // Key k has 10 k calls, each of which fails and would be retried three times.
    let calls = (0..KEYS).flat_map(|key| (0..10 * key).map(move |_| key));
    let calls = calls.map(|key| {
        let (retry, runs) = (retry.with_budget(keyed.get(&key)), &runs[key as usize]);
        async move {
            let attempt = || async {
                runs.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err::<(), _>("down")
            };
            assert!(retry.call_async(attempt).await.is_err());
        }
    });
    futures::future::join_all(calls).await;
    for (key, runs) in (0..KEYS).zip(runs) {
        let (calls, wanted) = (10 * key, 30 * key);
        assert_eq!(runs.into_inner(), calls + wanted.min(BURST), "{key}");
        let left = u64::from(BURST - wanted.min(BURST));
        assert_eq!(keyed.get(&key).available(), left, "{key}");
    }
}

#[test]
fn threads_take_no_more_than_the_tokens_of_a_key_while_others_evict() {
    const KEYS: u32 = 4;
    const BURST: u32 = 7;
    // All searches for idle budgets together take less than a day.
    const SEARCHES: u32 = 100;
    assert!(IDLE * SEARCHES < DAY);
    let (clock, keyed) = budgets(|b| b.burst(BURST));
    let granted: [AtomicU64; KEYS as usize] = Default::default();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (keyed, clock, granted) = (&keyed, &clock, &granted);
            scope.spawn(move || {
                for n in 0..KEYS * SEARCHES {
                    let key = n % KEYS;
                    if thread == 0 && key == 0 {
                        let _ = keyed.get(&format!("unused {n}"));
                        clock.advance(IDLE);
                        keyed.evict_idle();
                    }
                    let budget = keyed.get(&key);
                    budget.deposit();
                    if budget.try_withdraw() {
                        granted[key as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(
        granted.map(AtomicU64::into_inner),
        [u64::from(BURST); KEYS as usize]
    );
    assert_eq!(
        keyed.evicted(),
        u64::from(SEARCHES),
        "those that were never used"
    );
}

#[test]
fn evicted_is_what_is_full_and_idle() {
    let (clock, keyed) = budgets(|b| b.ratio(0.5));
    assert!(keyed.get("spent").try_withdraw());
    assert!(keyed.get("half").try_withdraw());
    keyed.get("half").deposit();
    let _ = keyed.get("unused");
    clock.advance(IDLE - SECOND);
    let _ = keyed.get("unused");
    assert_eq!(keyed.evict_idle(), 0, "not idle for long enough");
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 1);
    assert_eq!(keyed.keys(), ["half", "spent"]);
    // Half a token is missing, until another call brings it back.
    keyed.get("half").deposit();
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 1);
    assert_eq!(keyed.keys(), ["spent"]);
    assert_eq!(keyed.get("half").available(), 2, "a new one");
    // Deposits of several threads are collected before the decision.
    let spent = keyed.get("spent");
    (0..2).for_each(|_| thread::scope(|scope| drop(scope.spawn(|| spent.deposit()))));
    drop(spent);
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 2);
}

#[test]
fn spent_tokens_are_forgotten_a_day_after_the_last_lookup() {
    let (clock, keyed) = budgets(|b| b.max_keys(1));
    assert!(keyed.get("gone").try_withdraw());
    clock.advance(DAY - SECOND);
    assert_eq!(keyed.get("new").name(), Some("budget[_OTHER]"));
    clock.advance(SECOND);
    assert_eq!(keyed.get("new").name(), Some("budget[new]"));
}

#[test]
fn grants_of_the_floor_and_handles_keep_a_budget() {
    let (clock, keyed) = budgets(|b| b.burst(0).floor(1));
    let handle = keyed.get("handle");
    let _ = keyed.get("unused");
    clock.advance(IDLE);
    assert!(handle.try_withdraw());
    assert_eq!(keyed.evict_idle(), 1, "the one without a handle");
    drop(handle);
    assert_eq!(keyed.evict_idle(), 0, "its grant of this second is taken");
    clock.advance(SECOND);
    assert_eq!(keyed.evict_idle(), 1);
}

#[test]
fn budget_of_a_retry_is_in_use_while_the_retry_is() {
    let (clock, keyed) = budgets(|b| b);
    let retry = many_retries().with_budget(keyed.get("a"));
    clock.advance(IDLE);
    assert_eq!(keyed.evict_idle(), 0);
    drop(retry);
    assert_eq!(keyed.evict_idle(), 1);
}

#[test]
fn name_is_shared_by_the_process_and_by_a_scope() {
    let made = || RetryBudget::named_keyed("named-by-key").unwrap();
    assert!(made().get("a").is_same_as(&made().get("a")));
    let outside = made().get("a");
    assert_eq!(outside.name(), Some("named-by-key[a]"));
    let scope = Scope::new();
    let _entered = scope.enter();
    assert!(!made().get("a").is_same_as(&outside));
    let unkeyed = RetryBudget::named("named-by-key").unwrap();
    assert_eq!(unkeyed.name(), Some("named-by-key"), "it is another one");
    let own = || RetryBudget::builder().build_keyed().unwrap();
    assert!(!own().get("a").is_same_as(&own().get("a")));
    let invalid = RetryBudget::named_keyed("").unwrap_err();
    assert_eq!(invalid.field(), "name");
}

#[test]
fn two_configurations_of_one_name_are_one_warning_and_the_first_holds() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let ((), lines) = capture(ours(Level::WARN), || {
        for (burst, keys) in [(1, 5), (1, 5), (2, 5), (1, 6)] {
            let builder = RetryBudget::builder().name("clash password=hunter2");
            let keyed = builder.burst(burst).max_keys(keys).build_keyed().unwrap();
            assert_eq!((keyed.config().burst, keyed.max_keys()), (1, 5));
        }
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    let name = lines[0].field("budget").unwrap();
    assert!(
        name.starts_with("clash ") && !name.contains("hunter2"),
        "{name}"
    );
}

#[test]
fn number_of_keys_needs_keys_and_has_a_range() {
    let builder = |keys| RetryBudget::builder().max_keys(keys);
    for keys in [0, 1_000_001] {
        let problem = builder(keys).build_keyed().unwrap_err();
        assert_eq!(problem.field(), "max_keys");
    }
    assert_eq!(
        builder(1_000_000).build_keyed().unwrap().max_keys(),
        1_000_000
    );
    let problems = builder(0).name("").build().unwrap_err();
    let fields: Vec<_> = problems.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["name", "max_keys", "max_keys"]);
}

#[test]
fn key_is_shown_without_its_secrets() {
    let (_, keyed) = budgets(|b| b.name("svc"));
    let budget = keyed.get("password=hunter2");
    assert_eq!(budget.name(), Some("svc[password=hunter2]"));
    for text in [
        format!("{budget:?}"),
        format!("{:?}", budget.snapshot()),
        format!("{keyed:?}"),
        format!("{:?}", many_retries().with_budget(budget.clone())),
    ] {
        assert!(text.contains("svc") && !text.contains("hunter2"), "{text}");
    }
}
