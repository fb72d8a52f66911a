//! `#[retry]`.

#![expect(clippy::toplevel_ref_arg, reason = "arguments may be written so")]

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

#[retry(max_retries = 2, initial_delay = 0)]
fn fresh_arguments(
    mut list: Vec<u32>,
    seen: &RefCell<Vec<usize>>,
    (text, _): (String, u8),
) -> R<usize> {
    list.push(4);
    seen.borrow_mut().push(list.len());
    drop(text);
    Err(busy())
}

#[test]
fn every_attempt_gets_the_original_arguments() {
    let seen = RefCell::new(vec![]);
    assert!(fresh_arguments(vec![1, 2], &seen, ("a".into(), 0)).is_err());
    assert_eq!(seen.into_inner(), [3, 3, 3]);
}

struct Counting(AtomicU32);

static CLONES: AtomicU32 = AtomicU32::new(0);

impl Clone for Counting {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self(AtomicU32::new(0))
    }
}

#[retry(max_retries = 2, initial_delay = 0)]
fn used(counting: Counting) -> R<u32> {
    Ok(counting.0.into_inner())
}

#[retry(max_retries = 2, initial_delay = 0)]
fn not_used(_kept: Counting) -> R<()> {
    Ok(())
}

#[test]
fn argument_is_cloned_once_per_attempt_and_never_if_unused() {
    not_used(Counting(AtomicU32::new(0))).unwrap();
    assert_eq!(CLONES.load(Ordering::Relaxed), 0);
    used(Counting(AtomicU32::new(0))).unwrap();
    assert_eq!(CLONES.load(Ordering::Relaxed), 1);
}

struct Store {
    calls: u32,
}

impl Store {
    #[retry(max_retries = 4, initial_delay = 0)]
    fn third_time(&mut self) -> R<u32> {
        self.calls += 1;
        if self.calls < 3 {
            Err(busy())
        } else {
            Ok(self.calls)
        }
    }

    #[retry(max_retries = 4, initial_delay = 0)]
    async fn third_time_later(&mut self, log: &mut Vec<u32>) -> R<u32> {
        self.calls += 1;
        tokio::task::yield_now().await;
        log.push(self.calls);
        if self.calls < 3 {
            return Err(busy());
        }
        Ok(self.calls)
    }
}

#[tokio::test]
async fn mutable_borrows_are_reborrowed_for_each_attempt() {
    assert_eq!(Store { calls: 0 }.third_time().unwrap(), 3);
    let mut log = vec![];
    assert_eq!(
        Store { calls: 0 }.third_time_later(&mut log).await.unwrap(),
        3
    );
    assert_eq!(log, [1, 2, 3]);
}

#[retry(
    max_retries = 3,
    initial_delay = 1,
    backoff_factor = 3.0,
    jitter = false
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

/// The letters in the argument of each attempt, which then changes it.
type Found = RefCell<Vec<String>>;

fn change(text: &mut String, found: &Found) {
    found.borrow_mut().push(text.clone());
    text.push('!');
}

struct Named<T>(T);

struct Fields {
    first: String,
    other: String,
}

struct Marker;

#[expect(non_snake_case, reason = "names of matrices")]
mod of_every_name {
    use super::{Found, Marker, Named, R, busy, change, retry};
    use std::marker::PhantomData;

    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) fn capital(A: String, mut B: String, found: &Found) -> R<()> {
        change(&mut B, found);
        let mut moved = A;
        change(&mut moved, found);
        Err(busy())
    }

    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) async fn capital_later(
        A: String,
        Named(mut Xs): Named<String>,
        found: &Found,
    ) -> R<()> {
        change(&mut Xs, found);
        let mut moved = A;
        change(&mut moved, found);
        Err(busy())
    }

    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) fn parameter<T: Into<String> + Clone>(T: T, found: &Found) -> R<()> {
        change(&mut T.into(), found);
        Err(busy())
    }

    /// Unit structs bind no variables, and need no `Clone`.
    #[retry(max_retries = 1, initial_delay = 0)]
    pub(super) fn units(
        Marker: Marker,
        (PhantomData, mut text): (PhantomData<Marker>, String),
        found: &Found,
    ) -> R<()> {
        let (_, _): (Marker, PhantomData<Marker>) = (Marker, PhantomData);
        change(&mut text, found);
        Err(busy())
    }
}

#[retry(max_retries = 1, initial_delay = 0)]
fn by_reference(
    ref mut text: String,
    (ref mut inner, ref kept): (String, String),
    found: &Found,
) -> R<()> {
    change(text, found);
    change(inner, found);
    found.borrow_mut().push(kept.clone());
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0)]
async fn by_reference_later(
    ref mut text: String,
    Fields {
        ref mut first,
        mut other,
    }: Fields,
    found: &Found,
) -> R<()> {
    change(text, found);
    change(first, found);
    tokio::task::yield_now().await;
    change(&mut other, found);
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0)]
fn of_either((Ok(mut text) | Err(mut text)): Result<String, String>, found: &Found) -> R<()> {
    change(&mut text, found);
    drop(text);
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0)]
async fn of_either_later(
    (Ok(ref mut text) | Err(ref mut text)): Result<String, String>,
    found: &Found,
) -> R<()> {
    change(text, found);
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0)]
fn of_an_array([mut first, ref mut last]: [String; 2], whole @ 0..: u8, found: &Found) -> R<()> {
    change(&mut first, found);
    change(last, found);
    found.borrow_mut().push(whole.to_string());
    Err(busy())
}

#[tokio::test]
async fn owned_arguments_are_reset_for_each_attempt_for_all_patterns() {
    let found = Found::default();
    let [a, b] = ["a", "b"].map(String::from);
    let expect = |case: &str, outcome: R<()>, expected: &[&str]| {
        assert!(outcome.is_err());
        assert_eq!(found.take(), expected, "{case}");
    };
    expect(
        "capital",
        of_every_name::capital(a.clone(), b.clone(), &found),
        &["b", "a", "b", "a"],
    );
    let outcome = of_every_name::capital_later(a.clone(), Named(b.clone()), &found).await;
    expect("capital, async", outcome, &["b", "a", "b", "a"]);
    expect(
        "type parameter",
        of_every_name::parameter("a", &found),
        &["a", "a"],
    );
    let units = of_every_name::units(Marker, (std::marker::PhantomData, a.clone()), &found);
    expect("unit structs", units, &["a", "a"]);
    let outcome = by_reference(a.clone(), (b.clone(), "c".into()), &found);
    expect("ref mut", outcome, &["a", "b", "c", "a", "b", "c"]);
    let fields = Fields {
        first: b.clone(),
        other: "c".into(),
    };
    let outcome = by_reference_later(a.clone(), fields, &found).await;
    expect("ref mut, async", outcome, &["a", "b", "c", "a", "b", "c"]);
    expect("or", of_either(Err(a.clone()), &found), &["a", "a"]);
    expect(
        "or, async",
        of_either_later(Ok(a.clone()), &found).await,
        &["a", "a"],
    );
    expect(
        "array",
        of_an_array([a, b], 1, &found),
        &["a", "b", "1", "a", "b", "1"],
    );
}

#[retry(max_retries = 1, initial_delay = 0)]
fn lent_in_parts(
    (first, second): &mut (String, String),
    Fields { first: third, .. }: &mut Fields,
    &mut Named(ref mut last): &mut Named<String>,
) -> R<()> {
    [first, second, third, last]
        .into_iter()
        .for_each(|text| text.push('!'));
    Err(busy())
}

#[retry(max_retries = 1, initial_delay = 0)]
async fn shared_in_parts((first, rest): &(String, &mut String), found: &Found) -> R<()> {
    found.borrow_mut().push(format!("{first}{rest}"));
    Err(busy())
}

#[tokio::test]
async fn partial_mutable_borrows_are_reborrowed_for_each_attempt() {
    let mut pair = ("a".to_owned(), "b".to_owned());
    let mut fields = Fields {
        first: "c".into(),
        other: String::new(),
    };
    let mut named = Named("d".to_owned());
    assert!(lent_in_parts(&mut pair, &mut fields, &mut named).is_err());
    assert_eq!(
        (pair.0.as_str(), pair.1.as_str(), fields.first.as_str()),
        ("a!!", "b!!", "c!!")
    );
    assert_eq!((named.0.as_str(), fields.other.as_str()), ("d!!", ""));
    let (found, mut rest) = (Found::default(), "b".to_owned());
    assert!(
        shared_in_parts(&("a".into(), &mut rest), &found)
            .await
            .is_err()
    );
    assert_eq!(found.take(), ["ab", "ab"]);
}
