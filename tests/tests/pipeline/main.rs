//! Several policies around one call, through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod by_hand;
mod resilient;
