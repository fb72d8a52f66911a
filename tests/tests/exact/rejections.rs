//! Recognition of rejections anywhere in an attempt.

use crate::support::{Boxed, Fault, Forgetful, give_way, retries};
use futures::future::join_all;
use gardefou::{
    AppError,
    boundary::ErrorBoundary,
    breaker::CircuitBreaker,
    call::{Context, InCall},
    circuit_breakers, error_boundary, retry, with_circuit_breaker,
};
use gardefou_tests::testkit::runtime::one_thread;
use std::{cell::Cell, thread};

fn open(name: &str) -> CircuitBreaker {
    let breaker = circuit_breakers()
        .get_or_create(name, |builder| builder)
        .unwrap();
    breaker.force_open();
    breaker
}

thread_local! {
    /// How many times a body ran on this thread.
    static RUNS: Cell<u32> = const { Cell::new(0) };
}

fn run() {
    RUNS.set(RUNS.get() + 1);
}

/// How many times a body runs in a call that fails.
fn runs<T, E>(call: impl FnOnce() -> Result<T, E>) -> u32 {
    RUNS.set(0);
    assert!(call().is_err());
    RUNS.get()
}

#[with_circuit_breaker(name = "exact-open")]
async fn guarded<E: From<gardefou::Rejection> + 'static>() -> Result<(), E> {
    unreachable!("the circuit is open")
}

#[with_circuit_breaker(name = "exact-open")]
fn guarded_sync() -> Result<(), Fault> {
    unreachable!("the circuit is open")
}

macro_rules! waits_after {
    ($($name:ident $error:ty;)*) => {$(
        #[retry(initial_delay = 0)]
        async fn $name() -> Result<(), $error> {
            run();
            let result = guarded::<$error>().await;
            give_way(2).await;
            result
        }
    )*};
}

waits_after! {
    enum_waits Fault;
    forgetful_waits Forgetful;
    boxed_waits Boxed;
    ours_waits AppError;
    io_waits std::io::Error;
}

#[test]
fn attempt_that_waits_after_the_rejection_is_the_last() {
    open("exact-open");
    let runtime = one_thread();
    assert_eq!(runs(|| runtime.block_on(enum_waits())), 1);
    assert_eq!(runs(|| runtime.block_on(forgetful_waits())), 1);
    assert_eq!(runs(|| runtime.block_on(boxed_waits())), 1);
    assert_eq!(runs(|| runtime.block_on(ours_waits())), 1);
    assert_eq!(runs(|| runtime.block_on(io_waits())), 1);
}

#[retry(initial_delay = 0)]
fn clean_up() -> Result<(), Fault> {
    Ok(())
}

#[retry(max_retries = 1, initial_delay = 0)]
fn failing_clean_up() -> Result<(), Fault> {
    Err(Fault::Down)
}

#[retry(initial_delay = 0)]
fn cleans_up() -> Result<(), Fault> {
    run();
    let result = guarded_sync();
    clean_up()?;
    result
}

#[retry(initial_delay = 0)]
fn cleans_up_and_fails() -> Result<(), Fault> {
    run();
    let result = guarded_sync();
    let _ = failing_clean_up();
    result
}

#[retry(initial_delay = 0)]
async fn cleans_up_async() -> Result<(), Fault> {
    run();
    let result = guarded().await;
    let _ = retries(2)
        .call_async(|| async {
            give_way(1).await;
            Err::<(), _>(Fault::Down)
        })
        .await;
    result
}

#[test]
fn retry_that_runs_between_the_rejection_and_the_return_changes_nothing() {
    open("exact-open");
    assert_eq!(runs(cleans_up), 1);
    assert_eq!(runs(cleans_up_and_fails), 1);
    assert_eq!(runs(|| one_thread().block_on(cleans_up_async())), 1);
}

#[test]
fn rejection_passes_boundaries_breakers_and_retries_on_its_way() {
    let breaker = open("exact-open");
    let around = CircuitBreaker::builder("exact-around").build().unwrap();
    let attempt = || -> Result<(), Fault> {
        run();
        let inner = ErrorBoundary::new("rejected_inside");
        let result = inner.call(|| breaker.call(|| Ok::<_, Forgetful>(())));
        error_boundary!("rejected_outside", { result? }).map_err(|error| Fault::Other(error.into()))
    };
    assert_eq!(
        runs(|| retries(3).call(|| retries(2).call(|| around.call(attempt)))),
        1
    );
    assert_eq!(
        around.snapshot().counts.failure,
        0,
        "the rejection of an inner policy is neutral"
    );
}

#[test]
fn rejection_in_a_joined_or_spawned_call_ends_the_series_unless_dropped() {
    open("exact-open");
    let spawned = || async {
        run();
        tokio::spawn(guarded::<Fault>().in_call(Context::current()))
            .await
            .unwrap()
    };
    let joined = || async {
        run();
        let (first, second) = tokio::join!(
            async {
                give_way(2).await;
                guarded::<Fault>().await
            },
            async {
                give_way(3).await;
                Ok(())
            }
        );
        first.and(second)
    };
    let let_go = || async {
        run();
        let (first, second) = tokio::join!(guarded::<Fault>(), async {
            give_way(3).await;
            Err::<(), _>(Fault::Down)
        });
        drop(first);
        second
    };
    let on_a_thread = || {
        run();
        let context = Context::current();
        thread::scope(|scope| scope.spawn(|| context.run(guarded_sync)).join().unwrap())
    };
    assert_eq!(
        runs(|| one_thread().block_on(retries(3).call_async(spawned))),
        1
    );
    assert_eq!(
        runs(|| one_thread().block_on(retries(3).call_async(joined))),
        1
    );
    assert_eq!(
        runs(|| one_thread().block_on(retries(3).call_async(let_go))),
        4
    );
    assert_eq!(runs(|| retries(3).call(on_a_thread)), 1);
}

#[test]
fn series_that_are_interleaved_keep_their_rejections_apart() {
    open("exact-open");
    let attempts = Cell::new(0);
    let series = (0..100).map(|seed| {
        let (retry, attempts) = (retries(3), &attempts);
        async move {
            let attempt = || async move {
                attempts.set(attempts.get() + 1);
                give_way(seed).await;
                let result = if seed % 2 == 0 {
                    guarded::<Fault>().await
                } else {
                    Err(Fault::Down)
                };
                give_way(seed / 5).await;
                result
            };
            retry.call_async(attempt).await
        }
    });
    let results = one_thread().block_on(join_all(series));
    assert!(results.iter().all(Result::is_err));
    assert_eq!(
        attempts.get(),
        50 + 50 * 4,
        "50 series that were rejected and 50 that failed four times"
    );
}
