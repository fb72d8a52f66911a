//! Configuration from environment variables.

mod alerts;
mod from_env;
mod variables;
