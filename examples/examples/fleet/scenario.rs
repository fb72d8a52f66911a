//! What happens to a fleet.

use std::{ops::Range, time::Duration};

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) instances: usize,
    /// Calls of each instance per second, at random moments.
    pub(crate) calls: f64,
    /// Whether the breakers share their state.
    pub(crate) is_shared: bool,
    /// Whether changes are published.
    pub(crate) publishes: bool,
    /// When the dependency is down, for all.
    pub(crate) outage: Range<Duration>,
    /// How many instances do not reach the dependency, whether or not it is up.
    pub(crate) broken: usize,
    /// How many instances do not reach the store, and when.
    pub(crate) cut: usize,
    pub(crate) cut_off: Range<Duration>,
    pub(crate) length: Duration,
}

const OUTAGE: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(70);
const LENGTH: Duration = Duration::from_secs(100);
const NEVER: Range<Duration> = Duration::ZERO..Duration::ZERO;

impl Scenario {
    const fn outage(name: &'static str, instances: usize, is_shared: bool) -> Self {
        Self {
            name,
            instances,
            calls: 1.0,
            is_shared,
            publishes: true,
            outage: OUTAGE,
            broken: 0,
            cut: 0,
            cut_off: NEVER,
            length: LENGTH,
        }
    }

    /// Everything that the page shows, in its order.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for instances in [10, 100, 1000] {
            all.push(Self::outage("alone", instances, false));
            all.push(Self::outage("shared", instances, true));
        }
        all.push(Self {
            publishes: false,
            ..Self::outage("shared, without updates", 1000, true)
        });
        all.push(Self {
            cut: 500,
            cut_off: Duration::ZERO..LENGTH,
            ..Self::outage("shared, half without the store", 1000, true)
        });
        all.push(Self {
            cut: 1000,
            cut_off: Duration::from_secs(30)..Duration::from_secs(50),
            ..Self::outage("shared, store gone for 20 s", 1000, true)
        });
        all.push(Self {
            broken: 10,
            outage: NEVER,
            ..Self::outage("shared, no outage, ten instances broken", 1000, true)
        });
        all.push(Self {
            broken: 1,
            outage: NEVER,
            ..Self::outage("shared, no outage, one of three broken", 3, true)
        });
        all
    }
}
