//! Series of the instruments of the table: labels and their closed sets of values.

use crate::telemetry::instrument::{FixedLabels, Instrument, InstrumentKind, SECONDS};

/// Makes an instrument.
pub(super) const fn instrument(
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    subject: Option<&'static str>,
    series: &'static [FixedLabels],
    description: &'static str,
) -> Instrument {
    Instrument {
        name,
        kind,
        unit,
        description,
        subject,
        series,
    }
}

/// Makes an instrument with one series.
pub(super) const fn single(
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    description: &'static str,
) -> Instrument {
    instrument(name, kind, unit, None, ONE, description)
}

/// Makes an instrument with one series for each guard.
pub(super) const fn of_name(
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    description: &'static str,
) -> Instrument {
    instrument(name, kind, unit, NAME, ONE, description)
}

/// Makes a counter of time with one series for each guard.
pub(super) const fn time_of_name(name: &'static str, description: &'static str) -> Instrument {
    of_name(name, InstrumentKind::Counter, SECONDS, description)
}

/// Makes an instrument with one series for each channel.
pub(super) const fn of_channel(
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    description: &'static str,
) -> Instrument {
    instrument(name, kind, unit, CHANNEL, ONE, description)
}

/// Makes an instrument with one series for each check.
pub(super) const fn of_check(
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    description: &'static str,
) -> Instrument {
    instrument(name, kind, unit, CHECK, ONE, description)
}

/// Makes an instrument with the buckets of a histogram for each guard.
pub(super) const fn histogram(
    name: &'static str,
    unit: &'static str,
    description: &'static str,
) -> Instrument {
    instrument(
        name,
        InstrumentKind::Counter,
        unit,
        NAME,
        BUCKETS,
        description,
    )
}

/// The one series of an instrument without labels of a closed set.
const ONE: &[FixedLabels] = &[&[]];
pub(super) const NAME: Option<&str> = Some("name");
pub(super) const CHANNEL: Option<&str> = Some("channel");
pub(super) const CHECK: Option<&str> = Some("check");

pub(super) const STATES: &[FixedLabels] = &[
    &[("state", "closed")],
    &[("state", "open")],
    &[("state", "half_open")],
    &[("state", "forced_open")],
    &[("state", "disabled")],
];

/// Buckets of durations in seconds, each with those of all shorter ones: the bounds of
/// `per_thread::Durations`.
const BUCKETS: &[FixedLabels] = &[
    &[("le", "0.001")],
    &[("le", "0.005")],
    &[("le", "0.01")],
    &[("le", "0.025")],
    &[("le", "0.05")],
    &[("le", "0.1")],
    &[("le", "0.25")],
    &[("le", "0.5")],
    &[("le", "1")],
    &[("le", "2.5")],
    &[("le", "5")],
    &[("le", "10")],
    &[("le", "+Inf")],
];
