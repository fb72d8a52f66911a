//! `#[hedge]`: each key, and each form of a function.

use crate::support::{MS, permanent, transient};
use gardefou::{
    AppError, ErrorCode, Rejection, guarded_functions, hedge, resilient, retry::RetryBudget,
    with_circuit_breaker,
};
use std::{
    future::pending,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

type R<T> = Result<T, AppError>;

fn next(runs: &AtomicU32) -> u32 {
    runs.fetch_add(1, Ordering::Relaxed)
}

#[hedge(after = "50ms", max_hedges = 2)]
async fn third_answers(runs: &AtomicU32, words: Vec<String>) -> R<String> {
    match next(runs) {
        2 => Ok(words.join(" ")),
        _ => pending().await,
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_are_cloned_for_each_attempt() {
    let (runs, start) = (AtomicU32::new(0), tokio::time::Instant::now());
    let words = ["grey", "heron"].map(String::from).to_vec();
    assert_eq!(third_answers(&runs, words).await.unwrap(), "grey heron");
    assert_eq!(start.elapsed(), MS * 100);
}

#[hedge(after = 0.05, crate = gardefou)]
async fn question_mark(runs: &AtomicU32, text: &str) -> R<u32> {
    if next(runs) == 0 {
        Err(transient())?;
    }
    Ok(text.parse()?)
}

#[tokio::test(start_paused = true)]
async fn question_mark_ends_the_attempt() {
    let runs = AtomicU32::new(0);
    assert_eq!(question_mark(&runs, "7").await.unwrap(), 7);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    let missing = question_mark(&AtomicU32::new(5), "x").await;
    assert!(
        missing
            .unwrap_err()
            .downcast_ref::<std::num::ParseIntError>()
            .is_some()
    );
}

static SPENT: LazyLock<RetryBudget> =
    LazyLock::new(|| RetryBudget::builder().burst(0).floor(0).build().unwrap());

#[hedge(after = 0, budget = SPENT.clone())]
async fn on_a_budget(runs: &AtomicU32) -> R<()> {
    next(runs);
    tokio::time::sleep(MS).await;
    Err(transient())
}

#[hedge(after = 0, budget = false, max_hedges = 3)]
async fn on_no_budget(runs: &AtomicU32) -> R<()> {
    next(runs);
    tokio::time::sleep(MS).await;
    Err(transient())
}

#[tokio::test(start_paused = true)]
async fn budget_limits_the_attempts() {
    let (one, four) = (AtomicU32::new(0), AtomicU32::new(0));
    assert!(on_a_budget(&one).await.is_err() && on_no_budget(&four).await.is_err());
    assert_eq!((one.into_inner(), four.into_inner()), (1, 4));
}

#[hedge(
    quantile = 0.9,
    name = "by-quantile",
    budget = "hedge-attribute-budget"
)]
async fn by_quantile(ms: u64) -> R<u64> {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Ok(ms)
}

#[tokio::test(start_paused = true)]
async fn quantile_is_measured_at_the_function() {
    for _ in 0..100 {
        by_quantile(20).await.unwrap();
    }
    let start = tokio::time::Instant::now();
    by_quantile(200).await.unwrap();
    assert_eq!(start.elapsed(), MS * 200);
    let budget = RetryBudget::named("hedge-attribute-budget").unwrap();
    assert!(budget.config().burst == 100);
}

struct Client {
    runs: AtomicU32,
}

impl Client {
    #[hedge(after = "50ms")]
    async fn shared(&self) -> R<u32> {
        match next(&self.runs) {
            0 => pending().await,
            run => Ok(run),
        }
    }

    #[hedge(after = "50ms")]
    async fn borrowed<'a>(&'a self, key: &'a str) -> R<&'a str> {
        match next(&self.runs) {
            0 => pending().await,
            _ => Ok(key),
        }
    }

    #[hedge(after = "50ms")]
    async fn counted(self: Arc<Self>, add: u32) -> R<u32> {
        match next(&self.runs) {
            0 => pending().await,
            run => Ok(run + add),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn methods_are_hedged() {
    let client = || Client {
        runs: AtomicU32::new(0),
    };
    assert_eq!(client().shared().await.unwrap(), 1);
    assert_eq!(client().borrowed("key").await.unwrap(), "key");
    assert_eq!(Arc::new(client()).counted(5).await.unwrap(), 6);
}

/// An error that borrows, and one that is a plain enum.
struct Borrowing<'a>(#[expect(dead_code, reason = "the lifetime matters")] &'a str);

#[hedge(after = "50ms")]
async fn borrowing<'a>(runs: &AtomicU32, text: &'a str) -> Result<u32, Borrowing<'a>> {
    match next(runs) {
        0 => Err(Borrowing(text)),
        run => Ok(run),
    }
}

#[tokio::test(start_paused = true)]
async fn errors_may_borrow() {
    let text = String::from("x");
    assert_eq!(borrowing(&AtomicU32::new(0), &text).await.ok(), Some(1));
}

#[hedge(after = "50ms")]
async fn missing(runs: &AtomicU32) -> R<()> {
    next(runs);
    Err(permanent())
}

#[tokio::test(start_paused = true)]
async fn permanent_error_is_returned_at_once() {
    let runs = AtomicU32::new(0);
    assert!(
        missing(&runs)
            .await
            .unwrap_err()
            .is(ErrorCode::FILE_NOT_FOUND_ERROR)
    );
    assert_eq!(runs.into_inner(), 1);
}

#[hedge(after = "50ms")]
#[with_circuit_breaker(name = "hedge-stacked", failure_threshold = 2)]
async fn stacked(runs: &AtomicU32) -> Result<(), Own> {
    next(runs);
    Err(Own::Down)
}

#[derive(Debug, thiserror::Error)]
enum Own {
    #[error("rejected")]
    Rejected(#[from] Rejection),
    #[error("down")]
    Down,
}

#[tokio::test(start_paused = true)]
async fn attributes_stack() {
    let runs = AtomicU32::new(0);
    assert!(matches!(stacked(&runs).await, Err(Own::Down)));
    assert!(matches!(stacked(&runs).await, Err(Own::Rejected(_))));
    assert_eq!(runs.into_inner(), 2);
}

#[resilient(
    name = "hedge-resilient",
    hedge(after = "50ms"),
    retry(max_retries = 1, initial_delay = 0)
)]
async fn within_resilient(runs: &AtomicU32) -> R<u32> {
    match next(runs) {
        3 => Ok(3),
        _ => Err(transient()),
    }
}

#[tokio::test(start_paused = true)]
async fn resilient_has_a_hedge_inside_its_retry() {
    assert_eq!(within_resilient(&AtomicU32::new(0)).await.unwrap(), 3);
}

#[test]
fn configuration_is_listed() {
    let all = guarded_functions();
    let of = |name: &str| {
        all.iter()
            .find(|function| function.name() == name)
            .unwrap()
            .hedge()
    };
    assert_eq!(of("third_answers").unwrap().unwrap().max_hedges, 2);
}
