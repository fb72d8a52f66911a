//! The status of a fleet: counts, and what is wrong.

use std::{sync::Arc, time::Duration};

/// What a [`Fleet`](super::Fleet) has done in this process, and whether its store answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetStatus {
    /// The name of the fleet.
    pub fleet: Arc<str>,
    /// The name of this instance.
    pub instance: Arc<str>,
    /// How many breakers of the process share their state.
    pub breakers: usize,
    /// How many rate limiters of the process share their rate.
    pub limiters: usize,
    /// How many operations the store has answered.
    pub operations: u64,
    /// How many operations failed.
    pub failures: u64,
    /// How many updates of other instances arrived.
    pub updates: u64,
    /// How often this instance had the lease of a probe, renewals included.
    pub leases: u64,
    /// Whether updates arrive; while they do not, the state is read five times a second.
    pub is_listening: bool,
    /// For how long the store has been lost, which it is after a second without an answer; meanwhile every breaker
    /// decides by its [`StoreLoss`](super::StoreLoss).
    pub lost_for: Option<Duration>,
    /// The latest failure of the store, until it answers again.
    pub last_error: Option<String>,
}

impl FleetStatus {
    /// Returns `true` if the store answers.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::{Fleet, MemoryStore};
    ///
    /// let fleet = Fleet::builder("checkout").store(MemoryStore::new()).start()?;
    /// assert!(fleet.status().is_healthy());
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.lost_for.is_none()
    }
}
