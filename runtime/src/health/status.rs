//! Statuses, criticality, kinds of probes, categories of failures, and phases of the program.

use serde_core::{Serialize, Serializer};
use std::fmt;

/// The status of a check or of the whole program. A closed set: each status maps to HTTP.
///
/// Ordered from good to bad, so that the worst of many is their maximum.
///
/// # Examples
///
/// ```
/// use gardefou::health::Status;
///
/// assert_eq!(Status::Pass.max(Status::Warn), Status::Warn);
/// assert_eq!((Status::Warn.http_status(), Status::Fail.http_status()), (200, 503));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Healthy.
    Pass,
    /// Healthy, with a warning.
    Warn,
    /// Not healthy.
    Fail,
}

impl Status {
    /// Returns the name in reports: `pass`, `warn` or `fail`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Status;
    ///
    /// assert_eq!([Status::Pass, Status::Warn, Status::Fail].map(Status::name), ["pass", "warn", "fail"]);
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// Returns the HTTP status of a probe with this status: 200 for pass and warn, 503 for fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Status;
    ///
    /// let codes = [Status::Pass, Status::Warn, Status::Fail].map(Status::http_status);
    /// assert_eq!(codes, [200, 200, 503]);
    /// ```
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Pass | Self::Warn => 200,
            Self::Fail => 503,
        }
    }
}

/// How much a failing check counts for the program as a whole. A closed set.
///
/// # Examples
///
/// ```
/// use gardefou::health::{Criticality, Status};
///
/// assert_eq!(Criticality::Critical.weigh(Status::Fail), Status::Fail);
/// assert_eq!(Criticality::Important.weigh(Status::Fail), Status::Warn);
/// assert_eq!(Criticality::Informational.weigh(Status::Fail), Status::Pass);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Criticality {
    /// The program cannot work without it: fail stays fail.
    Critical,
    /// The program works in part without it: fail counts as warn. The default.
    #[default]
    Important,
    /// Reported, never counted.
    Informational,
}

impl Criticality {
    /// Returns the name, for example `critical`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Criticality;
    ///
    /// assert_eq!(Criticality::default().name(), "important");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Important => "important",
            Self::Informational => "informational",
        }
    }

    /// Returns how the status of a check counts for the whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::{Criticality, Status};
    ///
    /// assert_eq!(Criticality::Critical.weigh(Status::Fail), Status::Fail);
    /// assert_eq!(Criticality::Important.weigh(Status::Fail), Status::Warn);
    /// assert_eq!(Criticality::Informational.weigh(Status::Warn), Status::Pass);
    /// ```
    #[must_use]
    pub const fn weigh(self, status: Status) -> Status {
        match (self, status) {
            (Self::Informational, _) | (_, Status::Pass) => Status::Pass,
            (Self::Critical, Status::Fail) => Status::Fail,
            (Self::Critical | Self::Important, Status::Warn) | (Self::Important, Status::Fail) => {
                Status::Warn
            }
        }
    }
}

/// The kind of a probe. A closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeKind {
    /// Must the process be restarted? Nothing outside the process may decide that.
    Liveness,
    /// Should it be given work?
    Readiness,
    /// Has it finished starting?
    Startup,
    /// Reported for people; no probe.
    Info,
}

impl ProbeKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Liveness, Self::Readiness, Self::Startup, Self::Info];

    /// Returns the name, for example `readiness`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::ProbeKind;
    ///
    /// assert_eq!(ProbeKind::ALL.map(ProbeKind::name), ["liveness", "readiness", "startup", "info"]);
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
            Self::Info => "info",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const fn with(self, kind: ProbeKind) -> Self {
        Self(self.0 | kind.bit())
    }

    pub(crate) const fn has(self, kind: ProbeKind) -> bool {
        self.0 & kind.bit() != 0
    }

    pub(crate) const fn is_only(self, kind: ProbeKind) -> bool {
        self.0 == kind.bit()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = ProbeKind> {
        ProbeKind::ALL
            .into_iter()
            .filter(move |kind| self.has(*kind))
    }
}

/// Why a check did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureCategory {
    /// The check itself returned a failure.
    Reported,
    /// The run took longer than its limit.
    Timeout,
    /// An abandoned run still hangs.
    Hanging,
    /// The run panicked.
    Panic,
    /// The run was cancelled from outside, for example by the shutdown of its runtime.
    Cancelled,
    /// The last result is too old.
    Stale,
    /// The check has never run.
    Unknown,
}

impl FailureCategory {
    /// Returns the name, for example `timeout`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// health.register_check("worker", || -> bool { panic!("poisoned") })?;
    /// assert_eq!(health.run_check("worker")?.category.unwrap().name(), "panic");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Timeout => "timeout",
            Self::Hanging => "hanging",
            Self::Panic => "panic",
            Self::Cancelled => "cancelled",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
}

/// The phase of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Not yet initialised: not ready.
    Starting,
    /// Initialised.
    Started,
    /// About to end: no longer ready.
    Stopping,
}

impl Phase {
    /// Returns the name, for example `started`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::health::Health;
    ///
    /// let health = Health::default();
    /// assert_eq!(health.phase().name(), "starting");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Started => "started",
            Self::Stopping => "stopping",
        }
    }
}

/// Shows values by their names, as text and when serialised.
macro_rules! shown_by_name {
    ($($name:ty),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    )+};
}

shown_by_name!(Status, Criticality, ProbeKind, FailureCategory, Phase);
