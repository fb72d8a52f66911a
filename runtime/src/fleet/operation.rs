//! Operations on a store, and its replies.

use crate::breaker::{BreakerConfig, WindowKind};
use std::{sync::Arc, time::Duration};

/// One operation of an instance on the state that a fleet shares about one guard: a breaker or a rate limiter.
///
/// A [`Store`](super::Store) applies each operation as a whole: no other one comes between what it reads and what it
/// writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The name of the fleet, by default that of the service.
    pub fleet: Arc<str>,
    /// The name of the breaker or of the rate limiter, with its key: `payments[acme]`. A breaker and a limiter of one name
    /// share nothing.
    pub breaker: Arc<str>,
    /// The instance, an identifier that no other process has: the owner of a lease.
    pub instance: Arc<str>,
    /// The longest open time, whatever the state in the store says.
    pub longest_open: Duration,
    /// How long a lease lasts.
    pub lease_time: Duration,
    /// The action.
    pub action: Action,
}

/// The action of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Reads the state.
    Read,
    /// Adds outcomes, and opens the circuit if they reach a threshold.
    Report(Report),
    /// Asks for the lease of the probe, or for more time if the instance has it.
    Lease,
    /// Ends the lease.
    Settle {
        /// The outcome of the probe.
        outcome: ProbeOutcome,
        /// How long the circuit is open if the probe failed.
        open_for: Duration,
    },
    /// Reports permits of a rate limiter that were used, and takes others. A store that knows nothing of rate limits returns
    /// an error for it.
    Take(Take),
}

/// What an instance reports about a rate limiter, and asks for.
///
/// It is whole by itself: a store that has forgotten everything takes over what the instance holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Take {
    /// The number of the operation among those of its instance about its limiter, from 1. A store refuses one that comes
    /// after a later one.
    pub number: u64,
    /// The time that replaces one permit.
    pub interval: Duration,
    /// How many permits the whole fleet has after a quiet time.
    pub burst: u32,
    /// How many permits the instance has used since its last operation that was answered.
    pub used: u64,
    /// How many permits it holds; those that it gives back are not among them.
    pub held: u64,
    /// How many it wants to hold.
    pub want: u64,
    /// For how long the store keeps them for the instance without another operation. The instance uses none any longer by
    /// then.
    pub hold_time: Duration,
}

/// The outcome of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeOutcome {
    /// The circuit closes.
    Success,
    /// The circuit opens again.
    Failure,
    /// There was no outcome: another instance may have the lease.
    Released,
}

/// Outcomes of one instance since its last report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How many calls succeeded.
    pub success: u64,
    /// How many calls failed.
    pub failure: u64,
    /// How many calls were slow, whatever their outcome.
    pub slow: u64,
    /// How many calls of the instance failed in a row up to now, or before its own circuit opened.
    pub row: u32,
    /// What opens the circuit of the fleet.
    pub rule: Rule,
    /// How long the circuit is open if it opens by this report.
    pub open_for: Duration,
}

/// What opens the circuit of a fleet: the thresholds of the breaker, for the outcomes of all instances together.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// How many failures in a row open the circuit, if no other instance has reported a success within `agreement`.
    pub failure_threshold: Option<u32>,
    /// For how long a success of another instance prevents an opening by failures in a row.
    pub agreement: Duration,
    /// Over which calls the rates are computed.
    pub window: Option<WindowKind>,
    /// The share of failures that opens the circuit.
    pub failure_rate: Option<f64>,
    /// The share of slow calls that opens the circuit.
    pub slow_rate: Option<f64>,
    /// How many calls the window must hold before a rate is known.
    pub min_calls: u32,
}

impl Rule {
    /// Returns the rule of a breaker.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{breaker::CircuitBreaker, fleet::Rule};
    ///
    /// let breaker = CircuitBreaker::builder("payments").failure_threshold(3).build()?;
    /// let rule = Rule::of(&breaker.config());
    /// assert_eq!((rule.failure_threshold, rule.failure_rate), (Some(3), None));
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn of(config: &BreakerConfig) -> Self {
        Self {
            failure_threshold: config.failure_threshold,
            agreement: AGREEMENT,
            window: config.window,
            failure_rate: config.failure_rate,
            slow_rate: config.slow_rate,
            min_calls: config.min_calls,
        }
    }
}

/// An instance whose own network is broken must not open the circuit of those that get answers. Long enough that a
/// fleet with one call a second counts, and short beside the open time that it delays.
const AGREEMENT: Duration = Duration::from_secs(1);

/// The reply of a store to an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The state after the operation.
    pub state: SharedState,
    /// The result of a request for the lease; `None` for other operations, and where the circuit needs no probe.
    pub lease: Option<Lease>,
    /// Whether the operation changed the state: opened or closed the circuit.
    pub has_changed: bool,
    /// The permits of a rate limiter; `None` for operations on breakers.
    pub permits: Option<Permits>,
}

/// Permits of a rate limiter that the store has given to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permits {
    /// How many, beside those that the instance held.
    pub granted: u64,
    /// How many instances share the limiter, this one included.
    pub instances: u32,
    /// After which time the store has another one, if no instance takes it before: an estimate.
    pub next: Duration,
}

/// The result of a request for the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The instance has the lease for the lease time of its operation.
    Granted,
    /// Another instance has it, for so long at most.
    Held(Duration),
}

/// The state that a fleet shares about one breaker, at one moment of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedState {
    /// Grows with each change. Zero for a breaker that the store does not know.
    pub epoch: u64,
    /// The phase.
    pub phase: SharedPhase,
    /// How often recovery has failed since the circuit was last closed.
    pub reopened: u32,
    /// The instance that made the latest change.
    pub by: Option<Arc<str>>,
}

impl SharedState {
    /// The state of a breaker that the store does not know: closed.
    pub const UNKNOWN: Self = Self {
        epoch: 0,
        phase: SharedPhase::Closed,
        reopened: 0,
        by: None,
    };
}

/// The phase of a shared circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedPhase {
    /// Calls run.
    Closed,
    /// Calls are rejected.
    Open {
        /// For how long.
        remaining: Duration,
    },
    /// The open time is over: one instance at a time may probe.
    HalfOpen,
}
