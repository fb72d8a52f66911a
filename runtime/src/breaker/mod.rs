//! Circuit breakers: when a callee fails again and again, stop calling it for a while.
//!
//! A service that is down makes its callers wait, hold threads and connections, and retry; soon
//! they are down too. A circuit breaker stands between: while *closed* it lets calls through and
//! counts what becomes of them; when too many fail it *opens* and rejects calls at once; after a
//! while it is *half-open* and lets a few probes through, whose outcome closes or reopens it.
//!
//! [`CircuitBreaker`] is the handle, [`circuit_breakers`] the registry of named ones, and
//! `#[with_circuit_breaker]` the usual way to use both.

#[doc(hidden)]
mod admitted;
mod builder;
mod cause;
mod classifier;
mod config;
mod control;
mod counters;
mod draft;
#[cfg(feature = "async")]
mod guarded;
mod handle;
mod identity;
mod in_flight;
mod locked;
#[cfg(all(test, loom))]
mod loom_models;
#[cfg(all(test, not(loom)))]
mod model;
mod observers;
mod permit;
mod registry;
mod seconds;
mod shared;
mod snapshot;
mod state;
mod threads;
mod ticket;
mod window;
mod word;

pub use crate::event::breaker::{CircuitState, TransitionReason};
#[doc(hidden)]
pub use admitted::{Admitted, Refused};
pub use builder::BreakerBuilder;
pub use classifier::{ChainClassifier, Classifier, ErrorClassifier, FailurePredicate};
pub use config::{BreakerConfig, WindowKind};
pub use control::ManualControl;
#[cfg(feature = "async")]
#[doc(hidden)]
pub use guarded::Guarded;
pub use handle::{CircuitBreaker, InvalidTransition};
pub(crate) use identity::Identity;
pub use observers::BreakerSubscription;
pub use permit::Permit;
pub use registry::{BreakerRegistry, circuit_breakers};
pub use snapshot::{Counts, LastFailure, Snapshot};
