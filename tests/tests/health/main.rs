//! Health checks from outside; each test names the behaviour, and the case or parity line that it stands for.

mod limits;
mod model;
mod parity;
mod runner;
