use super::*;
use crate::{retry::Retry, time::ManualClock};
use std::time::Duration;

#[test]
fn named_budget_is_shared_and_keeps_its_first_configuration() {
    let first = RetryBudget::builder()
        .name("budget-test-shared")
        .ratio(1.0)
        .floor(0)
        .build()
        .unwrap();
    let second = RetryBudget::builder()
        .name("budget-test-shared")
        .ratio(0.5)
        .build()
        .unwrap();
    assert!(first.is_same_as(&second));
    assert_eq!(second.name(), Some("budget-test-shared"));
    assert_eq!(RetryBudget::builder().build().unwrap().name(), None);
    second.deposit();
    assert_eq!(first.available(), 1);
    let by_name = Retry::builder()
        .budget("budget-test-shared")
        .build()
        .unwrap();
    assert!(by_name.budget().unwrap().is_same_as(&first));
}

#[test]
fn budgets_without_a_name_are_separate() {
    let [one, two] = [(), ()].map(|()| RetryBudget::builder().ratio(1.0).build().unwrap());
    one.deposit();
    assert_eq!((one.available(), two.available()), (1, 0));
    assert_eq!(one.clone().available(), 1, "but clones are one");
}

#[test]
fn floor_refills_by_the_injected_clock() {
    let clock = ManualClock::new();
    let budget = RetryBudget::builder()
        .ratio(0.0)
        .floor(2)
        .clock(clock.clone())
        .build()
        .unwrap();
    let taken = |budget: &RetryBudget| (0..5).filter(|_| budget.try_withdraw()).count();
    assert_eq!(taken(&budget), 2);
    clock.advance(Duration::from_millis(500));
    assert_eq!(taken(&budget), 1);
}

#[test]
fn illegal_budget_name_is_an_error_of_the_retry() {
    for name in ["", "  ", "two\nlines", &"x".repeat(101)] {
        let err = Retry::builder().budget(name).build().unwrap_err();
        assert_eq!(err.field(), "budget", "{name:?}");
    }
}
