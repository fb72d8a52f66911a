//! Health checks from outside; each test names the behaviour.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without may panic"
)]

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
