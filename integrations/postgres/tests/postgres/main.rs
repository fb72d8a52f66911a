//! The shipper and the reader against a real server, which `tests/real/postgres/run` starts; left out
//! without one.

#![allow(unreachable_pub, reason = "modules of a test")]
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod crashes;
mod days;
mod fleet;
mod instances;
mod records;
mod support;
