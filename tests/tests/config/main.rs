//! Configuration files: what is wrong with them, which setting comes first, and reloads.

#![expect(clippy::unwrap_used, reason = "these helpers belong to tests")]

mod adaptive;
mod at_once;
mod attributes;
mod by_key;
mod docs;
mod fleet;
mod keys;
mod patterns;
mod precedence;
mod reload;
mod secrets;
mod system;
mod watch;
mod wrong;
