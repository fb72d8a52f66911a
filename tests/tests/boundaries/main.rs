//! Guarantees of error boundaries and transactions.

mod by_hand;
mod error;
mod exits;
mod frames;
mod guards;
mod jumps;
mod nested;
mod once;
mod panics;
mod parity;
mod silent;
mod support;
mod transaction;
mod transaction_async;
