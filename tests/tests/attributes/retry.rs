//! `#[retry]`.

use crate::support::{R, busy, missing};
use gardefou::{
    AppError, ErrorCode, retry,
    retry::{Attempt, Backoff, FailedAttempt, Jitter, Next, Retry},
    testing::Scope,
    time::{Clock, ManualClock, Tick},
};
use std::{
    cell::RefCell,
    io,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

#[retry(max_retries = 3, initial_delay = 0)]
fn question_mark(runs: &mut u32, text: &str) -> R<i32> {
    *runs += 1;
    if text == "x" {
        Err(io::Error::from(io::ErrorKind::BrokenPipe))?;
    }
    Ok(text.parse()?)
}

#[test]
fn question_mark_ends_the_attempt_and_not_the_retry() {
    let mut runs = 0;
    assert!(
        question_mark(&mut runs, "x")
            .unwrap_err()
            .downcast_ref::<io::Error>()
            .is_some()
    );
    assert_eq!(runs, 4);
    assert_eq!(question_mark(&mut runs, "7").unwrap(), 7);
    assert_eq!(runs, 5, "a success is returned at once");
}

#[retry(max_attempts = 3, initial_delay = 0)]
fn permanent(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(missing())
}

#[test]
fn permanent_error_is_not_retried() {
    let mut runs = 0;
    assert!(permanent(&mut runs).is_err());
    assert_eq!(runs, 1);
}

#[retry(
    max_retries = 3,
    initial_delay = 1,
    backoff_factor = 3.0,
    jitter = false,
    budget = false
)]
async fn slow_to_recover(left: &Mutex<u32>) -> R<()> {
    let mut left = left.lock().unwrap();
    if *left == 0 {
        return Ok(());
    }
    *left -= 1;
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn macro_form_equals_the_builder_form_on_the_same_script() {
    let by_hand = Retry::builder()
        .max_retries(3)
        .backoff(
            Backoff::exponential(Duration::from_secs(1))
                .factor(3.0)
                .jitter(Jitter::None),
        )
        .budget(false)
        .build()
        .unwrap();
    for failures in 0..6 {
        let start = tokio::time::Instant::now();
        let macro_form = slow_to_recover(&Mutex::new(failures)).await;
        let macro_time = start.elapsed();

        let left = Mutex::new(failures);
        let start = tokio::time::Instant::now();
        let builder_form = by_hand
            .call_async(|| async {
                let mut left = left.lock().unwrap();
                if *left == 0 {
                    return Ok(());
                }
                *left -= 1;
                Err(busy())
            })
            .await;
        assert_eq!(macro_time, start.elapsed(), "{failures} failures");
        let seen = |outcome: R<()>| {
            outcome.map_err(|error| (error.code(), error.details()["attempts"].clone()))
        };
        assert_eq!(seen(macro_form), seen(builder_form), "{failures} failures");
    }
}

#[retry(max_retries = 2, initial_delay = 30)]
async fn waits(runs: &AtomicU32) -> R<()> {
    runs.fetch_add(1, Ordering::Relaxed);
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn dropped_future_ends_the_wait_without_another_attempt() {
    let runs = AtomicU32::new(0);
    assert!(
        tokio::time::timeout(Duration::from_millis(1), waits(&runs))
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[retry(max_retries = 1, initial_delay = 0, attempt_timeout = "2s")]
async fn hangs_once(runs: &AtomicU32) -> Result<u32, io::Error> {
    let run = runs.fetch_add(1, Ordering::Relaxed);
    if run == 0 {
        std::future::pending::<()>().await;
    }
    Ok(run)
}

#[tokio::test(start_paused = true)]
async fn hanging_attempt_times_out_and_is_retried() {
    let start = tokio::time::Instant::now();
    assert_eq!(hangs_once(&AtomicU32::new(0)).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

static HEARD: Mutex<Vec<(u32, Next)>> = Mutex::new(Vec::new());

fn record(failed: &FailedAttempt<'_>) {
    HEARD.lock().unwrap().push((failed.index, failed.next));
}

fn is_worth_it(error: &AppError) -> bool {
    error.is(ErrorCode::FILE_NOT_FOUND_ERROR)
}

#[retry(max_retries = 2, initial_delay = 0, retry_if = is_worth_it, on_retry = record)]
fn with_hooks(error: fn() -> AppError) -> R<()> {
    Err(error())
}

#[test]
fn predicate_and_callback_are_called() {
    assert!(with_hooks(busy).is_err());
    assert_eq!(HEARD.lock().unwrap().len(), 0, "refused");
    assert!(with_hooks(missing).is_err());
    assert_eq!(
        *HEARD.lock().unwrap(),
        [
            (0, Next::Wait(Duration::ZERO)),
            (1, Next::Wait(Duration::ZERO))
        ]
    );
}

#[derive(Debug)]
struct Borrowing<'a>(&'a str);

#[retry(max_retries = 2, initial_delay = 0, retry_if = |error| error.0 == "again")]
fn borrowing<'a>(runs: &mut u32, text: &'a str) -> Result<(), Borrowing<'a>> {
    *runs += 1;
    Err(Borrowing(text))
}

#[test]
fn borrowing_error_is_passed_to_the_predicate() {
    let mut runs = 0;
    assert_eq!(borrowing(&mut runs, "again").unwrap_err().0, "again");
    assert_eq!(runs, 3);
    assert_eq!(borrowing(&mut runs, "enough").unwrap_err().0, "enough");
    assert_eq!(runs, 4);
}

#[retry(max_retries = 3, delay = |attempt, error| Duration::from_secs(error.0.len() as u64) * (attempt.index + 1))]
async fn borrowing_slowly<'a>(texts: &mut Vec<&'a str>) -> Result<(), Borrowing<'a>> {
    Err(Borrowing(texts.remove(0)))
}

fn half_of_them(attempt: Attempt, _: &AppError) -> Option<Duration> {
    attempt
        .index
        .is_multiple_of(2)
        .then(|| Duration::from_millis(100))
}

#[retry(max_retries = 2, backoff = "constant", initial_delay = 5, jitter = false, delay = half_of_them)]
fn in_turns(waits: &RefCell<Vec<Duration>>, clock: &ManualClock) -> R<()> {
    waits.borrow_mut().push(clock.now().since(Tick::default()));
    Err(busy())
}

#[tokio::test(start_paused = true)]
async fn custom_delays_receive_the_attempt_and_its_error() {
    let start = tokio::time::Instant::now();
    assert_eq!(
        borrowing_slowly(&mut vec!["one", "three", "7", "last"])
            .await
            .unwrap_err()
            .0,
        "last"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(3 + 5 * 2 + 3));

    let scope = Scope::new();
    let waits = RefCell::default();
    scope.run(|| in_turns(&waits, scope.clock()).unwrap_err());
    assert_eq!(
        waits.into_inner(),
        [0, 100, 5100].map(Duration::from_millis),
        "the second delay is the backoff's"
    );
}

fn none() -> u32 {
    0
}

#[retry(max_attempts = none())]
fn attempts_that_are_not_constant(runs: &mut u32) -> R<()> {
    *runs += 1;
    Err(busy())
}

#[test]
fn invalid_settings_make_at_most_one_call() {
    let mut runs = 0;
    assert!(attempts_that_are_not_constant(&mut runs).is_err());
    assert_eq!(runs, 1);
}
