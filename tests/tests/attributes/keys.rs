//! Effects of the keys of each policy that the other files of this folder do not test.

use crate::support::{R, busy};
use gardefou::{
    AppError, ErrorCode,
    breaker::{CircuitBreaker, CircuitState, ManualControl, WindowKind},
    circuit_breakers,
    event::{BreakerEvent, BreakerEventKind, Event, StopReason, subscribe},
    retry,
    retry::{Backoff, FailedAttempt, Retry, RetryBudget},
    retry_with_circuit_breaker, with_circuit_breaker,
};
use std::{
    cell::Cell,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

fn breaker(name: &str) -> CircuitBreaker {
    circuit_breakers().get(name).unwrap()
}

#[retry(max_retries = 0)]
fn once(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[retry_with_circuit_breaker(name = "keys-once", max_retries = 0)]
async fn once_behind_a_breaker(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn zero_retries_make_one_call_and_no_wait() {
    let mut runs = 0;
    let error = once(&mut runs).unwrap_err();
    assert_eq!(
        (runs, error.details().get("attempts")),
        (1, None),
        "{error:?}"
    );

    let (runs, start) = (AtomicU32::new(0), Instant::now());
    assert!(
        once_behind_a_breaker(&runs)
            .await
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    assert_eq!(
        (runs.load(Ordering::Relaxed), start.elapsed()),
        (1, Duration::ZERO)
    );
    assert_eq!(breaker("keys-once").snapshot().counts.failure, 1);
}

static GAVE_UP: Mutex<Vec<(String, u32, Option<StopReason>)>> = Mutex::new(Vec::new());

fn gave_up(failed: &FailedAttempt<'_>) {
    GAVE_UP
        .lock()
        .unwrap()
        .push((failed.name.to_owned(), failed.index, failed.stop));
}

#[retry(name = "keys-gives-up", max_retries = 2, initial_delay = 0, on_give_up = gave_up)]
fn gives_up(outcomes: &mut Vec<R<()>>) -> R<()> {
    outcomes.remove(0)
}

#[test]
fn on_give_up_receives_the_last_attempt() {
    gives_up(&mut vec![Err(busy()), Ok(())]).unwrap();
    assert_eq!(*GAVE_UP.lock().unwrap(), [], "the series succeeded");
    gives_up(&mut vec![Err(busy()), Err(busy()), Err(busy())]).unwrap_err();
    assert_eq!(
        *GAVE_UP.lock().unwrap(),
        [("keys-gives-up".to_owned(), 2, Some(StopReason::Exhausted))]
    );
}

#[retry(name = "keys-named", max_retries = 1, initial_delay = 0)]
fn named() -> R<()> {
    Err(busy())
}

#[test]
fn events_of_a_retry_have_its_name() {
    let seen = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&seen);
    let _listening = subscribe(move |event: &Event<'_>| {
        if let Event::Retry(event) = event
            && event.name == "keys-named"
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    named().unwrap_err();
    assert_eq!(seen.load(Ordering::Relaxed), 2, "one wait, and the end");
}

const SEED: u64 = 7;

#[retry(max_retries = 3, initial_delay = 8, seed = SEED)]
async fn seeded() -> R<()> {
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn seed_makes_the_delays_reproducible() {
    let delays = Backoff::exponential(Duration::from_secs(8))
        .max_delay(Duration::from_secs(60))
        .seed(SEED)
        .delays();
    let expected: Duration = delays.take(3).sum();
    for _ in 0..2 {
        let start = Instant::now();
        seeded().await.unwrap_err();
        // Tokio's timer counts whole milliseconds, and rounds up.
        let waited = start.elapsed();
        assert!(
            (expected..expected + Duration::from_millis(4)).contains(&waited),
            "{waited:?}, {expected:?}"
        );
    }
}

fn is_pending(outcome: &R<&'static str>) -> bool {
    matches!(outcome, Ok("pending"))
}

#[retry(max_retries = 5, initial_delay = 0, budget = false, retry_if_result = is_pending)]
fn polls(answers: &mut Vec<R<&'static str>>) -> R<&'static str> {
    answers.remove(0)
}

#[retry(max_retries = 5, initial_delay = 0, budget = false, retry_if_result = Result::is_err)]
async fn polls_in_a_foreign_type(runs: &AtomicU32) -> Result<u32, String> {
    match runs.fetch_add(1, Ordering::Relaxed) {
        2 => Ok(2),
        run => Err(format!("run {run}")),
    }
}

#[tokio::test(start_paused = true)]
async fn predicate_on_the_result_can_retry_after_a_value() {
    let mut answers = vec![Ok("pending"), Ok("pending"), Ok("done"), Ok("unread")];
    assert_eq!(polls(&mut answers).unwrap(), "done");
    assert_eq!(answers.len(), 1);

    // It replaces the class: a transient error is not retried if the predicate returns `false`.
    let mut answers = vec![Err(busy()), Ok("unread")];
    assert!(
        polls(&mut answers)
            .unwrap_err()
            .is(ErrorCode::RESOURCE_BUSY_ERROR)
    );
    assert_eq!(answers.len(), 1);

    // The last outcome is returned unchanged.
    let mut answers: Vec<R<&str>> = (0..6).map(|_| Ok("pending")).collect();
    assert_eq!(polls(&mut answers).unwrap(), "pending");
    assert!(answers.is_empty());

    assert_eq!(polls_in_a_foreign_type(&AtomicU32::new(0)).await, Ok(2));
}

static TOKENS: LazyLock<RetryBudget> =
    LazyLock::new(|| RetryBudget::builder().burst(0).floor(0).build().unwrap());

#[retry(max_retries = 3, initial_delay = 0, budget = TOKENS.clone())]
fn on_a_budget(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[retry(max_retries = 3, initial_delay = 0, budget = "keys-shared-budget")]
fn on_a_shared_budget(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[retry(max_retries = 3, initial_delay = 0, budget = false)]
fn on_no_budget(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[test]
fn retries_are_limited_by_the_budget() {
    RetryBudget::builder()
        .name("keys-shared-budget")
        .burst(0)
        .floor(0)
        .build()
        .unwrap();
    for (call, expected) in [
        (on_a_budget as fn(&mut u32) -> R<()>, 1),
        (on_a_shared_budget as fn(&mut u32) -> R<()>, 1),
        (on_no_budget as fn(&mut u32) -> R<()>, 4),
    ] {
        let mut runs = 0;
        let error = call(&mut runs).unwrap_err();
        assert_eq!(runs, expected, "{error:?}");
        let stopped = error.details().get("retry_stopped_by").cloned();
        assert_eq!(stopped, (expected == 1).then(|| "budget".into()));
    }
}

#[with_circuit_breaker(name = "keys-shadow", failure_threshold = 1, shadow = true)]
fn shadowed(runs: &Cell<u32>) -> R<()> {
    runs.set(runs.get() + 1);
    Err(busy())
}

#[test]
fn shadow_breaker_opens_without_rejecting() {
    let runs = Cell::new(0);
    for _ in 0..3 {
        assert!(
            shadowed(&runs)
                .unwrap_err()
                .is(ErrorCode::RESOURCE_BUSY_ERROR)
        );
    }
    assert_eq!(
        (runs.get(), breaker("keys-shadow").state()),
        (3, CircuitState::Open)
    );
}

#[with_circuit_breaker(
    name = "keys-jitter",
    failure_threshold = 1,
    recovery_timeout = 100,
    recovery_jitter = 0.5,
    seed = 11
)]
async fn jittered() -> R<()> {
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn jitter_of_the_open_time_is_determined_by_the_seed() {
    jittered().await.unwrap_err();
    let by_hand = CircuitBreaker::builder("keys-jitter-by-hand")
        .failure_threshold(1)
        .recovery_timeout(Duration::from_secs(100))
        .recovery_jitter(0.5)
        .seed(11)
        .build()
        .unwrap();
    by_hand.call(|| Err::<(), _>(busy())).unwrap_err();
    let remaining = breaker("keys-jitter").snapshot().remaining.unwrap();
    assert_eq!(remaining, by_hand.snapshot().remaining.unwrap());
    assert!(
        remaining > Duration::from_secs(100) && remaining <= Duration::from_secs(150),
        "{remaining:?}"
    );
}

#[with_circuit_breaker(
    name = "keys-count-window",
    count_window = 4,
    failure_rate = 0.5,
    min_calls = 4
)]
fn counted(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[with_circuit_breaker(
    name = "keys-time-window",
    time_window = "10s",
    failure_rate = 0.5,
    min_calls = 4
)]
async fn timed(ok: bool) -> R<()> {
    if ok { Ok(()) } else { Err(busy()) }
}

#[tokio::test(start_paused = true)]
async fn count_window_and_time_window_are_keys() {
    for ok in [true, true, true, false] {
        let _ = counted(ok);
    }
    assert_eq!(
        breaker("keys-count-window").config().window,
        Some(WindowKind::Calls(4))
    );
    assert_eq!(
        breaker("keys-count-window").state(),
        CircuitState::Closed,
        "one of four"
    );
    counted(false).unwrap_err();
    assert_eq!(
        breaker("keys-count-window").state(),
        CircuitState::Open,
        "two of the last four"
    );

    for ok in [true, false, false] {
        let _ = timed(ok).await;
    }
    tokio::time::advance(Duration::from_secs(20)).await;
    let _ = timed(false).await;
    assert_eq!(
        breaker("keys-time-window").config().window,
        Some(WindowKind::Time(Duration::from_secs(10)))
    );
    assert_eq!(
        breaker("keys-time-window").state(),
        CircuitState::Closed,
        "the older calls slid out"
    );
}

#[with_circuit_breaker(
    name = "keys-ignore",
    failure_threshold = 1,
    ignore_if = |outcome| matches!(outcome, Err(error) if error.message() == "busy"),
    failure_if = |outcome| !matches!(outcome, Ok(1)),
)]
fn ignoring(outcome: R<i32>) -> R<i32> {
    outcome
}

#[retry_with_circuit_breaker(
    name = "keys-ignore-async",
    failure_threshold = 1,
    max_retries = 1,
    initial_delay = 0,
    ignore_if = Result::is_err
)]
async fn ignoring_later() -> Result<(), Opaque> {
    Err(Opaque)
}

#[derive(Debug)]
struct Opaque;

impl From<gardefou::Rejection> for Opaque {
    fn from(_: gardefou::Rejection) -> Self {
        unreachable!("the circuit stays closed")
    }
}

#[tokio::test]
async fn ignored_outcome_is_neither_a_success_nor_a_failure() {
    let _ = ignoring(Err(busy()));
    let counts = breaker("keys-ignore").snapshot().counts;
    assert_eq!((counts.success, counts.failure, counts.ignored), (0, 0, 1));
    assert_eq!(ignoring(Ok(1)).unwrap(), 1);
    assert_eq!(ignoring(Ok(2)).unwrap(), 2);
    let counts = breaker("keys-ignore").snapshot().counts;
    assert_eq!(
        (counts.success, counts.failure, counts.ignored),
        (1, 1, 1),
        "all else is up to `failure_if`"
    );

    ignoring_later().await.unwrap_err();
    let counts = breaker("keys-ignore-async").snapshot().counts;
    assert_eq!((counts.failure, counts.ignored), (0, 2));
}

static STATES: Mutex<Vec<(String, CircuitState)>> = Mutex::new(Vec::new());

fn changed(event: &BreakerEvent<'_>) {
    if let BreakerEventKind::Transition { to, .. } = event.kind {
        let change = (event.name.to_owned(), to);
        STATES.lock().unwrap().push(change);
    }
}

#[with_circuit_breaker(name = "keys-changes", failure_threshold = 1, on_transition = changed)]
fn changes(outcome: R<()>) -> R<()> {
    outcome
}

#[test]
fn on_transition_receives_each_change_of_state() {
    changes(Ok(())).unwrap();
    assert_eq!(*STATES.lock().unwrap(), []);
    changes(Err(busy())).unwrap_err();
    assert!(
        changes(Ok(()))
            .unwrap_err()
            .is(ErrorCode::CIRCUIT_OPEN_ERROR)
    );
    breaker("keys-changes").reset();
    let to = [CircuitState::Open, CircuitState::Closed];
    let expected = to.map(|state| ("keys-changes".to_owned(), state));
    assert_eq!(*STATES.lock().unwrap(), expected);
}

static MAINTENANCE: LazyLock<ManualControl> = LazyLock::new(ManualControl::new);

#[with_circuit_breaker(name = "keys-control", control = MAINTENANCE)]
fn controlled() -> R<()> {
    Ok(())
}

#[test]
fn manual_control_isolates_the_breaker_of_a_function() {
    controlled().unwrap();
    MAINTENANCE.isolate();
    assert!(controlled().unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
    MAINTENANCE.close();
    controlled().unwrap();
}

#[test]
fn keys_and_setters_have_the_same_names() {
    // The keys of an attribute are the setters of the builder, word for word.
    let retry = Retry::builder()
        .name("keys-by-hand")
        .max_retries(0)
        .seed(SEED)
        .on_give_up(gave_up)
        .build()
        .unwrap();
    assert_eq!(retry.config().max_attempts.get(), 1);
    let shadow = CircuitBreaker::builder("keys-by-hand")
        .count_window(4)
        .shadow(true)
        .control(&MAINTENANCE);
    assert!(
        shadow
            .build()
            .unwrap()
            .call(|| Ok::<_, AppError>(()))
            .is_ok()
    );
}
