//! Time in a scope, which its clock measures.

use crate::support::{guarded, refused, retried, retried_later};
use gardefou::{
    Result,
    breaker::CircuitState,
    call::{self, Context},
    circuit_breakers,
    monitor::RecordKind,
    retry,
    retry::{Backoff, Retry},
    testing::Scope,
    time::{Clock, ManualClock},
};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn blocking_retry_waits_on_the_clock_of_the_scope() {
    let scope = Scope::new();
    assert!(scope.run(retried).is_err());
    assert_eq!(scope.now(), gardefou::time::Tick::ZERO.after(3 * SECOND));
}

#[tokio::test]
async fn async_retry_waits_on_the_clock_of_the_scope() {
    let scope = Scope::new();
    let _entered = scope.enter();
    assert!(retried_later().await.is_err());
    assert_eq!(scope.now(), gardefou::time::Tick::ZERO.after(3 * SECOND));
}

#[test]
fn retry_built_by_hand_uses_the_clock_of_the_scope_of_its_call() {
    let retry = Retry::builder()
        .max_retries(1)
        .backoff(Backoff::constant(SECOND))
        .jitter(false)
        .build()
        .unwrap();
    let (first, second) = (Scope::new(), Scope::new());
    for scope in [&first, &second, &second] {
        assert!(
            scope
                .run(|| retry.call(|| Err::<(), _>(refused())))
                .is_err()
        );
    }
    assert_eq!(first.now(), gardefou::time::Tick::ZERO.after(SECOND));
    assert_eq!(second.now(), gardefou::time::Tick::ZERO.after(2 * SECOND));
}

#[test]
fn clock_of_the_builder_has_precedence() {
    let clock = ManualClock::new();
    let retry = Retry::builder()
        .max_retries(1)
        .backoff(Backoff::constant(SECOND))
        .jitter(false)
        .clock(clock.clone());
    let retry = retry.build().unwrap();
    let scope = Scope::new();
    scope.run(|| {
        assert!(retry.call(|| Err::<(), _>(refused())).is_err());
        let own = clock.clone();
        let breaker = circuit_breakers()
            .get_or_create("scope-own-clock", |b| b.clock(own))
            .unwrap();
        breaker.open_for(SECOND);
        clock.advance(SECOND);
        assert!(breaker.call(|| Ok::<_, gardefou::AppError>(())).is_ok());
    });
    assert_eq!(scope.now(), gardefou::time::Tick::ZERO);
}

#[test]
fn circuit_stays_open_by_the_clock_of_the_scope() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let _ = (guarded(false), guarded(false));
    let breaker = circuit_breakers().get("scope-shared").unwrap();
    scope.clock().advance(59 * SECOND);
    assert!(guarded(true).is_err());
    scope.clock().advance(SECOND);
    assert!(guarded(true).is_ok());
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[test]
fn max_elapsed_and_deadlines_are_measured_on_the_clock_of_the_scope() {
    #[retry(
        max_retries = 100,
        initial_delay = 1.0,
        backoff = "constant",
        jitter = false,
        max_elapsed = 10.0
    )]
    fn limited(clock: &ManualClock) -> Result<u32> {
        assert!(call::remaining().is_some_and(|left| left <= 10 * SECOND && left > Duration::ZERO));
        clock.advance(3 * SECOND);
        Err(refused())
    }
    let scope = Scope::new();
    let _entered = scope.enter();
    assert!(limited(scope.clock()).is_err());
    assert_eq!(
        scope.now(),
        gardefou::time::Tick::ZERO.after(11 * SECOND),
        "3 attempts, and 2 waits"
    );

    Context::current().with_timeout(5 * SECOND).run(|| {
        scope.clock().advance(2 * SECOND);
        assert_eq!(call::remaining(), Some(3 * SECOND));
    });
}

#[test]
fn records_and_ids_have_the_time_of_the_scope() {
    let scope = Scope::new();
    scope.clock().advance(Duration::from_secs(24 * 3600));
    assert!(scope.run(retried).is_err());
    let _ = scope.run(|| (guarded(false), guarded(false)));
    let now = scope.clock().wall();
    let records = scope.records();
    let error = records
        .iter()
        .rfind(|record| record.kind == RecordKind::Error)
        .unwrap();
    assert_eq!(error.timestamp, now.into());
    let millis = error.id.as_u128() >> 80;
    assert_eq!(
        millis,
        u128::try_from(error.timestamp.as_unix_millis()).unwrap()
    );
    let transition = records
        .iter()
        .find(|record| record.kind == RecordKind::Transition)
        .unwrap();
    assert_eq!(transition.timestamp, now.into());
}
