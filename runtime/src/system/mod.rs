//! Start and shutdown of the whole: one call at the beginning of `main`, one guard that ends it in
//! order.

mod builder;
mod env;
mod guard;
mod init;
mod init_error;
mod panic_hook;
mod shutdown;
mod within;

#[doc(hidden)]
pub use crate::guarded::Registered;
pub use crate::guarded::{GuardedFunction, guarded_functions};
pub use builder::{ErrorSystem, ErrorSystemBuilder};
pub use guard::ErrorSystemGuard;
pub use init::init_error_system;
pub use init_error::{InitError, InitWarning};
pub use shutdown::{FlushReport, PartReport, ShutdownReport};
