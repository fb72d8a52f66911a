//! Tests of the crate as a whole.

mod coverage;
mod stages;
