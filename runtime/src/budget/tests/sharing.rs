//! Budgets by name, and the default ones.

use crate::{
    budget::{BudgetSource, Payer, RetryBudget},
    time::{ManualClock, SharedClock},
};
use std::time::Duration;

#[test]
fn named_budget_is_shared_and_keeps_its_first_configuration() {
    let first = RetryBudget::builder()
        .name("budget-test-shared")
        .ratio(1.0)
        .burst(7)
        .floor(0)
        .build()
        .unwrap();
    let second = RetryBudget::builder()
        .name("budget-test-shared")
        .burst(9)
        .build()
        .unwrap();
    assert!(first.is_same_as(&second));
    assert_eq!(second.name(), Some("budget-test-shared"));
    assert_eq!(RetryBudget::builder().build().unwrap().name(), None);
    assert!(second.try_withdraw());
    assert_eq!(first.available(), 6);
    let clock = SharedClock::default();
    let by_name = BudgetSource::from("budget-test-shared")
        .resolve(&clock)
        .unwrap();
    assert!(by_name.budget().unwrap().is_same_as(&first));
}

#[test]
fn budgets_without_a_name_are_separate() {
    let [one, two] = [(), ()].map(|()| RetryBudget::builder().floor(0).build().unwrap());
    assert!(one.try_withdraw());
    assert_eq!((one.available(), two.available()), (99, 100));
    assert_eq!(one.clone().available(), 99, "but clones are one");
}

#[test]
fn floor_refills_by_the_injected_clock() {
    let clock = ManualClock::new();
    let budget = RetryBudget::builder()
        .burst(0)
        .floor(2)
        .clock(clock.clone())
        .build()
        .unwrap();
    let taken = |budget: &RetryBudget| (0..5).filter(|_| budget.try_withdraw()).count();
    assert_eq!(taken(&budget), 2);
    clock.advance(Duration::from_millis(500));
    assert_eq!(taken(&budget), 1);
}

/// The floor is lost with time, and tokens are kept: so tokens are what is saved.
#[test]
fn floor_is_spent_before_the_tokens() {
    let clock = ManualClock::new();
    let budget = RetryBudget::builder()
        .burst(3)
        .floor(2)
        .clock(clock.clone())
        .build()
        .unwrap();
    let mut left = Vec::new();
    for _ in 0..4 {
        assert!(budget.try_withdraw());
        left.push(budget.available());
    }
    assert_eq!(left, [3, 3, 2, 1]);
    clock.advance(Duration::from_secs(1));
    assert!(budget.try_withdraw());
    assert_eq!(budget.available(), 1);
}

#[test]
fn illegal_budget_name_is_an_error() {
    for name in ["", "  ", "two\nlines", &"x".repeat(129)] {
        let err = BudgetSource::from(name).resolve(&SharedClock::default());
        assert_eq!(err.unwrap_err().field(), "budget", "{name:?}");
    }
}

#[test]
fn default_budget_is_one_for_the_process_and_another_for_each_clock() {
    let system = SharedClock::default();
    let [one, other] = [(), ()].map(|()| Payer::default_for(&system).budget().unwrap());
    assert!(one.is_same_as(&other));
    let manual = SharedClock::new(ManualClock::new());
    let [own, next] = [(), ()].map(|()| Payer::default_for(&manual));
    let (own_budget, next) = (own.budget().unwrap(), next.budget().unwrap());
    assert!(!own_budget.is_same_as(&next) && !own_budget.is_same_as(&one));
    assert!(own.clone().budget().unwrap().is_same_as(&own_budget));
    assert_eq!(own_budget.config(), one.config());
    assert!(own_budget.try_withdraw() && one.available() <= 100);
}

#[test]
fn without_a_budget_everything_is_granted() {
    let none = BudgetSource::from(false)
        .resolve(&SharedClock::default())
        .unwrap();
    assert!(none.is_full() && none.budget().is_none());
    assert!((0..1000).all(|_| none.try_withdraw()));
}
