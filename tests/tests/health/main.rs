//! Health checks from outside; each test names the behaviour, and the case or parity line that it stands for.

mod declared;
mod limits;
mod model;
mod parity;
mod probes;
mod runner;
