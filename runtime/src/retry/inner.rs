//! Contents of a retry, which all its clones share, and the budget that one of them draws on.

use super::{config::RetryConfig, counts::RetryCounts, hooks::Hooks};
use crate::{
    budget::Payer,
    call::PackedSeries,
    error::Rejector,
    event::{GuardName, LogLevel},
    revised::Revised,
    time::SharedClock,
};
use std::{
    borrow::Cow,
    ops::Deref,
    panic::Location,
    sync::{Arc, atomic::AtomicBool},
};

/// The contents of a [`Retry`](super::Retry).
#[derive(Debug)]
pub(crate) struct RetryInner {
    pub(super) name: GuardName<Cow<'static, str>>,
    pub(super) terms: Revised<RetryTerms>,
    pub(super) hooks: Hooks,
    pub(super) clock: SharedClock,
    /// Where the retry was built.
    #[cfg(feature = "config")]
    pub(super) place: &'static Location<'static>,
    /// Whether a warning was logged that it runs inside an attempt of another retry.
    pub(super) warned_of_nesting: AtomicBool,
    /// What metrics read.
    pub(super) counts: RetryCounts,
}

/// What changes together.
#[derive(Debug)]
pub(super) struct RetryTerms {
    pub(super) config: RetryConfig,
    /// The explicit level of the log lines between attempts.
    pub(super) log_level: Option<LogLevel>,
    /// What a thread notes of the first attempt, and where the retry was built.
    pub(super) first: PackedSeries,
    /// Whether a series begins with a clock reading, because its time is limited or metrics have it.
    pub(super) is_timed: bool,
}

impl RetryTerms {
    pub(super) fn new(
        config: RetryConfig,
        log_level: Option<LogLevel>,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            first: PackedSeries::first(config.max_attempts.get(), place),
            is_timed: config.timed || config.max_elapsed.is_some(),
            config,
            log_level,
        }
    }
}

/// A retry and the budget that it draws on: what a series of attempts borrows.
#[derive(Clone, Debug)]
pub(crate) struct Budgeted {
    pub(super) inner: Arc<RetryInner>,
    pub(super) budget: Payer,
}

impl Deref for Budgeted {
    type Target = RetryInner;

    #[inline]
    fn deref(&self) -> &RetryInner {
        &self.inner
    }
}

impl RetryInner {
    #[inline]
    pub(super) fn config(&self) -> &RetryConfig {
        &self.terms.get().config
    }

    /// Returns the clock of the builder, or else that of the caller's test scope.
    #[inline]
    pub(super) fn clock(&self) -> SharedClock {
        self.clock.or_current()
    }
}

impl Rejector for RetryInner {
    fn name(&self) -> &str {
        &self.name
    }

    fn cause(&self, _generation: u64) -> Option<String> {
        self.config()
            .attempt_timeout
            .map(|limit| format!("the attempt took longer than {limit:?}"))
    }
}
