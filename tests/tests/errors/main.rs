//! The error model, seen from outside.
#![expect(clippy::unwrap_used, reason = "helpers of tests unwrap as tests do")]

mod classes;
mod coded;
mod codes;
mod foreign;
mod http;
mod macros;
mod model;
mod redaction;
mod secrets;
mod support;
mod views;
