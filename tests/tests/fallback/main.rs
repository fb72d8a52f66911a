//! Fallbacks through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod attribute;
mod by_hand;
