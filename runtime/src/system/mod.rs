//! Start and shutdown of the error system: one call at the start of `main`, and a guard that shuts
//! everything down in order.
//!
//! The module comes with the feature `monitor`. Alerting, health checks and the journal of files have
//! settings where their features are on.

mod builder;
#[cfg(feature = "config")]
mod config_file;
#[cfg(feature = "config")]
mod configuration;
mod env;
mod init;
mod init_error;
#[cfg(feature = "config")]
mod live;
mod panic_hook;
mod report;
mod running;
mod settings;
mod shutdown;
mod start;
mod time_limit;
#[cfg(feature = "config-watch")]
mod watch;
#[cfg(feature = "config")]
mod without_effect;

pub use builder::{ErrorSystem, ErrorSystemBuilder};
#[cfg(feature = "config")]
pub use config_file::{Applied, ConfigFile};
#[cfg(feature = "config")]
pub use configuration::{ReloadError, Reloaded};
pub use init_error::{InitError, InitWarning};
pub use report::{PartReport, SystemReport};
pub use shutdown::ErrorSystemGuard;
pub use start::init_error_system;
