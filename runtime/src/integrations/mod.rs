//! Bridges to other crates, each behind a feature that is named after the crate.

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "http-1")]
pub mod http;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
#[cfg(feature = "reqwest-0_13")]
pub mod reqwest;
#[cfg(feature = "reqwest-middleware")]
pub mod reqwest_middleware;
#[cfg(feature = "tower")]
pub mod tower;
