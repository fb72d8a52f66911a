//! Start and shutdown of the error system. The tests run one at a time, since a process has one system.

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
mod without_subscriber;
