//! Guards by key through the public API.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod attribute;
mod budget;
mod budget_attribute;
mod bulkhead;
mod eviction;
mod health;
mod lookup;
mod races;
mod rate_limit;
mod registry;
mod shown;
mod support;
