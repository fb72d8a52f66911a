//! The store on a real server. Each test starts one of its own on loopback: the program that the variable
//! `GARDEFOU_TEST_REDIS` names, `redis-server` or `valkey-server`. Without it nothing is tested here, and each test says so.

mod failures;
mod fleets;
mod processes;
mod script;
mod servers;
