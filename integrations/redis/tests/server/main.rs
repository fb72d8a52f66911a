//! The store on a real server. Each test starts one of its own on loopback: the program that the variable
//! `GARDEFOU_TEST_REDIS` names, `redis-server` or `valkey-server`. Without it nothing is tested here, and each test says so.

#![expect(clippy::print_stderr, reason = "a test says what it leaves out")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod failures;
mod fleets;
mod limits;
mod processes;
mod script;
mod servers;
