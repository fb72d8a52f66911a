//! Fleets on a manual clock: each instance has a breaker and a driver, and the store answers at once.

mod circuit;
mod loss;
mod opening;
mod probes;
mod world;
