//! Attributes: their effect on functions.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "how arguments are passed is what is tested"
)]

mod audit;
mod breaker;
mod combined_breaker_keys;
mod combined_retry_keys;
mod guarded_functions;
mod handling;
mod hygiene;
mod keys;
mod order;
mod retry;
mod retry_arguments;
mod retry_with_breaker;
mod shapes;
mod shared;
mod size;
mod support;
