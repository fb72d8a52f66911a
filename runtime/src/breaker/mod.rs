//! Circuit breakers: stop calling a service that keeps failing, and find out when it is back.
//!
//! A service that is down makes its callers wait, hold threads and connections, and retry; soon
//! they are down too. A circuit breaker stands between: while *closed* it admits calls and counts
//! their outcomes; when too many fail it *opens* and rejects calls at once; after a while it is
//! *half-open* and admits a few probes, whose outcome closes or reopens it.
//!
//! [`CircuitBreaker`] is the handle, [`circuit_breakers`] the registry of named ones, and
//! `#[with_circuit_breaker]` the usual way to use both.

mod admission;
#[cfg(feature = "async")]
mod async_call;
mod builder;
mod cause;
mod classifier;
mod config;
#[cfg(feature = "config")]
mod configurable;
mod control;
mod counters;
mod event_queue;
mod handle;
mod history;
mod in_flight;
mod keyed;
mod locked;
mod observers;
mod opening;
#[cfg(feature = "tower")]
mod owned_call;
mod partial_config;
mod permit;
mod reading;
mod registry;
mod rows;
#[cfg(feature = "fleet")]
mod shared_breakers;
#[cfg(feature = "fleet")]
mod sharing;
mod shell;
mod snapshot;
mod state;
mod state_change;
mod state_word;
mod sync_call;
#[cfg(test)]
mod tests;
mod window;

pub use crate::event::breaker::{CircuitState, TransitionReason};
pub use crate::store_loss::StoreLoss;
pub use builder::BreakerBuilder;
pub use classifier::{ChainClassifier, Classifier, ErrorClassifier, FailurePredicate};
pub use config::{BreakerConfig, WindowKind};
#[cfg(feature = "config")]
pub(crate) use configurable::parse_window;
pub use control::ManualControl;
pub(crate) use handle::Identity;
pub use handle::{BreakerSubscription, CircuitBreaker, InvalidTransition};
#[cfg(feature = "tower")]
pub(crate) use owned_call::OwnedCall;
pub use permit::Permit;
pub(crate) use permit::{Admitted, Refused};
pub(crate) use reading::BreakerReading;
pub use registry::{BreakerRegistry, circuit_breakers};
#[cfg(feature = "fleet")]
pub(crate) use shared_breakers::{Joiner, take_all_in};
#[cfg(feature = "fleet")]
pub(crate) use sharing::{FleetChange, Link, LocalPhase, LocalState};
#[cfg(feature = "fleet")]
pub(crate) use shell::Shell;
pub use snapshot::{BreakerSnapshot, CallCounts, LastFailure};
pub use state_change::StateChange;
