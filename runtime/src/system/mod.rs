//! Start and shutdown of the whole: one call at the beginning of `main`, one guard that ends it in
//! order.

mod builder;
mod env;
mod guard;
mod guarded;
mod init;
mod init_error;
mod panic_hook;
mod shutdown;
mod within;

pub use builder::{ErrorSystem, ErrorSystemBuilder};
pub use guard::ErrorSystemGuard;
#[doc(hidden)]
pub use guarded::Registered;
pub use guarded::{GuardedFunction, guarded_functions};
pub use init::init_error_system;
pub use init_error::{InitError, InitWarning};
pub use shutdown::{FlushReport, PartReport, ShutdownReport};
