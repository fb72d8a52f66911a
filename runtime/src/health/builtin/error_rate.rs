//! Check of the rate of errors that the program reports.

use super::limits::Limits;
use crate::{
    error::ErrorCode,
    health::{check::Check, result::CheckResult},
    monitor::{ErrorMonitor, error_monitor},
};

/// A check of the number of errors that the monitor has recorded in the last minute.
///
/// # Defaults
///
/// All codes; warn at 60, fail at 600 a minute; legal are values above 0, `warn_at` not above
/// `fail_at`. Registering an illegal value is an error. Important, for readiness, named `error_rate`.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, health::{Health, HealthConfig, Status, builtin::ErrorRate}};
///
/// let health = Health::default();
/// health.register(ErrorRate::new().code(ErrorCode::SYNC_ERROR).warn_at(1.0).fail_at(2.0).check())?;
/// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart"));
/// assert_eq!(health.run_check("error_rate")?.status, Status::Warn);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is registered"]
pub struct ErrorRate {
    limits: Limits,
    code: Option<ErrorCode>,
}

impl Default for ErrorRate {
    fn default() -> Self {
        Self::new()
    }
}

impl ErrorRate {
    /// Makes a check with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status, builtin::ErrorRate};
    ///
    /// let health = Health::default();
    /// health.register(ErrorRate::new().check())?;
    /// let report = health.run_check("error_rate")?;
    /// assert_eq!((report.status, &report.details["last_minute"]), (Status::Pass, &0.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Self {
        Self {
            limits: Limits::new(60.0, 600.0),
            code: None,
        }
    }

    /// Sets the code of the errors that count; all by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, health::{Health, builtin::ErrorRate}};
    ///
    /// let health = Health::default();
    /// health.register(ErrorRate::new().code(ErrorCode::SYNC_ERROR).check())?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart"));
    /// gardefou::report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
    /// assert_eq!(health.run_check("error_rate")?.details["last_minute"], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn code(mut self, code: ErrorCode) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets the number of errors a minute at which the check warns.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, health::{Health, Status, builtin::ErrorRate}};
    ///
    /// let health = Health::default();
    /// health.register(ErrorRate::new().warn_at(1.0).check())?;
    /// assert_eq!(health.run_check("error_rate")?.status, Status::Pass);
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart"));
    /// assert_eq!(health.run_check("error_rate")?.status, Status::Warn);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warn_at(mut self, per_minute: f64) -> Self {
        self.limits.warn = per_minute;
        self
    }

    /// Sets the number of errors a minute at which the check fails; a `warn_at` above it is lowered
    /// to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{AppError, ErrorCode, health::{Health, Status, builtin::ErrorRate}};
    ///
    /// let health = Health::default();
    /// health.register(ErrorRate::new().fail_at(1.0).check())?;
    /// gardefou::report(&AppError::new(ErrorCode::SYNC_ERROR, "streams drifted apart"));
    /// assert_eq!(health.run_check("error_rate")?.status, Status::Fail);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_at(mut self, per_minute: f64) -> Self {
        self.limits.set_fail(per_minute);
        self
    }

    /// Makes the check under the name `error_rate`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::ErrorRate};
    ///
    /// let health = Health::default();
    /// health.register(ErrorRate::new().check())?;
    /// assert_eq!(health.run_check("error_rate")?.group.as_deref(), Some("errors"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(self) -> Check {
        self.check_named("error_rate")
    }

    /// Makes the check under another name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{ErrorCode, health::{Health, builtin::ErrorRate}};
    ///
    /// let health = Health::default();
    /// health.register(ErrorRate::new().check())?;
    /// let timeouts = ErrorRate::new().code(ErrorCode::TIMEOUT_ERROR).warn_at(5.0);
    /// health.register(timeouts.check_named("timeouts"))?;
    /// assert_eq!(health.names(), ["error_rate", "timeouts"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_named(self, name: impl Into<String>) -> Check {
        let problems = self.limits.problems(f64::INFINITY);
        // Now, since the monitor records from its first use on.
        let monitor = error_monitor();
        Check::dependency(name, move || self.evaluate(monitor))
            .group("errors")
            .with_problems(problems)
    }

    fn evaluate(&self, monitor: &ErrorMonitor) -> CheckResult {
        let snapshot = monitor.snapshot();
        let (count, what) = match self.code {
            None => (snapshot.rates.last_minute, "errors".to_owned()),
            Some(code) => {
                let row = snapshot.codes.iter().find(|row| row.name == code.name());
                (
                    row.map_or(0, |row| row.rates.last_minute),
                    format!("errors {code}"),
                )
            }
        };
        let text = format!("{count} {what} in the last minute");
        self.limits
            .evaluate(count as f64, &text)
            .with_detail("last_minute", count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AppError, health::Status, monitor::MonitorConfig, time::ManualClock};
    use std::time::Duration;

    #[test]
    fn errors_of_the_last_minute_count_by_code() {
        let clock = ManualClock::new();
        let monitor = ErrorMonitor::new(
            MonitorConfig::builder()
                .clock(clock.clone())
                .build()
                .unwrap(),
        );
        let all = ErrorRate::new().fail_at(3.0).warn_at(2.0);
        let one = all.clone().code(ErrorCode::TIMEOUT_ERROR);
        let mut seen = Vec::new();
        for code in [
            ErrorCode::TIMEOUT_ERROR,
            ErrorCode::DB_QUERY_ERROR,
            ErrorCode::TIMEOUT_ERROR,
        ] {
            monitor.record(&AppError::new(code, "x"));
            seen.push((
                all.evaluate(&monitor).status(),
                one.evaluate(&monitor).status(),
            ));
        }
        let (pass, warn, fail) = (Status::Pass, Status::Warn, Status::Fail);
        assert_eq!(seen, [(pass, pass), (warn, pass), (fail, warn)]);
        clock.advance(Duration::from_secs(62));
        assert_eq!(all.evaluate(&monitor).status(), pass);
    }
}
