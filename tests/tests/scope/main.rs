//! Scopes for tests: what a test has for itself, and what stays with the process.

mod apart;
mod carried;
mod entering;
mod journal;
mod support;
mod time;
