//! Classification of the outcomes of calls.

use crate::support::bench;
use gardefou::{
    AppError, ErrorCode, Rejection,
    breaker::{ChainClassifier, CircuitState, FailurePredicate},
    classify::Verdict,
};
use std::{
    error::Error,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

type Boxed = Box<dyn Error + Send + Sync>;

#[test]
fn returned_value_can_be_a_failure_and_is_still_returned() {
    let svc = bench(|b| b.failure_threshold(2));
    let server_error = FailurePredicate(|status: &io::Result<u16>| {
        status.as_ref().is_ok_and(|status| *status >= 500)
    });
    for _ in 0..2 {
        assert_eq!(
            svc.breaker.call_with(server_error, || Ok(503)).unwrap(),
            503
        );
    }
    assert_eq!(svc.state(), CircuitState::Open);
}

#[test]
fn error_that_the_predicate_accepts_counts_as_success() {
    let svc = bench(|b| b.failure_threshold(1));
    let never = FailurePredicate(|_: &io::Result<()>| false);
    assert!(
        svc.breaker
            .call_with(never, || Err(io::Error::other("x")))
            .is_err()
    );
    assert_eq!(
        (svc.state(), svc.breaker.snapshot().counts.success),
        (CircuitState::Closed, 1)
    );
}

#[test]
fn permanent_error_is_ignored_in_every_transparent_wrapper() {
    let mistake = || AppError::new(ErrorCode::API_REQUEST_ERROR, "no such field");
    let svc = bench(|b| b.failure_threshold(1));
    assert!(svc.breaker.call(|| Err::<(), AppError>(mistake())).is_err());
    assert!(
        svc.breaker
            .call(|| Err::<(), Boxed>(mistake().into()))
            .is_err()
    );
    assert!(
        svc.breaker
            .call(|| Err::<(), io::Error>(io::Error::other(Boxed::from(mistake()))))
            .is_err()
    );
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        (counts.ignored, counts.failure, svc.state()),
        (3, 0, CircuitState::Closed)
    );
}

#[test]
fn transient_error_in_the_same_wrappers_is_a_failure() {
    let outage = || AppError::new(ErrorCode::DB_CONNECTION_ERROR, "refused");
    let svc = bench(|b| b);
    assert!(svc.breaker.call(|| Err::<(), AppError>(outage())).is_err());
    assert!(
        svc.breaker
            .call(|| Err::<(), Boxed>(outage().into()))
            .is_err()
    );
    assert!(
        svc.breaker
            .call(|| Err::<(), io::Error>(io::Error::other(Boxed::from(outage()))))
            .is_err()
    );
    assert_eq!(svc.breaker.snapshot().counts.failure, 3);
}

#[derive(Debug)]
enum Wrapper {
    Inner(Boxed),
    Rejected(Rejection),
}

impl std::fmt::Display for Wrapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapper {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Inner(inner) => Some(&**inner),
            Self::Rejected(rejection) => Some(rejection),
        }
    }
}

impl From<Rejection> for Wrapper {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

#[test]
fn cause_inside_a_wrapper_decides() {
    let svc = bench(|b| b.failure_threshold(1));
    let not_found = || AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "gone");
    assert!(
        svc.breaker
            .call_with(ChainClassifier, || Err::<(), _>(Wrapper::Inner(
                not_found().into()
            )))
            .is_err()
    );
    assert_eq!(svc.breaker.snapshot().counts.ignored, 1);
    let timeout = AppError::new(ErrorCode::TIMEOUT_ERROR, "slow");
    assert!(
        svc.breaker
            .call_with(ChainClassifier, || Err::<(), _>(Wrapper::Inner(
                timeout.into()
            )))
            .is_err()
    );
    assert_eq!(svc.state(), CircuitState::Open);
}

#[test]
fn rejection_of_an_inner_policy_is_ignored() {
    let (outer, inner) = (bench(|b| b.failure_threshold(1)), bench(|b| b));
    inner.breaker.force_open();
    for _ in 0..3 {
        let nested = outer
            .breaker
            .call(|| inner.breaker.call(|| Ok::<_, AppError>(())));
        assert!(nested.unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    }
    assert_eq!(
        (outer.state(), outer.breaker.snapshot().counts.ignored),
        (CircuitState::Closed, 3)
    );
}

#[test]
fn error_of_the_users_own_type_passes_through_untouched() {
    let svc = bench(|b| b);
    let outcome = svc
        .breaker
        .call(|| Err::<(), _>(Wrapper::Inner("mine".into())));
    assert!(matches!(outcome, Err(Wrapper::Inner(inner)) if inner.to_string() == "mine"));
}

#[test]
fn classifier_works_with_errors_that_borrow() {
    struct Borrowing<'a>(#[expect(dead_code, reason = "only its lifetime matters")] &'a str);
    impl From<Rejection> for Borrowing<'_> {
        fn from(_: Rejection) -> Self {
            Self("rejected")
        }
    }
    fn classifier(outcome: &Result<(), Borrowing<'_>>) -> Verdict {
        if outcome.is_err() {
            Verdict::Failure
        } else {
            Verdict::Success
        }
    }
    let text = String::from("short-lived");
    let svc = bench(|b| b.failure_threshold(1));
    assert!(
        svc.breaker
            .call_with(classifier, || Err(Borrowing(&text)))
            .is_err()
    );
    assert_eq!(svc.state(), CircuitState::Open);
}

#[test]
fn panic_is_one_failure_and_goes_on() {
    let svc = bench(|b| b.failure_threshold(2));
    for expected in 1..=2 {
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _ = svc.breaker.call(|| -> io::Result<()> { panic!("boom") });
        }));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"boom"));
        assert_eq!(svc.breaker.snapshot().counts.failure, expected);
    }
    assert_eq!(svc.state(), CircuitState::Open);
    assert_eq!(
        svc.breaker.try_acquire().unwrap_err().cause().as_deref(),
        Some("the call panicked")
    );
}

#[test]
fn permit_dropped_by_a_panic_is_a_failure() {
    let svc = bench(|b| b.failure_threshold(1));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _permit = svc.breaker.try_acquire().unwrap();
        panic!("boom");
    }));
    assert!(panic.is_err());
    assert_eq!(svc.state(), CircuitState::Open);
}

#[test]
fn permit_taken_and_dropped_by_a_destructor_during_a_panic_is_no_failure() {
    struct CleansUp(gardefou::breaker::CircuitBreaker);
    impl Drop for CleansUp {
        fn drop(&mut self) {
            drop(self.0.try_acquire());
        }
    }
    let svc = bench(|b| b.failure_threshold(1));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _guard = CleansUp(svc.breaker.clone());
        panic!("boom");
    }));
    assert!(panic.is_err());
    assert_eq!(svc.state(), CircuitState::Closed);
}

#[test]
fn classifier_that_panics_gives_its_slot_back() {
    let svc = bench(|b| b.failure_threshold(1).half_open_max_calls(1));
    svc.script("F");
    svc.breaker.half_open().unwrap();
    let classifier = |_: &io::Result<()>| -> Verdict { panic!("a faulty classifier") };
    assert!(
        catch_unwind(AssertUnwindSafe(|| svc
            .breaker
            .call_with(classifier, || Ok(()))))
        .is_err()
    );
    assert_eq!(
        svc.state(),
        CircuitState::Open,
        "the probe counted as a failure"
    );
    svc.pass(crate::support::MINUTE);
    svc.script("S");
    assert_eq!(svc.state(), CircuitState::Closed);
}

#[test]
fn display_that_panics_is_contained() {
    struct Faulty;
    impl std::fmt::Display for Faulty {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("a faulty display")
        }
    }
    let svc = bench(|b| b.failure_threshold(1));
    svc.breaker.try_acquire().unwrap().failure_because(Faulty);
    assert_eq!(svc.state(), CircuitState::Open);
    assert_eq!(svc.breaker.try_acquire().unwrap_err().cause(), None);
}

#[test]
fn every_way_to_run_a_call_is_counted() {
    let svc = bench(|b| b);
    svc.breaker.call(|| Ok::<_, AppError>(())).unwrap();
    svc.script("SFIDS");
    let counts = svc.breaker.snapshot().counts;
    assert_eq!(
        (
            counts.success,
            counts.failure,
            counts.ignored,
            counts.total()
        ),
        (3, 1, 1, 5)
    );
}
