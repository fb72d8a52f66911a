//! Classification into silence, speech, music and noise by loudness and zero crossings alone.
//!
//! A coarse classifier with fixed rules, meant to be understood at a glance: [`Meter`] measures a
//! recording window by window, [`Features`] sums the measurements up, and [`Class::of`] applies the
//! thresholds that are written there.

mod class;
mod features;
mod meter;
#[cfg(test)]
mod tests;

pub(crate) use class::Class;
pub(crate) use features::Features;
pub(crate) use meter::Meter;
