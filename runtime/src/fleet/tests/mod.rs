//! Fleets on a manual clock: each instance has a breaker and a driver, and the store answers at once.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod circuit;
mod late;
mod limit_faults;
mod limit_world;
mod limits;
mod loss;
mod membership;
mod opening;
mod panics;
mod probes;
mod world;
