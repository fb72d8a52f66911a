//! Health checks: liveness, readiness and startup probes.
//!
//! A health endpoint that waits for a hung dependency takes the program down with it; one that
//! restarts the program because a database is away makes an outage of a hiccup; one that answers
//! from a cache while all is lost helps nobody. Checks registered here run outside of every lock,
//! at most so many at once, each within its limit; a check that panics or hangs harms nobody but
//! itself; what is not known, or known no longer, is not healthy; and a check of a dependency
//! decides about readiness, never about liveness, unless the program says so in as many words.

#[cfg(feature = "async")]
mod async_run;
mod background;
pub mod builtin;
mod check;
mod check_list;
mod config;
mod global;
mod handle;
mod history;
mod pool;
mod probes;
mod registered;
mod registry;
mod report;
mod result;
mod run;
mod runner;
mod status;
#[cfg(feature = "async")]
mod stop;
mod subsystems;

pub use check::{Check, Dependency, Internal, MayDecideLiveness};
pub use check_list::{RegisterError, UnknownCheck};
pub use config::HealthConfig;
pub use global::StaticCheck;
pub use handle::{Health, health_check};
pub use history::{Counts, Observation, Transition};
pub use probes::{Details, ProbeResponse, Probes};
pub use report::{CheckReport, HealthReport, Phase};
pub use result::{CheckResult, IntoCheckResult};
pub use status::{Criticality, FailureCategory, Kind, Status, UnknownWord};

pub(crate) use handle::refused_static_checks;

/// The page on health, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/health.md")]
mod page {}
