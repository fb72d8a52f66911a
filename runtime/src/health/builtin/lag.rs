//! Check of the scheduling delay of the async runtime.

use super::limits::{Limits, unknown};
use crate::{
    health::{
        check::{Check, Internal},
        result::CheckResult,
    },
    time::SharedClock,
};
use std::time::Duration;

/// A check of how late the async runtime runs its tasks: it times a task that sleeps for 10 ms.
///
/// A blocked worker or too much queued work shows here first. The check concerns the process itself
/// and may decide about liveness. It runs on the runtime in which it was made; without one the
/// answer is warn: unknown.
///
/// # Defaults
///
/// Warn at 100 ms, fail at 1 s; legal are values above zero, `warn_at` not above `fail_at`.
/// Registering an illegal value is an error. Important, for readiness, named `runtime_lag`.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, builtin::RuntimeLag};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let health = Health::default();
/// health.register(RuntimeLag::new().check())?;
/// assert!(health.run_check_async("runtime_lag").await.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is registered"]
pub struct RuntimeLag {
    limits: Limits,
    clock: SharedClock,
}

impl Default for RuntimeLag {
    fn default() -> Self {
        Self::new()
    }
}

impl RuntimeLag {
    /// Makes a check with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::RuntimeLag};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::default();
    /// health.register(RuntimeLag::new().check())?;
    /// let report = health.run_check_async("runtime_lag").await?;
    /// assert!(report.details["lag_seconds"].as_f64().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Self {
        Self {
            limits: Limits::new(0.1, 1.0),
            clock: SharedClock::default(),
        }
    }

    /// Sets the lag at which the check warns.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::RuntimeLag};
    /// use std::time::Duration;
    ///
    /// let health = Health::default();
    /// health.register(RuntimeLag::new().warn_at(Duration::from_millis(20)).check())?;
    /// let above_fail = RuntimeLag::new().warn_at(Duration::from_secs(2)).check_named("other");
    /// let err = health.register(above_fail).unwrap_err();
    /// assert!(err.to_string().contains("`warn_at` = 2: must be at most fail_at"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warn_at(mut self, lag: Duration) -> Self {
        self.limits.warn = lag.as_secs_f64();
        self
    }

    /// Sets the lag at which the check fails; a `warn_at` above it is lowered to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::RuntimeLag};
    /// use std::time::Duration;
    ///
    /// let health = Health::default();
    /// health.register(RuntimeLag::new().fail_at(Duration::from_millis(50)).check())?;
    /// let err = health.register(RuntimeLag::new().fail_at(Duration::ZERO).check_named("other")).unwrap_err();
    /// assert!(err.to_string().contains("`fail_at` = 0: must be above 0"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_at(mut self, lag: Duration) -> Self {
        self.limits.set_fail(lag.as_secs_f64());
        self
    }

    /// Makes the check under the name `runtime_lag`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, ProbeKind, Status, builtin::RuntimeLag};
    ///
    /// let health = Health::default();
    /// health.register(RuntimeLag::new().check().liveness())?;
    /// let report = health.run_check("runtime_lag")?;
    /// assert_eq!(report.kinds, [ProbeKind::Liveness]);
    /// assert_eq!(report.status, Status::Warn, "it was made outside of any runtime");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(self) -> Check<Internal> {
        self.check_named("runtime_lag")
    }

    /// Makes the check under another name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::RuntimeLag};
    ///
    /// let health = Health::default();
    /// health.register(RuntimeLag::new().check_named("io-runtime"))?;
    /// assert_eq!(health.names(), ["io-runtime"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_named(self, name: impl Into<String>) -> Check<Internal> {
        let Self { limits, clock } = self;
        let home = tokio::runtime::Handle::try_current().ok();
        let check = move || {
            let (clock, home) = (clock.clone(), home.clone());
            async move {
                // On the runtime itself, wherever the check runs: its workers may be late.
                let Some(home) = home else {
                    return unknown("the check was made outside of any runtime");
                };
                // From here on: the wait for the first poll is lag too.
                let begin = clock.now();
                let timed = home.spawn(async move {
                    tokio::time::sleep(PROBE).await;
                    (clock.now().since(begin)).saturating_sub(PROBE)
                });
                match timed.await {
                    Ok(lag) => evaluate(limits, lag),
                    Err(_) => unknown("the runtime has been shut down"),
                }
            }
        };
        Check::internal_async(name, check)
            .group("system")
            .with_problems(limits.problems(f64::INFINITY))
    }
}

fn evaluate(limits: Limits, lag: Duration) -> CheckResult {
    let text = format!("the runtime is {lag:.1?} late");
    limits
        .evaluate(lag.as_secs_f64(), &text)
        .with_detail("lag_seconds", lag.as_secs_f64())
}

/// Timers of tokio are exact to a millisecond.
const PROBE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        health::{CheckReport, Health, HealthConfig, Status},
        time::ManualClock,
    };
    use std::{future::poll_fn, task::Poll};

    #[test]
    fn default_limits_are_a_tenth_and_a_whole_second() {
        let of =
            |millis| evaluate(RuntimeLag::new().limits, Duration::from_millis(millis)).status();
        assert_eq!(
            [of(99), of(100), of(1000)],
            [Status::Pass, Status::Warn, Status::Fail]
        );
    }

    /// Measures the lag of a single-threaded runtime whose n-th turn takes `blocks_for`.
    async fn lag_where(turn: u32, blocks_for: Duration) -> CheckReport {
        let clock = ManualClock::new();
        let check = RuntimeLag {
            clock: SharedClock::new(clock.clone()),
            ..RuntimeLag::new()
        };
        let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
        health.register(check.check()).unwrap();
        let mut turns = 0;
        let blocker = tokio::spawn(poll_fn(move |cx| {
            turns += 1;
            if turns == turn {
                clock.advance(blocks_for);
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        let report = health.run_check_async("runtime_lag").await.unwrap();
        blocker.await.unwrap();
        report
    }

    #[tokio::test(start_paused = true)]
    async fn runtime_that_is_blocked_during_the_measurement_is_late() {
        // Before the measurement, before the first turn of the measuring task, and while it sleeps.
        for (turn, counts) in [(1, false), (2, true), (3, true)] {
            for (blocks_for, status) in [
                (109, Status::Pass),
                (110, Status::Warn),
                (1010, Status::Fail),
            ] {
                let report = lag_where(turn, Duration::from_millis(blocks_for)).await;
                let expected = if counts { status } else { Status::Pass };
                assert_eq!(
                    report.status, expected,
                    "turn {turn}, {blocks_for} ms: {:?}",
                    report.output
                );
                let lag = report.details["lag_seconds"].as_f64().unwrap();
                let expected = if counts {
                    (blocks_for - 10) as f64 / 1000.0
                } else {
                    0.0
                };
                assert!(
                    (lag - expected).abs() < 1e-9,
                    "turn {turn}, {blocks_for} ms: {lag}"
                );
            }
        }
    }
}
