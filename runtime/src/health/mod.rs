//! Health checks: liveness, readiness and startup probes.
//!
//! A health endpoint that waits for a hung dependency takes the program down with it. One that
//! restarts the program because a database is away turns a short disturbance into an outage. One
//! that answers from an old cache hides a failure. Checks registered here run outside of every
//! lock, a bounded number at once, each within its limit. A check that panics or hangs affects only
//! itself. A check whose state is unknown or stale is not healthy. A check of a dependency decides
//! about readiness, and about liveness only if the program states a reason.

#[cfg(feature = "async")]
mod async_run;
mod background;
pub mod builtin;
mod change;
mod check;
mod check_list;
mod config;
mod global;
mod handle;
mod history;
mod pool;
mod probes;
#[cfg(feature = "async")]
mod race;
mod reading;
mod registered;
mod registry;
mod report;
mod result;
mod run;
mod runner;
mod status;
mod subsystems;

pub use check::{Check, Dependency, Internal, MayDecideLiveness};
pub use check_list::{RegisterError, UnknownCheck};
pub use config::{HealthConfig, HealthConfigBuilder};
#[doc(hidden)]
pub use global::StaticCheck;
pub use global::{health, health_check};
pub use handle::Health;
pub use history::{CheckCounts, Observation, StatusChange};
pub use probes::{ProbeResponse, Probes, ShowDetails};
pub use report::{CheckReport, HealthReport};
pub use result::{CheckResult, IntoCheckResult};
pub use status::{Criticality, FailureCategory, Phase, ProbeKind, Status};

pub(crate) use global::refused_static_checks;
