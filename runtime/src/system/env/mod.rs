//! Settings from environment variables.

mod alerts;
mod names;
mod settings;
mod variables;
