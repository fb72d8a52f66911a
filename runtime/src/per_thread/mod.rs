//! Values of which each thread writes its own, so that threads which count at once share no cache
//! line.

mod counters;
mod durations;
mod slots;

pub(crate) use counters::Counters;
pub(crate) use durations::{
    BOUNDS, BUCKETS, Durations, DurationsReading, LazyDurations, SharedDurations, number_of, sum_of,
};
pub(crate) use slots::{PerThread, current};
