//! Retry budgets.

use crate::support::{RecordingClock, SECOND, doubling, failure, script};
use gardefou::{
    ErrorCode,
    retry::{Retry, RetryBudget},
    time::ManualClock,
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
        .ratio(0.0)
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
    let budget = RetryBudget::builder().ratio(0.0).floor(0).build().unwrap();
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
    let budget = RetryBudget::builder().ratio(0.2).floor(0).build().unwrap();
    let retry = sharing(&budget);
    let total: u32 = (0..1000).map(|_| runs(&retry)).sum();
    assert_eq!(total, 1200);
}

#[test]
fn floor_refills_with_time() {
    let clock = ManualClock::new();
    let budget = RetryBudget::builder()
        .ratio(0.0)
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
    let budget = RetryBudget::builder().ratio(1.0).floor(0).build().unwrap();
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
    let budget = RetryBudget::builder().ratio(0.0).floor(1).build().unwrap();
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
