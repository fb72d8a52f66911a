//! Bridges to other crates, each behind a feature that is named after the crate.

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "reqwest-0_13")]
pub mod reqwest;
