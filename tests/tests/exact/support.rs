//! Helpers: events by operation, and error types of users.

use gardefou::{
    AppError, ErrorCode, Rejection, error_monitor, event::Event, monitor::RecordState,
    retry::Retry, time::ManualClock,
};
use gardefou_tests::testkit::events::{Collected, collect};
use std::{
    collections::BTreeSet,
    error::Error,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

/// An error that was passed to observers.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) operation: String,
    /// `None` for an [`Event::Error`], else what the [`Event::Provisional`] shows.
    pub(crate) provisional: Option<RecordState>,
    pub(crate) attempt: Option<(u32, u32)>,
}

/// Held while a test runs: the end of the error system settles the pending errors of the whole
/// process, so that tests which initialise it run alone.
static TURNS: RwLock<()> = RwLock::new(());

#[expect(dead_code, reason = "held until the test ends")]
enum Turn {
    Beside(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// Collects the error events whose operation begins with a prefix: tests run side by side. One for
/// each test.
pub(crate) struct Watch {
    seen: Collected<Seen>,
    _turn: Turn,
}

impl Watch {
    pub(crate) fn on(prefix: &'static str) -> Self {
        Self::with(
            Turn::Beside(TURNS.read().unwrap_or_else(PoisonError::into_inner)),
            prefix,
        )
    }

    /// As [`on`](Self::on), while no other test runs.
    pub(crate) fn alone_on(prefix: &'static str) -> Self {
        Self::with(
            Turn::Alone(TURNS.write().unwrap_or_else(PoisonError::into_inner)),
            prefix,
        )
    }

    fn with(turn: Turn, prefix: &'static str) -> Self {
        let seen = collect(move |event| {
            let (error, provisional) = match event {
                Event::Error(error) => (error, None),
                Event::Provisional(error) => (error, Some(error.state)),
                _ => return None,
            };
            error.operation.starts_with(prefix).then(|| Seen {
                id: error.id.to_string(),
                operation: error.operation.to_owned(),
                provisional,
                attempt: error.attempt,
            })
        });
        Self { seen, _turn: turn }
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.all()
    }

    /// The errors that stand.
    pub(crate) fn errors(&self) -> Vec<Seen> {
        self.all()
            .into_iter()
            .filter(|seen| seen.provisional.is_none())
            .collect()
    }

    /// The errors that wait, or waited, for the outcome of their attempt.
    pub(crate) fn pending(&self) -> Vec<Seen> {
        self.all()
            .into_iter()
            .filter(|seen| seen.provisional == Some(RecordState::Pending))
            .collect()
    }

    /// The errors of attempts that another one followed.
    pub(crate) fn retried(&self) -> Vec<Seen> {
        self.all()
            .into_iter()
            .filter(|seen| seen.provisional == Some(RecordState::Retried))
            .collect()
    }

    /// The identities of the errors that stand; checks that no two of them share one.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let errors = self.errors();
        let ids: BTreeSet<String> = errors.iter().map(|seen| seen.id.clone()).collect();
        assert_eq!(
            ids.len(),
            errors.len(),
            "each occurrence has an identity of its own"
        );
        ids
    }

    /// Each error by its operation, in order.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.errors()
            .into_iter()
            .map(|seen| seen.operation)
            .collect()
    }
}

/// How many errors the process-wide monitor counted for an operation.
pub(crate) fn counted(operation: &str) -> u64 {
    let operations = error_monitor().snapshot().operations;
    operations
        .iter()
        .find(|of| of.name == operation)
        .map_or(0, |of| of.count)
}

/// Checks that each error of an operation reached observers and statistics once, and returns their
/// identities.
#[track_caller]
pub(crate) fn assert_exactly(watch: &Watch, operation: &str, number: usize) -> BTreeSet<String> {
    let errors = watch.errors();
    let others: Vec<_> = errors
        .iter()
        .filter(|seen| seen.operation != operation)
        .collect();
    assert!(
        others.is_empty(),
        "reported by other operations too: {} of them, first {:?}",
        others.len(),
        others[0]
    );
    assert_eq!(errors.len(), number, "events of `{operation}`");
    assert_eq!(
        counted(operation),
        number as u64,
        "statistics of `{operation}`"
    );
    watch.ids()
}

/// The error type of an application, written with `thiserror`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the archive did not answer")]
    Timeout,
    #[error("no route to the store")]
    Down,
    #[error("{0}")]
    Text(String),
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error(transparent)]
    Other(#[from] Box<dyn Error + Send + Sync>),
}

/// An error type that keeps nothing of a rejection.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Forgetful {
    #[error("not now")]
    NotNow,
}

impl From<Rejection> for Forgetful {
    fn from(_: Rejection) -> Self {
        Self::NotNow
    }
}

pub(crate) type Boxed = Box<dyn Error + Send + Sync>;

pub(crate) fn timeout() -> AppError {
    AppError::new(ErrorCode::TIMEOUT_ERROR, "the archive did not answer")
}

/// Yields to other tasks a few times, for longer or shorter by `seed`.
pub(crate) async fn give_way(seed: usize) {
    for _ in 0..=seed % 4 {
        tokio::task::yield_now().await;
    }
}

/// A retry without waits.
pub(crate) fn retries(max_retries: u32) -> Retry {
    let builder = Retry::builder()
        .max_retries(max_retries)
        .initial_delay(Duration::ZERO)
        .clock(ManualClock::new());
    builder.build().unwrap()
}
