//! Configuration files: what is wrong with them, which setting comes first, and reloads.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod attributes;
mod docs;
mod keys;
mod patterns;
mod precedence;
mod reload;
mod secrets;
mod watch;
mod wrong;
