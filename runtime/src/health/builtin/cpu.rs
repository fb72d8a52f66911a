//! Check of CPU usage.

use super::{
    cgroup::{CpuTimes, Host},
    limits::{Limits, unknown},
};
use crate::{
    health::{check::Check, result::CheckResult},
    sync::Mutex,
    time::{SharedClock, Tick},
};
use std::{sync::Arc, time::Duration};

/// A check of the CPU in use since its last run, against the quota of the container or the
/// processors of the machine, whichever is closer.
///
/// It never waits for a sample: each run compares with the one before, and the first run with the
/// start of the system. On Linux it reads `/proc` and `/sys`; elsewhere it needs the feature
/// `health-system`, without which the answer is warn: unknown.
///
/// # Defaults
///
/// Warn at 85 %, fail at 95 %; legal are values above 0 and at most 100, `warn_at` not above
/// `fail_at`. Registering an illegal value is an error. Important, for readiness, named `cpu_usage`.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Health, HealthConfig, builtin::CpuUsage};
///
/// let health = Health::default();
/// health.register(CpuUsage::new().warn_at(70.0).check())?;
/// assert_eq!(health.names(), ["cpu_usage"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is registered"]
pub struct CpuUsage {
    limits: Limits,
    clock: SharedClock,
}

impl Default for CpuUsage {
    fn default() -> Self {
        Self::new()
    }
}

impl CpuUsage {
    /// Makes a check with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Check, builtin::CpuUsage};
    ///
    /// let check: Check = CpuUsage::new().check();
    /// assert_eq!(format!("{check:?}"), r#"Check { name: "cpu_usage", .. }"#);
    /// ```
    pub fn new() -> Self {
        Self {
            limits: Limits::new(85.0, 95.0),
            clock: SharedClock::default(),
        }
    }

    /// Sets the percentage at which the check warns.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, Status, builtin::CpuUsage};
    ///
    /// let health = Health::default();
    /// health.register(CpuUsage::new().warn_at(1e-6).check())?; // always reached
    /// assert_ne!(health.run_check("cpu_usage")?.status, Status::Pass);
    /// let above_fail = health.register(CpuUsage::new().warn_at(99.0).check_named("other"));
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
    /// use gardefou::health::{Health, builtin::CpuUsage};
    ///
    /// let health = Health::default();
    /// health.register(CpuUsage::new().fail_at(50.0).check())?;
    /// let err = health.register(CpuUsage::new().fail_at(120.0).check_named("other")).unwrap_err();
    /// assert!(err.to_string().contains("`fail_at` = 120: must be above 0 and at most 100"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fail_at(mut self, percent: f64) -> Self {
        self.limits.set_fail(percent);
        self
    }

    /// Makes the check under the name `cpu_usage`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::CpuUsage};
    ///
    /// let health = Health::default();
    /// health.register(CpuUsage::new().check())?;
    /// assert_eq!(health.run_check("cpu_usage")?.group.as_deref(), Some("system"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(self) -> Check {
        self.check_named("cpu_usage")
    }

    /// Makes the check under another name.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Health, builtin::CpuUsage};
    ///
    /// let health = Health::default();
    /// health.register(CpuUsage::new().check_named("cpu-of-the-pod"))?;
    /// assert_eq!(health.names(), ["cpu-of-the-pod"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check_named(self, name: impl Into<String>) -> Check {
        let (limits, clock) = (self.limits, self.clock);
        let meter = Arc::new(Mutex::new(Meter::default()));
        let check = move || {
            let percent = measure(&meter, &clock);
            evaluate(limits, percent)
        };
        Check::dependency(name, check)
            .group("system")
            .with_problems(limits.problems(100.0))
    }
}

#[cfg(any(target_os = "linux", not(feature = "health-system")))]
fn measure(meter: &Mutex<Meter>, clock: &SharedClock) -> Option<f64> {
    // Read before the lock is taken: files of the system can be slow too.
    let (now, times) = (clock.now(), Host::default().cpu());
    meter.lock().measure_at(now, times)
}

#[cfg(all(not(target_os = "linux"), feature = "health-system"))]
fn measure(meter: &Mutex<Meter>, _clock: &SharedClock) -> Option<f64> {
    let mut meter = meter.lock();
    // The library compares with its own last refresh; the first one covers no time.
    let is_first = meter.system.is_none();
    if is_first {
        meter.system = sysinfo::System::new().ok();
    }
    let system = meter.system.as_mut()?;
    system.refresh_cpu_usage();
    (!is_first).then(|| f64::from(system.global_cpu_usage()))
}

/// The last sample and the percentage that it gave.
#[derive(Default)]
struct Meter {
    last: Option<(Tick, CpuTimes)>,
    percent: Option<f64>,
    #[cfg(all(not(target_os = "linux"), feature = "health-system"))]
    system: Option<sysinfo::System>,
}

impl Meter {
    /// Returns the percentage in use since the last call, or the last answer if that is too recent.
    #[cfg_attr(
        all(not(target_os = "linux"), feature = "health-system"),
        expect(dead_code, reason = "Linux only")
    )]
    fn measure_at(&mut self, now: Tick, times: CpuTimes) -> Option<f64> {
        let (since, before) = match self.last {
            Some((at, before)) => (Some(now.since(at)), before),
            None => (
                None,
                CpuTimes {
                    host: Some((0, 0)),
                    group: None,
                },
            ),
        };
        if since.is_some_and(|since| since < SHORTEST_SAMPLE) {
            return self.percent;
        }
        let host = match (before.host, times.host) {
            (Some((busy, total)), Some((busy_now, total_now))) if total_now > total => {
                Some(busy_now.saturating_sub(busy) as f64 / (total_now - total) as f64)
            }
            _ => None,
        };
        let group = match (since, before.group, times.group) {
            (Some(since), Some((used, _)), Some((used_now, processors))) => {
                Some(used_now.saturating_sub(used) as f64 / (since.as_micros() as f64 * processors))
            }
            _ => None,
        };
        self.last = Some((now, times));
        let busiest = host.into_iter().chain(group).reduce(f64::max);
        self.percent = busiest.map(|fraction| (fraction * 100.0).min(100.0));
        self.percent
    }
}

fn evaluate(limits: Limits, percent: Option<f64>) -> CheckResult {
    let Some(percent) = percent else {
        return unknown("CPU usage cannot be read on this system, or not yet");
    };
    let text = format!("{percent:.1} % of the CPU is in use");
    limits
        .evaluate(percent, &text)
        .with_detail("used_percent", (percent * 10.0).round() / 10.0)
}

/// The counters of the system advance in steps of 10 ms; a shorter sample is too coarse.
const SHORTEST_SAMPLE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    fn times(busy: u64, total: u64, group: Option<(u64, f64)>) -> CpuTimes {
        CpuTimes {
            host: Some((busy, total)),
            group,
        }
    }

    fn at(millis: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(millis))
    }

    #[test]
    fn each_sample_is_compared_with_the_one_before() {
        let mut meter = Meter::default();
        assert_eq!(
            meter.measure_at(at(0), times(50, 100, None)),
            Some(50.0),
            "since the start of the system"
        );
        assert_eq!(
            meter.measure_at(at(50), times(51, 101, None)),
            Some(50.0),
            "too short a sample"
        );
        assert_eq!(
            meter.measure_at(at(1000), times(140, 200, None)),
            Some(90.0)
        );
    }

    #[test]
    fn quota_of_the_container_counts_where_it_is_closer() {
        let mut meter = Meter::default();
        meter.measure_at(at(0), times(0, 100, Some((0, 0.5))));
        // 0.45 s of CPU in one second, of the half a processor that it may use.
        assert_eq!(
            meter.measure_at(at(1000), times(10, 200, Some((450_000, 0.5)))),
            Some(90.0)
        );
    }

    #[test]
    fn unreadable_usage_is_unknown_and_never_pass() {
        let mut meter = Meter::default();
        let nothing = CpuTimes {
            host: None,
            group: None,
        };
        assert_eq!(meter.measure_at(at(0), nothing), None);
        assert_eq!(
            evaluate(CpuUsage::new().limits, None).status(),
            Status::Warn
        );
        assert_eq!(
            evaluate(CpuUsage::new().limits, Some(95.0)).status(),
            Status::Fail
        );
    }
}
