//! Configuration from environment variables.

#[cfg(feature = "alerts")]
mod alerts;
mod from_env;
mod variables;

#[cfg(feature = "config")]
pub(super) use from_env::configure_from;
#[cfg(all(test, feature = "config"))]
pub(super) use variables::ALL;
#[cfg(feature = "config")]
pub(super) use variables::settings_of_process;
