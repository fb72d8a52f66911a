//! The catalogue: every instrument, and which of them one source has values for.

mod durations;
mod series;
mod state_store;
mod table;

use super::instrument::Instrument;
use table::INSTRUMENTS;

/// Returns every instrument, in the order of [the page](crate::guide::metrics) that documents them.
///
/// Those of features that are off, and of parts that are not used, are in it and have no series.
///
/// # Examples
///
/// ```
/// use std::collections::BTreeSet;
///
/// let all = gardefou::telemetry::instruments();
/// let names: BTreeSet<_> = all.iter().map(|instrument| instrument.name()).collect();
/// assert_eq!(names.len(), all.len());
/// ```
#[must_use]
pub fn instruments() -> &'static [Instrument] {
    &INSTRUMENTS
}

/// What one kind of source is measured by: consecutive instruments of the catalogue, whose series have
/// their values in the same order in each [`Row`](super::Row).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    CircuitBreaker,
    Bulkhead,
    RateLimiter,
    Retry,
    RetryBudget,
    Hedge,
    BreakerDurations,
    RetryDurations,
    HedgeDurations,
    TimeoutDurations,
    BulkheadDurations,
    RateLimiterDurations,
    BulkheadWaits,
    RateLimiterWaits,
    Errors,
    Journal,
    Alerts,
    Channel,
    HealthCheck,
    StateStore,
}

impl Source {
    pub(crate) const ALL: [Self; 20] = [
        Self::CircuitBreaker,
        Self::Bulkhead,
        Self::RateLimiter,
        Self::Retry,
        Self::RetryBudget,
        Self::Hedge,
        Self::BreakerDurations,
        Self::RetryDurations,
        Self::HedgeDurations,
        Self::TimeoutDurations,
        Self::BulkheadDurations,
        Self::RateLimiterDurations,
        Self::BulkheadWaits,
        Self::RateLimiterWaits,
        Self::Errors,
        Self::Journal,
        Self::Alerts,
        Self::Channel,
        Self::HealthCheck,
        Self::StateStore,
    ];

    /// The number of instruments of each source, in the order of `ALL`.
    const LENGTHS: [usize; 20] = [7, 6, 5, 2, 2, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 3, 3, 5, 4, 5];

    /// Returns the index of its first instrument.
    pub(crate) fn first(self) -> usize {
        Self::LENGTHS[..self as usize].iter().sum()
    }

    /// Returns its instruments.
    pub(crate) fn instruments(self) -> &'static [Instrument] {
        let first = self.first();
        &INSTRUMENTS[first..first + Self::LENGTHS[self as usize]]
    }

    /// Iterates over the instrument of each value of a row.
    pub(super) fn columns(self) -> impl Iterator<Item = &'static Instrument> {
        let instruments = self.instruments().iter();
        instruments.flat_map(|instrument| instrument.series.iter().map(move |_| instrument))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::instrument::FixedLabels;
    use std::collections::BTreeSet;

    #[test]
    fn each_instrument_belongs_to_one_source() {
        let all: usize = Source::ALL.iter().map(|it| it.instruments().len()).sum();
        assert_eq!(all, INSTRUMENTS.len());
        for source in Source::ALL {
            let subjects: BTreeSet<_> = source.instruments().iter().map(|it| it.subject).collect();
            assert_eq!(subjects.len(), 1, "{source:?}");
        }
    }

    #[test]
    fn names_and_units_follow_the_conventions() {
        for instrument in instruments() {
            let name = instrument.name;
            let parts: Vec<&str> = name.split('.').collect();
            assert_eq!(parts[0], "gardefou");
            for part in &parts {
                let is_plain = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(!part.is_empty() && part.chars().all(is_plain), "{name}");
            }
            assert!(
                !name.ends_with("total") && !name.ends_with("seconds"),
                "{name}"
            );
            let unit = instrument.unit;
            let is_annotated = unit.starts_with('{') && unit.ends_with('}');
            assert!(is_annotated || ["s", "1"].contains(&unit), "{name}: {unit}");
            let prefix = format!("{name}.");
            assert!(
                instruments()
                    .iter()
                    .all(|other| !other.name.starts_with(&prefix)),
                "{name} is a name and a namespace"
            );
            let keys = |labels: &FixedLabels| labels.iter().map(|it| it.0).collect::<Vec<_>>();
            let first = keys(&instrument.series[0]);
            assert!(instrument.series.iter().all(|labels| keys(labels) == first));
        }
    }
}
