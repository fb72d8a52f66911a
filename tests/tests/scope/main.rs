//! Scopes for tests, and what the process keeps.

mod apart;
mod carried;
mod entering;
mod journal;
mod support;
mod time;
