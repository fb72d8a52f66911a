//! Metrics: one catalogue of instruments, which the bridges to the crates `metrics` and
//! `opentelemetry` publish.
//!
//! Guards count what happens to them anyway, each thread for itself, and a scrape reads those numbers:
//! a call pays nothing for it. [`instruments`] lists what there is, with kind, unit and labels;
//! [the guide](crate::guide::metrics) has the same as a page.
//!
//! Every series of a guard is there, at zero, as soon as the guard is: guards of attributes from the
//! start of the program, before their first call. The series of a guard that was removed from its
//! registry are published no more. Counters never go down, whatever is cleared, evicted or made anew.
//!
//! The values of the label `name` come from the program, so their number is bounded: see
//! [`limit_names`].
//!
//! [`histograms`] returns the durations of calls and waits, by guard, for a page of your own, and
//! [`ForeignReader`] reads what code of the program may never return.

mod accumulator;
mod catalogue;
mod collector;
mod declared;
mod histograms;
mod instrument;
#[cfg(feature = "monitor")]
mod journal;
mod sources;

pub use crate::foreign::{ForeignReader, LastKnown};
pub use catalogue::instruments;
pub use collector::limit_names;
pub use histograms::{Histogram, Measured, histograms};
pub use instrument::{Instrument, InstrumentKind};

pub(crate) use catalogue::Source;
#[cfg(feature = "monitor")]
pub(crate) use collector::configure_names;
pub(crate) use collector::{Row, collect};
