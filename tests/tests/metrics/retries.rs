//! Calls through retries, their budgets, and hedges.

use super::support::{exporter, scrape, scrape_into};
use gardefou::{
    AppError, ErrorCode, error_monitor, hedge,
    hedge::Hedge,
    pipeline::Pipeline,
    retry,
    retry::{Backoff, Next, Retry, RetryBudget},
    testing::Scope,
};
use std::{cell::Cell, thread, time::Duration};

const KINDS: [&str; 4] = [
    "successful_without_retry",
    "successful_with_retry",
    "failed_with_retry",
    "failed_without_retry",
];

fn calls(name: &str) -> [f64; 4] {
    let page = scrape();
    KINDS.map(|kind| {
        page.value(&format!(
            r#"gardefou_retry_calls_total{{name="{name}",kind="{kind}"}}"#
        ))
    })
}

fn named(name: &'static str) -> Retry {
    let backoff = Backoff::constant(Duration::ZERO);
    let retry = Retry::builder().name(name).max_retries(2).backoff(backoff);
    retry.build().unwrap()
}

fn busy() -> AppError {
    AppError::new(ErrorCode::RESOURCE_BUSY_ERROR, "busy")
}

#[retry(name = "attribute", initial_delay = 0)]
fn of_attribute(outcome: Result<u32, AppError>) -> Result<u32, AppError> {
    outcome
}

#[retry(name = "async-attribute", initial_delay = 0)]
async fn of_async_attribute() -> Result<u32, AppError> {
    Ok(1)
}

#[retry(name = "predicate", initial_delay = 0, retry_if_result = |result: &Result<u32, AppError>| result.is_err())]
fn of_predicate() -> Result<u32, AppError> {
    Ok(1)
}

#[retry(name = "limited", initial_delay = 0, max_elapsed = "1m")]
fn limited() -> Result<u32, AppError> {
    Ok(1)
}

/// Each way to call something counts it once.
#[tokio::test(start_paused = true)]
async fn first_success_is_counted_once_in_every_form() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let ok = || Ok::<_, AppError>(7);
    named("call").call(ok).unwrap();
    named("call-with").call_with(|_| ok()).unwrap();
    named("call-while").call_while(ok, Result::is_err).unwrap();
    named("call-async").call_async(async || ok()).await.unwrap();
    named("call-with-async")
        .call_with_async(async |_| ok())
        .await
        .unwrap();
    named("call-while-async")
        .call_while_async(async || ok(), Result::is_err)
        .await
        .unwrap();
    let in_place = named("in-place");
    assert_eq!(in_place.start().after(&mut ok()), Next::Return);
    // An attempt that handles an error inside leaves something in its frame.
    let inner = named("inner");
    named("outer")
        .call(|| inner.call(|| Err::<u32, _>(busy())).or_else(|_| ok()))
        .unwrap();
    of_attribute(Ok(1)).unwrap();
    of_async_attribute().await.unwrap();
    of_predicate().unwrap();
    limited().unwrap();
    let pipeline = Pipeline::builder("pipeline").retry(named("of-pipeline"));
    pipeline.build().unwrap().call(ok).unwrap();
    for name in [
        "call",
        "call-with",
        "call-while",
        "call-async",
        "call-with-async",
        "call-while-async",
        "in-place",
        "outer",
        "attribute",
        "async-attribute",
        "predicate",
        "limited",
        "of-pipeline",
    ] {
        assert_eq!(calls(name), [1., 0., 0., 0.], "{name}");
    }
    assert_eq!(calls("inner"), [0., 0., 1., 0.]);
}

/// What a loop in place returns is decided by its caller: one that is dropped has not ended.
#[test]
fn call_that_never_ended_is_not_counted() {
    Scope::new().run(|| {
        let retry = named("dropped");
        drop(retry.start());
        assert_eq!(calls("dropped"), [0.; 4]);
    });
}

#[test]
fn calls_of_all_threads_are_counted() {
    const THREADS: u32 = 8;
    const CALLS: u32 = 10_000;
    let scope = Scope::new();
    scope.run(|| {
        let retry = named("threads");
        thread::scope(|threads| {
            for _ in 0..THREADS {
                threads.spawn(|| {
                    let _entered = scope.enter();
                    for i in 0..CALLS {
                        let mut failed = i % 100 != 0;
                        let op = || {
                            if std::mem::replace(&mut failed, true) {
                                Ok(())
                            } else {
                                Err("busy")
                            }
                        };
                        retry.call(op).unwrap();
                    }
                });
            }
        });
        let late = f64::from(THREADS * CALLS / 100);
        let all = f64::from(THREADS * CALLS);
        assert_eq!(calls("threads"), [all - late, late, 0., 0.]);
    });
}

/// The failed ones come from the monitor, the others do not.
#[test]
fn counters_go_on_where_the_monitor_is_cleared() {
    Scope::new().run(|| {
        let recorder = exporter();
        let retry = named("cleared");
        let mut outcomes = [Ok(()), Err(busy()), Ok(()), Ok(())].into_iter();
        let mut call = || retry.call(|| outcomes.next().unwrap()).unwrap();
        let value = |series: &str| scrape_into(&recorder).value(series);
        let first = r#"gardefou_retry_calls_total{name="cleared",kind="successful_without_retry"}"#;
        let late = r#"gardefou_retry_calls_total{name="cleared",kind="successful_with_retry"}"#;
        let attempts = r#"gardefou_retry_attempts_total{name="cleared"}"#;
        call();
        call();
        assert_eq!((value(first), value(late), value(attempts)), (1., 1., 3.));
        error_monitor().clear();
        call();
        assert_eq!((value(first), value(late), value(attempts)), (2., 1., 4.));
    });
}

#[test]
fn retries_of_one_name_are_one_and_stay_when_they_are_dropped() {
    Scope::new().run(|| {
        for _ in 0..3 {
            named("same").call(|| Ok::<_, AppError>(())).unwrap();
        }
        assert_eq!(calls("same"), [3., 0., 0., 0.]);
    });
}

fn budget(page: &super::support::Page, name: &str) -> (f64, f64) {
    let of = |metric: &str| {
        page.value(&format!(
            r#"gardefou_retry_budget_{metric}{{name="{name}"}}"#
        ))
    };
    (of("available"), of("burst"))
}

#[test]
fn budgets_show_their_tokens() {
    Scope::new().run(|| {
        let named = RetryBudget::builder().name("payments").burst(10).floor(0);
        let named = named.build().unwrap();
        let keyed = RetryBudget::builder().name("tenants").burst(5).floor(0);
        let keyed = keyed.build_keyed().unwrap();
        (0..4).for_each(|_| assert!(named.try_withdraw()));
        // A fifth of a token each, which no withdrawal has collected yet.
        (0..5).for_each(|_| named.deposit());
        assert!(keyed.get("acme").try_withdraw());
        let _globex = keyed.get("globex");
        let page = scrape();
        assert_eq!(budget(&page, "payments"), (7., 10.));
        assert_eq!(budget(&page, "tenants"), (9., 10.), "the sum over the keys");
        assert_eq!(page.with_label("_DEFAULT"), Vec::<&String>::new());
        let retry = Retry::builder().max_retries(1).build().unwrap();
        retry.call(|| Ok::<_, AppError>(())).unwrap();
        retry.budget().unwrap();
        assert_eq!(budget(&scrape(), "_DEFAULT"), (100., 100.));
    });
}

#[hedge(after = "50ms", name = "declared-hedge")]
async fn hedged_and_never_called() -> Result<u32, AppError> {
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn hedges_show_what_they_started_and_what_won() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _ = hedged_and_never_called;
    let budget = RetryBudget::builder().burst(2).floor(0).ratio(0.0).build();
    let hedge = Hedge::builder("search")
        .after(Duration::from_millis(50))
        .budget(budget.unwrap())
        .build()
        .unwrap();
    let attempts = Cell::new(0);
    let search = || {
        let first = attempts.replace(attempts.get() + 1) % 2 == 0;
        async move {
            // The second attempt of the first call is faster, that of the second call is not.
            let takes = if first { 100 } else { 30 };
            tokio::time::sleep(Duration::from_millis(takes)).await;
            Ok::<_, AppError>(())
        }
    };
    hedge.call_async(search).await.unwrap();
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(80)).await;
        Ok::<_, AppError>(())
    };
    hedge.call_async(slow).await.unwrap();
    hedge.call_async(slow).await.unwrap();
    let page = scrape();
    let value = |name: &str| {
        ["started", "won", "refused"]
            .map(|what| page.value(&format!(r#"gardefou_hedge_{what}_total{{name="{name}"}}"#)))
    };
    assert_eq!(value("search"), [2., 1., 1.]);
    assert_eq!(value("declared-hedge"), [0.; 3]);
}
