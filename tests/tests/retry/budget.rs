//! Retry budgets.

use crate::support::{RecordingClock, SECOND, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode, retry,
    retry::{Retry, RetryBudget},
    testing::Scope,
    time::ManualClock,
};
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

fn sharing(budget: &RetryBudget) -> Retry {
    doubling(&RecordingClock::default())
        .max_retries(5)
        .budget(budget)
        .build()
        .unwrap()
}

fn runs(retry: &Retry) -> u32 {
    let mut runs = 0;
    assert!(
        retry
            .call(|| {
                runs += 1;
                Err::<(), _>("down")
            })
            .is_err()
    );
    runs
}

#[test]
fn spent_budget_stops_retries_and_never_first_attempts() {
    let budget = RetryBudget::builder()
        .burst(0)
        .floor(3)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    let (one, other) = (sharing(&budget), sharing(&budget));
    assert_eq!(runs(&one), 4, "the call and the three retries of the floor");
    assert_eq!(runs(&other), 1);
    assert_eq!(other.call(|| Ok::<_, String>("fine")), Ok("fine"));
}

#[test]
fn error_stopped_by_the_budget_has_the_reason() {
    let budget = RetryBudget::builder().burst(0).floor(0).build().unwrap();
    let err = sharing(&budget)
        .call(script([Err::<(), _>(failure(
            ErrorCode::DB_CONNECTION_ERROR,
        ))]))
        .unwrap_err();
    assert!(
        err.is(ErrorCode::DB_CONNECTION_ERROR),
        "it is still the function's error"
    );
    assert_eq!(
        (
            &err.details()["attempts"],
            &err.details()["retry_stopped_by"]
        ),
        (&1.into(), &"budget".into())
    );
}

#[test]
fn budget_bounds_the_load_of_a_dead_service_to_a_fifth_more() {
    let budget = RetryBudget::builder().floor(0).build().unwrap();
    let retry = sharing(&budget);
    let mut spent = 0;
    while budget.available() > 0 {
        spent += runs(&retry) - 1;
    }
    // The calls that deposited something meanwhile allowed the rest.
    assert!(
        (100..=105).contains(&spent),
        "{spent} retries of a burst of 100"
    );
    let total: u32 = (0..1000).map(|_| runs(&retry)).sum();
    assert!((1199..=1200).contains(&total), "{total}");
}

#[test]
fn floor_refills_with_time() {
    let clock = ManualClock::new();
    let budget = RetryBudget::builder()
        .burst(0)
        .floor(2)
        .clock(clock.clone())
        .build()
        .unwrap();
    let retry = sharing(&budget);
    assert_eq!((runs(&retry), runs(&retry)), (3, 1));
    clock.advance(SECOND);
    assert_eq!((runs(&retry), runs(&retry)), (3, 1));
}

#[test]
fn token_is_taken_only_for_a_retry_that_is_made() {
    let budget = RetryBudget::builder().burst(2).floor(0).build().unwrap();
    let retry = doubling(&RecordingClock::default())
        .max_retries(1)
        .max_elapsed(SECOND / 2)
        .budget(&budget)
        .build()
        .unwrap();
    assert_eq!(runs(&retry), 1, "the deadline stops it");
    let permanent = || Err::<(), _>(failure(ErrorCode::PERMISSION_ERROR));
    assert!(sharing(&budget).call(permanent).is_err());
    assert_eq!(budget.available(), 2);
}

#[tokio::test(start_paused = true)]
async fn spent_budget_leaves_first_attempts_of_other_calls() {
    let budget = RetryBudget::builder().burst(0).floor(1).build().unwrap();
    let retry = Retry::builder()
        .max_retries(5)
        .budget(&budget)
        .build()
        .unwrap();
    let slow = retry.call_async(async || {
        tokio::time::sleep(SECOND * 30).await;
        Ok::<_, String>("finished")
    });
    let quick = retry.call_async(async || Err::<(), _>("down"));
    let (slow, quick) = tokio::join!(slow, quick);
    assert_eq!((slow, quick), (Ok("finished"), Err("down")));
}

/// Calls of eight threads and of many tasks on each: the retries are the burst, the floor and the
/// deposits, to the last one.
#[test]
fn retries_of_many_threads_and_tasks_are_what_the_budget_allows() {
    const TASKS: u64 = 50;
    const CALLS: u64 = 20;
    let budget = RetryBudget::builder()
        .ratio(0.5)
        .burst(10_000)
        .floor(7)
        .clock(ManualClock::new())
        .build()
        .unwrap();
    assert!((0..10_007).all(|_| budget.try_withdraw()) && !budget.try_withdraw());
    let made = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .start_paused(true)
                    .build()
                    .unwrap();
                let retry = Retry::builder()
                    .max_retries(1)
                    .budget(&budget)
                    .build()
                    .unwrap();
                let calls = async || {
                    for _ in 0..CALLS {
                        let mut runs = 0;
                        let outcome = retry.call_async(|| {
                            runs += 1;
                            std::future::ready(Err::<(), _>("down"))
                        });
                        assert!(outcome.await.is_err());
                        made.fetch_add(runs - 1, Ordering::Relaxed);
                    }
                };
                let tasks = futures::future::join_all((0..TASKS).map(|_| calls()));
                runtime.block_on(tasks);
            });
        }
    });
    let made = made.into_inner();
    assert_eq!(made + budget.available(), 8 * TASKS * CALLS / 2);
    assert!(made > 0);
}

#[test]
fn default_budget_is_that_of_the_process_of_the_scope_or_of_the_clock() {
    let retry = Retry::builder().build().unwrap();
    let process = retry.budget().unwrap();
    let again = Retry::builder().budget(true).build().unwrap();
    assert!(again.budget().unwrap().is_same_as(&process));
    assert!(
        Retry::builder()
            .budget(false)
            .build()
            .unwrap()
            .budget()
            .is_none()
    );

    let [first, second] = [(), ()].map(|()| Scope::new());
    let of_first = first.run(|| retry.budget()).unwrap();
    assert!(!of_first.is_same_as(&process), "made outside of the scope");
    let made_inside = first.run(|| Retry::builder().build()).unwrap();
    assert!(
        first
            .run(|| made_inside.budget())
            .unwrap()
            .is_same_as(&of_first)
    );
    assert!(
        !second
            .run(|| made_inside.budget())
            .unwrap()
            .is_same_as(&of_first)
    );

    let own = Retry::builder().clock(ManualClock::new()).build().unwrap();
    let budget = own.budget().unwrap();
    assert!(!budget.is_same_as(&process) && own.clone().budget().unwrap().is_same_as(&budget));
    assert!(first.run(|| own.budget()).unwrap().is_same_as(&budget));
}

/// What one test spends is there for the next one, also where both use a retry in a static.
#[test]
fn scopes_spend_their_own_budgets_on_their_own_clocks() {
    static RETRY: LazyLock<Retry> =
        LazyLock::new(|| Retry::builder().max_retries(1000).build().unwrap());
    for _ in 0..3 {
        let scope = Scope::new();
        let fail = || scope.run(|| runs(&RETRY));
        // The waits of the series pass on the scope's clock, so that the floor refills.
        let spent = fail() - 1;
        assert!(spent >= 110, "{spent}");
    }
}

#[test]
fn spent_default_budget_ends_a_series_with_the_reason() {
    let clock = ManualClock::new();
    let retry = Retry::builder()
        .max_retries(1000)
        .initial_delay(Duration::ZERO)
        .clock(clock.clone())
        .build()
        .unwrap();
    let err = retry
        .call(|| Err::<(), _>(failure(ErrorCode::DB_CONNECTION_ERROR)))
        .unwrap_err();
    assert_eq!(
        (
            &err.details()["attempts"],
            &err.details()["retry_stopped_by"]
        ),
        (&111.into(), &"budget".into()),
        "the call, the burst of 100 and the floor of 10"
    );
    clock.advance(SECOND);
    assert_eq!(runs(&retry), 11, "the floor of the next second");
}

#[retry(max_retries = 1000, initial_delay = 0, budget = true)]
fn by_default(runs: &mut u32) -> Result<(), AppError> {
    *runs += 1;
    Err(failure(ErrorCode::DB_CONNECTION_ERROR))
}

#[test]
fn attribute_draws_on_the_budget_of_the_scope() {
    let scope = Scope::new();
    let mut runs = 0;
    assert!(scope.run(|| by_default(&mut runs)).is_err());
    assert_eq!(runs, 111);
    assert!(scope.run(|| by_default(&mut runs)).is_err());
    assert_eq!(runs, 112, "one budget for all retries of the scope");
}
