//! Guard rails for functions: circuit breakers, retries, error boundaries, error monitoring and health checks, mostly
//! by annotating functions.

pub mod breaker;
pub mod classify;
pub mod error;
pub mod event;
pub mod retry;
mod rng;
mod sync;
pub mod time;

pub mod alerts;
pub mod boundary;
pub mod health;
pub mod monitor;
pub mod system;

pub mod integrations;

#[doc(hidden)]
pub mod __private;

pub use boundary::report;
pub use breaker::circuit_breakers;
pub use error::{AppError, ConfigError, ErrorCode, Rejection, ResultExt};
pub use gardefou_macros::{
    enhanced_error_handling, error_boundary, health_check, retry, retry_with_circuit_breaker, transaction_boundary,
    with_circuit_breaker,
};
pub use health::health_check;
pub use monitor::error_monitor;
pub use system::{ErrorSystem, ErrorSystemGuard, InitError, guarded_functions, init_error_system};

/// `Result` with [`AppError`] as the error type unless another is named.
pub type Result<T, E = AppError> = std::result::Result<T, E>;
