//! Limits of a measure for warn and fail.

use crate::{error::ConfigError, health::result::CheckResult};

/// The values of a measure at which a check warns and fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) warn: f64,
    pub(crate) fail: f64,
}

impl Limits {
    pub(crate) fn new(warn: f64, fail: f64) -> Self {
        Self { warn, fail }
    }

    /// Sets the limit for fail, and lowers a limit for warn above it.
    pub(crate) fn set_fail(&mut self, fail: f64) {
        self.warn = self.warn.min(fail);
        self.fail = fail;
    }

    /// Returns every problem of the limits of a measure in `0..=most`.
    pub(crate) fn problems(self, most: f64) -> Vec<ConfigError> {
        let rule = if most.is_finite() {
            format!("must be above 0 and at most {most}")
        } else {
            "must be above 0".into()
        };
        let limits = [("warn_at", self.warn), ("fail_at", self.fail)].into_iter();
        let mut problems: Vec<_> = limits
            .filter(|(_, value)| !(*value > 0.0 && *value <= most))
            .map(|(field, value)| ConfigError::new(field, value, rule.as_str()))
            .collect();
        if problems.is_empty() && self.warn > self.fail {
            let rule = "must be at most fail_at";
            problems.push(ConfigError::new("warn_at", self.warn, rule));
        }
        problems
    }

    /// Returns the result of a measure; reaching a limit is as bad as exceeding it.
    pub(crate) fn evaluate(self, measure: f64, text: &str) -> CheckResult {
        if measure >= self.fail {
            CheckResult::fail(text)
        } else if measure >= self.warn {
            CheckResult::warn(text)
        } else {
            CheckResult::pass()
        }
    }
}

/// Returns the result of a measure that cannot be taken: never pass.
pub(crate) fn unknown(why: &str) -> CheckResult {
    CheckResult::warn(format!("unknown: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    #[test]
    fn reaching_a_limit_is_as_bad_as_exceeding_it() {
        let limits = Limits::new(80.0, 90.0);
        let status = |measure| limits.evaluate(measure, "m").status();
        assert_eq!(
            [status(79.9), status(80.0), status(90.0)],
            [Status::Pass, Status::Warn, Status::Fail]
        );
    }

    #[test]
    fn illegal_limits_are_named() {
        let fields = |warn, fail| -> Vec<_> {
            Limits::new(warn, fail)
                .problems(100.0)
                .iter()
                .map(ConfigError::field)
                .collect()
        };
        assert_eq!(fields(80.0, 90.0), [""; 0]);
        assert_eq!(fields(95.0, 90.0), ["warn_at"]);
        assert_eq!(fields(f64::NAN, 101.0), ["warn_at", "fail_at"]);
    }
}
