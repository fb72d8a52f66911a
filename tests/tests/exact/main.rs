//! Each error is logged, counted and journalled exactly once per occurrence, whatever runs beside
//! it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod breakers;
mod cases;
mod model;
mod retry;
mod support;
