//! Fleets: circuit breakers of several processes that share what they know of a dependency, and rate limits that they keep
//! together.
//!
//! When a service runs on fifty machines, each of them learns for itself that a dependency is down, and each sends its
//! own probe to it. A breaker that is [shared](crate::breaker::BreakerBuilder::shared) still decides by itself, without
//! waiting, and exchanges hints with those of the same name in other processes through a [`Store`]: counts of outcomes,
//! the end of an open time, and one lease for the probe. [`Fleet`] connects the breakers of a process to the
//! store; the crate `gardefou-redis` has a store on Redis, and [`MemoryStore`] is one for tests.
//!
//! - *Closed.* A call is the same as without a fleet. Ten times a second at most the counts of a breaker that had calls
//!   are added up in the store, which opens the circuit of the fleet once they reach the breaker's own thresholds.
//! - *Open.* Every instance holds its breaker open for what is left of the open time.
//! - *Half-open.* One instance at a time has the lease, and with it the probe. The lease of a process that was killed
//!   expires.
//! - *Without a store.* Each breaker decides alone, or as [`StoreLoss`] of the guard says. Nothing waits for a store,
//!   except that the call which finds an open time over may wait for the lease, 50 ms at most.
//!
//! A [shared](crate::rate_limit::RateLimiterBuilder::shared) rate limiter takes permits from the store before calls use them, so
//! that no call waits and the fleet never exceeds its limit.
//!
//! Shared state makes a fleet open sooner and probe less. It is not a lock: see the [page](crate::guide::fleet).
//!
//! In the code, `circuit` is the pure state of one breaker in a store, `member` the pure state of one breaker in a process,
//! `probe_lease` is its lease, `limit` and `limit_member` are those of a rate limiter, `pacing` limits the operations of a member, `driver` moves outcomes
//! and decisions between guards and members, `joined` is what it does to a breaker, `joined_limits` what it does to a
//! limiter, `link` is what a guard knows of it, and `handle` runs a driver and a
//! store on two threads.

mod builder;
mod circuit;
mod driver;
mod handle;
mod joined;
mod joined_limits;
mod limit;
mod limit_member;
mod link;
mod member;
mod memory;
mod operation;
mod pacing;
mod probe_lease;
mod status;
mod store;
mod store_state;
#[cfg(all(test, not(loom)))]
mod tests;

pub use crate::breaker::StoreLoss;
pub use builder::FleetBuilder;
pub use driver::{Batch, Driver};
pub use handle::{Fleet, status};
pub use memory::MemoryStore;
pub use operation::{
    Action, Lease, Operation, Permits, ProbeOutcome, Reply, Report, Rule, SharedPhase, SharedState,
    Take,
};
pub use status::FleetStatus;
pub use store::{Store, StoreError, Update, Updates};
