//! Where errors end: the one reporting path, error boundaries and transactions.

mod level;
mod operation;
mod report;

pub use level::{InvalidLogLevel, LogLevel};
pub use operation::{Entry, Operation};
pub use report::report;

pub(crate) use report::{Report, swallowed};
