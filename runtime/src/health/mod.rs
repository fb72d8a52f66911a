//! Health checks: liveness, readiness and startup probes.
//!
//! A health endpoint that waits for a hung dependency takes the program down with it; one that
//! restarts the program because a database is away makes an outage of a hiccup; one that answers
//! from a cache while all is lost helps nobody. Checks registered here run outside of every lock,
//! at most so many at once, each within its limit; a check that panics or hangs harms nobody but
//! itself; what is not known, or known no longer, is not healthy; and a check of a dependency
//! decides about readiness, never about liveness, unless the program says so in as many words.

mod alerts;
mod background;
mod breakers;
pub mod builtin;
mod check;
mod config;
mod entry;
mod flight;
#[expect(
    clippy::module_inception,
    reason = "the folder's noun is its main type's"
)]
mod health;
mod journal;
mod pool;
mod probes;
mod registry_error;
mod report;
mod result;
#[cfg(feature = "async")]
mod run_async;
mod runner;
mod shared;
mod static_check;
mod status;
#[cfg(feature = "async")]
mod stop;
mod track;

pub use check::{Check, Dependency, Internal, MayDecideLiveness};
pub use config::HealthConfig;
pub use health::{Health, health_check};
pub use probes::{Details, ProbeResponse, Probes};
pub use registry_error::{RegisterError, UnknownCheck};
pub use report::{CheckReport, HealthReport, Phase};
pub use result::{CheckResult, IntoCheckResult};
pub use static_check::StaticCheck;
pub use status::{Criticality, FailureCategory, Kind, Status, UnknownWord};
pub use track::{Counts, Observation, Transition};

pub(crate) use health::refused_static_checks;

/// The page on health, so that its code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/health.md")]
mod page {}
