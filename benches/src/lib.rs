//! The benchmarks of gardefou: what a guard costs, measured beside a bare call and beside the least
//! that its work can cost. Plain tables; the minimum of many short samples, because on a shared
//! machine everything but the minimum measures the neighbours.
#![expect(clippy::print_stdout, reason = "the table is the product")]

pub mod boundary;
pub mod breaker;
pub mod bulkhead;
mod clock;
pub mod guards;
pub mod keyed;
pub mod limits;
mod measure;
pub mod rate_limit;
pub mod retry;
mod runtime;

pub use clock::StandingClock;
pub use measure::{Row, Table, once, one_thread, polled, two_threads};
pub use runtime::enter;
