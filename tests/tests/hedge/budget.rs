//! Budgets of hedges.

use crate::support::{Script, after, transient};
use gardefou::retry::{Retry, RetryBudget};

#[tokio::test(start_paused = true)]
async fn spent_budget_starts_nothing_and_ends_nothing_under_way() {
    let budget = RetryBudget::builder()
        .burst(1)
        .floor(0)
        .ratio(0.0)
        .build()
        .unwrap();
    let hedge = after(50).max_hedges(3).budget(&budget).build().unwrap();
    let script = Script::new([(500, Ok), (200, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took, script.started.get()), (1, 250, 2));
    assert_eq!((hedge.snapshot().started, hedge.snapshot().refused), (1, 1));

    let script = Script::new([(500, Ok)]);
    let (outcome, took) = script.run(&hedge).await;
    assert_eq!((outcome.unwrap(), took), (0, 500));
    let script = Script::new([(5, |_| Err::<(), _>(transient()))]);
    assert!(script.run(&hedge).await.0.is_err());
}

#[tokio::test(start_paused = true)]
async fn each_call_deposits_and_each_further_attempt_takes_a_token() {
    let budget = RetryBudget::builder()
        .ratio(0.5)
        .burst(10)
        .floor(0)
        .build()
        .unwrap();
    assert!((0..10).all(|_| budget.try_withdraw()));
    let hedge = after(50).budget(&budget).build().unwrap();
    let mut started = Vec::new();
    for _ in 0..6 {
        let script = Script::new([(100, Ok), (100, Ok)]);
        assert!(script.run(&hedge).await.0.is_ok());
        started.push(script.started.get());
    }
    assert_eq!(started, [1, 2, 1, 2, 1, 2]);
}

#[test]
fn default_budget_is_that_of_the_retries() {
    let hedge = after(50).build().unwrap();
    let retry = Retry::builder().build().unwrap();
    assert!(hedge.budget().unwrap().is_same_as(&retry.budget().unwrap()));
    assert!(after(50).budget(false).build().unwrap().budget().is_none());
    let scope = gardefou::testing::Scope::new();
    let inside = scope.run(|| hedge.budget()).unwrap();
    assert!(!inside.is_same_as(&hedge.budget().unwrap()));
    assert_eq!(after(50).budget("").build().unwrap_err().field(), "budget");
}
