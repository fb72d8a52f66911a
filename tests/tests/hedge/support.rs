//! Helpers: attempts that follow a script and are counted.

use gardefou::{
    AppError, ErrorCode,
    hedge::{Hedge, HedgeBuilder},
};
use std::{cell::Cell, time::Duration};

pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) fn after(ms: u32) -> HedgeBuilder {
    Hedge::builder("test").after(MS * ms)
}

pub(crate) fn transient() -> AppError {
    AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no answer")
}

pub(crate) fn permanent() -> AppError {
    AppError::new(ErrorCode::FILE_NOT_FOUND_ERROR, "no such page")
}

/// How many milliseconds an attempt takes, and how it ends.
type Step<T> = (u32, fn(usize) -> Result<T, AppError>);

/// Attempts that follow a script.
pub(crate) struct Script<T> {
    attempts: Vec<Step<T>>,
    pub(crate) started: Cell<usize>,
    pub(crate) ended: Cell<usize>,
}

impl<T> Script<T> {
    pub(crate) fn new<const N: usize>(attempts: [Step<T>; N]) -> Self {
        Self {
            attempts: attempts.into(),
            started: Cell::new(0),
            ended: Cell::new(0),
        }
    }

    /// Makes the next attempt.
    pub(crate) async fn attempt(&self) -> Result<T, AppError> {
        let index = self.started.replace(self.started.get() + 1);
        let (ms, end) = self.attempts[index];
        if ms > 0 {
            tokio::time::sleep(MS * ms).await;
        }
        self.ended.set(self.ended.get() + 1);
        end(index)
    }

    /// Calls it through a hedge; returns the outcome, and after how many milliseconds.
    pub(crate) async fn run(&self, hedge: &Hedge) -> (Result<T, AppError>, u128) {
        let start = tokio::time::Instant::now();
        let outcome = hedge.call_async(|| self.attempt()).await;
        (outcome, start.elapsed().as_millis())
    }
}
