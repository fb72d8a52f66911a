//! Histograms of durations by guard, for pages that show them.

use crate::{
    breaker::circuit_breakers,
    bulkhead::bulkheads,
    hedge,
    named::named,
    named_counts::NamedReading,
    per_thread::{BOUNDS, DurationsReading, number_of, sum_of},
    rate_limit::rate_limiters,
    retry, timeout,
};
use std::{fmt, time::Duration};

/// What the durations of a [`Histogram`] are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measured {
    /// Calls of a circuit breaker that is timed: with a `slow_call`, or with `timed`.
    BreakerCalls,
    /// Whole calls through a retry with `timed`, waits included.
    RetryCalls,
    /// Attempts of a hedge with a `quantile`.
    HedgeAttempts,
    /// Calls of a timeout with `timed`, those that were cut off included.
    TimeoutCalls,
    /// Calls of a bulkhead with `timed`, for as long as they held their slots.
    BulkheadCalls,
    /// Calls of a rate limiter with `timed`, after they were admitted.
    RateLimiterCalls,
    /// Waits in the queue of a bulkhead, whatever the outcome of the call.
    BulkheadWaits,
    /// Waits after which requests of a rate limiter were admitted.
    RateLimiterWaits,
}

named! {
    /// Returns the name, for example `breaker_calls`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::telemetry::Measured::BulkheadWaits.name(), "bulkhead_waits");
    /// ```
    Measured {
        BreakerCalls = "breaker_calls",
        RetryCalls = "retry_calls",
        HedgeAttempts = "hedge_attempts",
        TimeoutCalls = "timeout_calls",
        BulkheadCalls = "bulkhead_calls",
        RateLimiterCalls = "rate_limiter_calls",
        BulkheadWaits = "bulkhead_waits",
        RateLimiterWaits = "rate_limiter_waits",
    }
}

/// A histogram of the durations of calls or waits of one guard, since it was made.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, circuit_breakers, telemetry::histograms};
///
/// let breaker = circuit_breakers().get_or_create("measured", |b| b.timed(true))?;
/// breaker.call(|| Ok::<_, AppError>(()))?;
/// let all = histograms();
/// let calls = all.iter().find(|it| it.name() == "measured").unwrap();
/// assert_eq!((calls.measured().name(), calls.count()), ("breaker_calls", 1));
/// # Ok::<(), AppError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    measured: Measured,
    name: Box<str>,
    reading: DurationsReading,
}

impl Histogram {
    /// Returns what was measured.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn measured(&self) -> Measured {
        self.measured
    }

    /// Returns the name of the guard as it was given, with the key of a guard by key. It is not redacted,
    /// and may hold secrets.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how many durations were measured.
    ///
    /// # Examples
    ///
    /// See [`Histogram`].
    #[must_use]
    pub fn count(&self) -> u64 {
        number_of(&self.reading)
    }

    /// Returns all durations together.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, telemetry::histograms, testing::Scope};
    /// use std::time::Duration;
    ///
    /// let scope = Scope::new();
    /// let sums = scope.run(|| {
    ///     let breaker = circuit_breakers().get_or_create("search", |b| b.timed(true)).unwrap();
    ///     let call = breaker.try_acquire().unwrap();
    ///     scope.clock().advance(Duration::from_millis(70));
    ///     call.success();
    ///     histograms().iter().map(|it| it.sum()).collect::<Vec<_>>()
    /// });
    /// assert_eq!(sums, [Duration::from_millis(70)]);
    /// ```
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(sum_of(&self.reading))
    }

    /// Iterates over the longest duration in each bucket but the last, which has no bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::telemetry::Histogram;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Histogram::bounds().next(), Some(Duration::from_millis(1)));
    /// assert_eq!(Histogram::bounds().last(), Some(Duration::from_secs(10)));
    /// ```
    pub fn bounds() -> impl Iterator<Item = Duration> {
        BOUNDS.iter().map(|nanos| Duration::from_nanos(*nanos))
    }

    /// Iterates over the buckets, the shortest first: the longest duration in it, and how many were at
    /// most as long. The last one has no bound, and all of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{circuit_breakers, telemetry::histograms, testing::Scope};
    /// use std::time::Duration;
    ///
    /// let scope = Scope::new();
    /// scope.run(|| {
    ///     let breaker = circuit_breakers().get_or_create("search", |b| b.timed(true)).unwrap();
    ///     let call = breaker.try_acquire().unwrap();
    ///     scope.clock().advance(Duration::from_millis(70));
    ///     call.success();
    ///     let all = histograms();
    ///     let buckets: Vec<_> = all[0].buckets().collect();
    ///     assert_eq!(buckets[4], (Some(Duration::from_millis(50)), 0));
    ///     assert_eq!(buckets[5], (Some(Duration::from_millis(100)), 1));
    ///     assert_eq!(buckets.last(), Some(&(None, 1)));
    /// });
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let bounds = Self::bounds().map(Some).chain([None]);
        bounds.zip(self.reading.iter().copied())
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("measured", &self.measured)
            .field("name", &crate::event::Shown(&self.name))
            .field("count", &self.count())
            .field("sum", &self.sum())
            .finish_non_exhaustive()
    }
}

/// Reads the histogram of every guard that has one, without a lock that a call waits for: of those
/// that are timed, and of bulkheads and rate limiters in which calls may wait, or have waited. Guards
/// by key have one each; retries, hedges and timeouts of one name have one together.
///
/// In a test scope, those of the scope.
///
/// # Examples
///
/// See [`Histogram`].
#[must_use]
pub fn histograms() -> Vec<Histogram> {
    let breakers = circuit_breakers().readings().filter_map(|reading| {
        Some(Histogram {
            measured: Measured::BreakerCalls,
            name: reading.breaker.name().into(),
            reading: reading.durations?,
        })
    });
    let mut all: Vec<Histogram> = breakers.collect();
    all.extend(of_names(Measured::RetryCalls, retry::durations()));
    all.extend(of_names(Measured::HedgeAttempts, hedge::durations()));
    all.extend(of_names(Measured::TimeoutCalls, timeout::durations()));
    all.extend(of_names(Measured::BulkheadCalls, bulkheads().calls()));
    all.extend(of_names(
        Measured::RateLimiterCalls,
        rate_limiters().calls(),
    ));
    all.extend(of_names(Measured::BulkheadWaits, bulkheads().waits()));
    all.extend(of_names(
        Measured::RateLimiterWaits,
        rate_limiters().waits(),
    ));
    all
}

fn of_names(
    measured: Measured,
    readings: Vec<NamedReading<DurationsReading>>,
) -> impl Iterator<Item = Histogram> {
    readings.into_iter().map(move |reading| Histogram {
        measured,
        name: reading.name,
        reading: reading.values,
    })
}
