//! Check of memory usage.

use super::{
    cgroup::{Host, Usage},
    limits::{Limits, unknown},
};
use crate::health::{check::Check, result::CheckResult};

/// A check of memory in use, against the limit of the container or the size of the machine,
/// whichever is closer.
///
/// Unused file caches do not count. On Linux it reads `/proc` and `/sys`; elsewhere it
/// needs the feature `health-system`, without which the answer is warn: unknown.
///
/// # Defaults
///
/// Warn at 80 %, fail at 90 %; legal are values above 0 and at most 100, `warn_at` not above
/// `fail_at`. Registering an illegal value is an error. Important, for readiness, named `memory_usage`.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, builtin::MemoryUsage};
///
/// let health = Health::default();
/// health.register(MemoryUsage::new().fail_at(99.9).check())?;
/// assert!(health.register(MemoryUsage::new().fail_at(120.0).check_named("memory")).is_err());
/// assert!(health.run_check("memory_usage").is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is registered"]
pub struct MemoryUsage {
    limits: Limits,
}

impl Default for MemoryUsage {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryUsage {
    /// Makes a check with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, builtin::MemoryUsage};
    ///
    /// let check: Check = MemoryUsage::new().check();
    /// assert_eq!(format!("{check:?}"), r#"Check { name: "memory_usage", .. }"#);
    /// ```
    pub fn new() -> Self {
        Self {
            limits: Limits::new(80.0, 90.0),
        }
    }

    /// Sets the percentage at which the check warns.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status, builtin::MemoryUsage};
    ///
    /// let health = Health::default();
    /// health.register(MemoryUsage::new().warn_at(1e-6).check())?; // always reached
    /// assert_ne!(health.run_check("memory_usage")?.status, Status::Pass);
    /// let above_fail = health.register(MemoryUsage::new().warn_at(99.0).check_named("other"));
    /// assert!(above_fail.unwrap_err().to_string().contains("must be at most fail_at"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warn_at(mut self, percent: f64) -> Self {
        self.limits.warn = percent;
        self
    }

    /// Sets the percentage at which the check fails; a `warn_at` above it is lowered to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::MemoryUsage};
    ///
    /// let health = Health::default();
    /// health.register(MemoryUsage::new().fail_at(50.0).check())?;
    /// let err = health.register(MemoryUsage::new().fail_at(120.0).check_named("other")).unwrap_err();
    /// assert!(err.to_string().contains("`fail_at` = 120: must be above 0 and at most 100"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_at(mut self, percent: f64) -> Self {
        self.limits.set_fail(percent);
        self
    }

    /// Makes the check under the name `memory_usage`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::MemoryUsage};
    ///
    /// let health = Health::default();
    /// health.register(MemoryUsage::new().check())?;
    /// assert_eq!(health.run_check("memory_usage")?.group.as_deref(), Some("system"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(self) -> Check {
        self.check_named("memory_usage")
    }

    /// Makes the check under another name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::MemoryUsage};
    ///
    /// let health = Health::default();
    /// health.register(MemoryUsage::new().check_named("memory-of-the-pod"))?;
    /// assert_eq!(health.names(), ["memory-of-the-pod"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_named(self, name: impl Into<String>) -> Check {
        let limits = self.limits;
        Check::dependency(name, move || evaluate(limits, read()))
            .group("system")
            .with_problems(limits.problems(100.0))
    }
}

#[cfg(any(target_os = "linux", not(feature = "health-system")))]
fn read() -> Option<Usage> {
    Host::default().memory()
}

#[cfg(all(not(target_os = "linux"), feature = "health-system"))]
fn read() -> Option<Usage> {
    let _ = Host::default;
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let (limit, available) = (system.total_memory(), system.available_memory());
    (limit > 0).then(|| Usage {
        used: limit.saturating_sub(available),
        limit,
        scope: "host",
    })
}

fn evaluate(limits: Limits, usage: Option<Usage>) -> CheckResult {
    let Some(usage) = usage else {
        return unknown("memory usage cannot be read on this system");
    };
    let percent = usage.percent();
    let text = format!(
        "{percent:.1} % of the memory of the {} is in use",
        usage.scope
    );
    let result = limits
        .evaluate(percent, &text)
        .with_detail("used_percent", (percent * 10.0).round() / 10.0);
    result
        .with_detail("limit_bytes", usage.limit)
        .with_detail("scope", usage.scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    #[test]
    fn default_limits_are_80_and_90_percent_and_unknown_is_never_pass() {
        let of = |used| {
            evaluate(
                MemoryUsage::new().limits,
                Some(Usage {
                    used,
                    limit: 1000,
                    scope: "host",
                }),
            )
            .status()
        };
        assert_eq!(
            [of(799), of(800), of(899), of(900)],
            [Status::Pass, Status::Warn, Status::Warn, Status::Fail]
        );
        assert_eq!(
            evaluate(MemoryUsage::new().limits, None).status(),
            Status::Warn
        );
    }
}
