//! The instruments of the store of a fleet.

use super::series::{instrument, single};
use crate::telemetry::instrument::{
    Instrument,
    InstrumentKind::{Counter, Gauge, UpDownCounter},
};

pub(super) const OPERATIONS: Instrument = instrument(
    "gardefou.state_store.operations",
    Counter,
    "{operation}",
    None,
    &[&[("outcome", "success")], &[("outcome", "failure")]],
    "Operations on the store of the fleet, by outcome.",
);

pub(super) const UPDATES: Instrument = single(
    "gardefou.state_store.updates",
    Counter,
    "{update}",
    "Changes of other instances that the store passed on.",
);

pub(super) const LEASES: Instrument = single(
    "gardefou.state_store.leases",
    Counter,
    "{lease}",
    "Leases of a probe that this instance had, renewals included.",
);

pub(super) const BREAKERS: Instrument = single(
    "gardefou.state_store.breakers",
    UpDownCounter,
    "{circuit_breaker}",
    "Circuit breakers that share their state.",
);

pub(super) const HEALTHY: Instrument = single(
    "gardefou.state_store.healthy",
    Gauge,
    "1",
    "1 if the store answers, 0 while it is lost.",
);
