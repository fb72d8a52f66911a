//! Health checks from outside; each test names the behaviour, and the case or parity line that it stands for.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may panic")]

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
