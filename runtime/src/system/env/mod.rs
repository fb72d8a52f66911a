//! Configuration from environment variables.

#[cfg(feature = "alerts")]
mod alerts;
mod from_env;
mod variables;
