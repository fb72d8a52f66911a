//! What the attributes do to functions, seen from outside.

mod breaker;
mod handling;
mod listed;
mod order;
mod retry;
mod retry_with_breaker;
mod size;
mod support;
