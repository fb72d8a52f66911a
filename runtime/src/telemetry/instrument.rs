//! Instruments: what can be measured, under which name and in which unit.

use crate::named::named;

/// The kind of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstrumentKind {
    /// A sum that only grows.
    Counter,
    /// A number of things at one moment; the numbers of several processes can be added.
    UpDownCounter,
    /// A value at one moment.
    Gauge,
}

named! {
    /// Returns the kind's name, for example `counter`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(gardefou::telemetry::InstrumentKind::UpDownCounter.name(), "updown_counter");
    /// ```
    InstrumentKind {
        Counter = "counter",
        UpDownCounter = "updown_counter",
        Gauge = "gauge",
    }
}

/// Labels of a series that its instrument gives: keys and values.
pub(crate) type FixedLabels = &'static [(&'static str, &'static str)];

/// One instrument of the catalogue.
///
/// Names and units follow the conventions of OpenTelemetry: dotted names in lower case, without
/// `total` and without the unit, which is `s` for seconds and `{call}` and so on for counts. Exporters
/// for Prometheus write `gardefou.bulkhead.wait_time` as `gardefou_bulkhead_wait_time`, with the
/// suffixes that they are configured to add.
///
/// # Examples
///
/// ```
/// use gardefou::telemetry::{InstrumentKind, instruments};
///
/// let all = instruments();
/// let calls = all.iter().find(|it| it.name() == "gardefou.circuit_breaker.calls").unwrap();
/// assert_eq!((calls.kind(), calls.unit()), (InstrumentKind::Counter, "{call}"));
/// assert_eq!(calls.labels(), ["name", "outcome"]);
/// assert_eq!(calls.values("outcome"), ["success", "failure", "ignored", "rejected"]);
/// assert!(calls.values("name").is_empty(), "the program's own");
/// ```
#[derive(Debug)]
pub struct Instrument {
    pub(crate) name: &'static str,
    pub(crate) kind: InstrumentKind,
    pub(crate) unit: &'static str,
    pub(crate) description: &'static str,
    /// The label whose values come from the program.
    pub(crate) subject: Option<&'static str>,
    /// One series for each element.
    pub(crate) series: &'static [FixedLabels],
}

impl Instrument {
    /// Returns the name, for example `gardefou.errors`.
    ///
    /// # Examples
    ///
    /// ```
    /// let all = gardefou::telemetry::instruments();
    /// assert!(all.iter().all(|instrument| instrument.name().starts_with("gardefou.")));
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the kind.
    ///
    /// # Examples
    ///
    /// ```
    /// use gardefou::telemetry::{InstrumentKind, instruments};
    ///
    /// let waiting = instruments().iter().find(|it| it.name() == "gardefou.bulkhead.waiting").unwrap();
    /// assert_eq!(waiting.kind(), InstrumentKind::UpDownCounter);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> InstrumentKind {
        self.kind
    }

    /// Returns the unit, in the notation of UCUM: `s`, `1`, or what is counted in braces.
    ///
    /// # Examples
    ///
    /// ```
    /// let all = gardefou::telemetry::instruments();
    /// let time = all.iter().find(|it| it.name() == "gardefou.circuit_breaker.time_in_state").unwrap();
    /// assert_eq!(time.unit(), "s");
    /// ```
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        self.unit
    }

    /// Returns what the instrument measures, as one sentence.
    ///
    /// # Examples
    ///
    /// ```
    /// let all = gardefou::telemetry::instruments();
    /// assert!(all.iter().all(|instrument| instrument.description().ends_with('.')));
    /// ```
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the keys of the labels that each series has.
    ///
    /// # Examples
    ///
    /// ```
    /// let all = gardefou::telemetry::instruments();
    /// let errors = all.iter().find(|it| it.name() == "gardefou.errors").unwrap();
    /// assert_eq!(errors.labels(), ["error.type", "severity"]);
    /// ```
    #[must_use]
    pub fn labels(&self) -> Vec<&'static str> {
        let fixed = self.series.first().copied().unwrap_or_default();
        let fixed = fixed.iter().map(|(key, _)| *key);
        self.subject.into_iter().chain(fixed).collect()
    }

    /// Returns the values of a label where they are a closed set; none of a label whose values come
    /// from the program.
    ///
    /// # Examples
    ///
    /// ```
    /// let all = gardefou::telemetry::instruments();
    /// let errors = all.iter().find(|it| it.name() == "gardefou.errors").unwrap();
    /// assert_eq!(errors.values("severity"), ["info", "warning", "error", "critical"]);
    /// assert!(errors.values("error.type").is_empty());
    /// ```
    #[must_use]
    pub fn values(&self, label: &str) -> Vec<&'static str> {
        let mut values = Vec::new();
        for (key, value) in self.series.iter().copied().flatten() {
            if *key == label && !values.contains(value) {
                values.push(*value);
            }
        }
        values
    }

    /// Returns `true` if values are nanoseconds here and seconds outside.
    pub(crate) fn is_time(&self) -> bool {
        self.unit == SECONDS
    }

    pub(crate) fn is_counter(&self) -> bool {
        self.kind == InstrumentKind::Counter
    }

    /// The label whose values come from the program.
    pub(crate) fn subject(&self) -> Option<&'static str> {
        self.subject
    }

    pub(crate) fn series(&self) -> &'static [FixedLabels] {
        self.series
    }
}

pub(crate) const SECONDS: &str = "s";
