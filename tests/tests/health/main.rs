//! Health checks through the public interface.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod breakers;
mod declared;
mod limits;
mod log;
mod memory;
mod model;
mod page;
mod parity;
mod probes;
mod runner;
mod support;
