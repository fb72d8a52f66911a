//! Builder of fleets.

use super::{driver::Driver, handle::Fleet, store::Store};
use crate::{
    error::ConfigError,
    event::Origin,
    name,
    rng::{self, Rng},
    time::{Clock, SharedClock},
};
use std::{fmt, process, sync::Arc, time::Duration};

/// The settings of a [`Fleet`].
///
/// # Defaults
///
/// | setting | default | legal range |
/// | --- | --- | --- |
/// | name | none; the argument of [`Fleet::builder`] | 1 to 128 bytes of printable characters |
/// | `store` | none: required to start | |
/// | `instance` | the host, the process id and a random number | 1 to 128 bytes of printable characters |
/// | `lease_time` | 5 s | 100 ms to 1 h |
/// | `probe_wait` | 50 ms | up to 50 ms; zero never waits |
///
/// A value outside its range is a [`ConfigError`] of [`start`](Self::start).
#[derive(Clone)]
#[must_use = "a builder does nothing until it is started"]
pub struct FleetBuilder {
    fleet: Arc<str>,
    instance: Arc<str>,
    lease_time: Duration,
    probe_wait: Duration,
    store: Option<Arc<dyn Store>>,
    clock: Option<SharedClock>,
    seed: Option<u64>,
}

const LEASE_TIME: Duration = Duration::from_secs(5);
const SHORTEST_LEASE: Duration = Duration::from_millis(100);
const LONGEST_LEASE: Duration = Duration::from_secs(3600);
const PROBE_WAIT: Duration = Duration::from_millis(50);
const LONGEST_NAME: usize = 128;

impl FleetBuilder {
    pub(super) fn new(fleet: &str) -> Self {
        Self {
            fleet: fleet.into(),
            instance: default_instance().into(),
            lease_time: LEASE_TIME,
            probe_wait: PROBE_WAIT,
            store: None,
            clock: None,
            seed: None,
        }
    }

    /// Sets where the fleet shares its state.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::{Fleet, MemoryStore};
    ///
    /// let fleet = Fleet::builder("checkout").store(MemoryStore::new()).start()?;
    /// assert_eq!(&*fleet.status().fleet, "checkout");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets the name of this instance, the owner of its leases. It must differ from that of every other process, also
    /// from that of a later one on the same host.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let driver = Fleet::builder("checkout").instance("host-1/4711").driver()?;
    /// assert_eq!(&*driver.status().instance, "host-1/4711");
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = name.into().into();
        self
    }

    /// Sets how long the lease of a probe lasts. While a probe runs, its lease is extended; if this instance is killed,
    /// another one may probe once the lease has expired.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    /// use std::time::Duration;
    ///
    /// let err = Fleet::builder("checkout").lease_time(Duration::ZERO).driver().unwrap_err();
    /// assert!(err.to_string().contains("lease_time"));
    /// ```
    pub fn lease_time(mut self, time: Duration) -> Self {
        self.lease_time = time;
        self
    }

    /// Sets how long a call that finds an open time over waits for the lease. One call waits at a time, and none on the
    /// threads of an async runtime; the others are rejected.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    /// use std::time::Duration;
    ///
    /// assert!(Fleet::builder("checkout").probe_wait(Duration::ZERO).driver().is_ok());
    /// let err = Fleet::builder("checkout").probe_wait(Duration::from_secs(1)).driver().unwrap_err();
    /// assert!(err.to_string().contains("probe_wait"));
    /// ```
    pub fn probe_wait(mut self, limit: Duration) -> Self {
        self.probe_wait = limit;
        self
    }

    /// Sets the clock by which a [`Driver`] measures; the system's by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::{fleet::Fleet, time::ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// let driver = Fleet::builder("checkout").clock(clock.clone()).driver()?;
    /// # drop(driver);
    /// # Ok::<(), gardefou::ConfigError>(())
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(SharedClock::new(clock));
        self
    }

    /// Makes the random parts of waits reproducible, for tests and simulations.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// assert!(Fleet::builder("checkout").seed(7).driver().is_ok());
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the fleet on two threads of its own: breakers [join](Fleet::join) it.
    ///
    /// Neither this method nor a closed circuit waits for the store. A store that cannot be reached is tried again, after
    /// waits of up to five seconds.
    ///
    /// # Errors
    ///
    /// A setting is outside its range, there is no store, or a thread cannot be spawned.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let err = Fleet::builder("checkout").start().unwrap_err();
    /// assert!(err.to_string().contains("store"));
    /// ```
    pub fn start(mut self) -> Result<Fleet, ConfigError> {
        let store = self.store.take().ok_or_else(|| {
            ConfigError::new(
                "store",
                "none",
                "must be set: where the fleet shares its state",
            )
        })?;
        Fleet::new(self.driver()?, store)
    }

    /// Makes an instance without threads, to drive by hand.
    ///
    /// # Errors
    ///
    /// A setting is outside its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::fleet::Fleet;
    ///
    /// let err = Fleet::builder("").driver().unwrap_err();
    /// assert!(err.to_string().contains("must not be empty"));
    /// ```
    pub fn driver(self) -> Result<Driver, ConfigError> {
        let mut problems = Vec::new();
        problems.extend(name::problem("name", &self.fleet, LONGEST_NAME));
        problems.extend(name::problem("instance", &self.instance, LONGEST_NAME));
        if !(SHORTEST_LEASE..=LONGEST_LEASE).contains(&self.lease_time) {
            let value = format_args!("{:?}", self.lease_time);
            problems.push(ConfigError::new(
                "lease_time",
                value,
                "must be from 100 ms to 1 h",
            ));
        }
        if self.probe_wait > PROBE_WAIT {
            let value = format_args!("{:?}", self.probe_wait);
            problems.push(ConfigError::new(
                "probe_wait",
                value,
                "must be at most 50 ms",
            ));
        }
        if let Some(problem) = ConfigError::join(problems) {
            return Err(problem);
        }
        let rng = self.seed.map_or_else(Rng::from_entropy, Rng::seeded);
        Ok(Driver::new(self, rng))
    }

    pub(super) fn fleet_name(&self) -> &Arc<str> {
        &self.fleet
    }

    pub(super) fn instance_name(&self) -> &Arc<str> {
        &self.instance
    }

    pub(super) fn lease(&self) -> Duration {
        self.lease_time
    }

    pub(super) fn wait(&self) -> Duration {
        self.probe_wait
    }

    pub(super) fn shared_clock(&self) -> SharedClock {
        self.clock.clone().unwrap_or_default()
    }
}

impl fmt::Debug for FleetBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetBuilder")
            .field("fleet", &self.fleet)
            .field("instance", &self.instance)
            .field("lease_time", &self.lease_time)
            .field("probe_wait", &self.probe_wait)
            .finish_non_exhaustive()
    }
}

/// Returns a name that no other process has.
fn default_instance() -> String {
    let here = Origin::default().on_this_host();
    let host = here.entries().find(|(key, _)| *key == "host");
    let host: String = host
        .map_or("host", |(_, name)| name)
        .chars()
        .take(64)
        .collect();
    format!("{host}/{}/{:08x}", process::id(), rng::next_u64() as u32)
}
