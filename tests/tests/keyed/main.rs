//! Guards by key through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod attribute;
mod eviction;
mod health;
mod lookup;
mod races;
mod registry;
mod shown;
mod support;
