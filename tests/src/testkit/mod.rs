//! Helpers that several test binaries share.
//!
//! The counter of allocations is not here: it replaces the allocator of every program that links
//! it, and stands in the one binary that counts.

pub mod child;
pub mod events;
pub mod journal;
pub mod lock;
pub mod log;
pub mod poll;
#[cfg(feature = "async")]
pub mod runtime;
pub mod store;
pub mod wait;
