//! Start and shutdown of the whole, each test in turn: there is one system in a process.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without may panic"
)]

mod clashes;
mod environment;
mod init;
mod journal;
mod shutdown;
mod support;
mod unheard;
