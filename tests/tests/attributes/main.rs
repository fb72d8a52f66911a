//! What the attributes do to functions, seen from outside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "how arguments are passed is what is tested"
)]

mod audit;
mod breaker;
mod handling;
mod hygiene;
mod keys;
mod keys_of_both;
mod listed;
mod order;
mod retry;
mod retry_with_breaker;
mod shapes;
mod size;
mod support;
