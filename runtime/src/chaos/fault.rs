//! Faults: what is injected in place of a call, or before it.

use crate::error::ErrorCode;
use std::{fmt, time::Duration};

/// What a rule injects.
///
/// # Examples
///
/// ```
/// use gardefou::{ErrorCode, chaos::Fault};
/// use std::time::Duration;
///
/// assert_eq!(Fault::Hang.to_string(), "hang");
/// assert_eq!(Fault::Latency(Duration::from_millis(500)).to_string(), "latency of 500ms");
/// assert_eq!(Fault::Error(ErrorCode::DB_CONNECTION_ERROR).to_string(), "error DB_CONNECTION_ERROR");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The operation does not run, and the call fails with an error of this code.
    Error(ErrorCode),
    /// The operation runs after this delay.
    Latency(Duration),
    /// The operation does not run, and the call does not end by itself. In async code it is pending
    /// until it is dropped. In sync code it blocks until the deadline of the call, without one for
    /// 30 s, and fails then with the code `TIMEOUT_ERROR`.
    Hang,
    /// The operation does not run, and the call panics.
    Panic,
}

impl Fault {
    /// The index of the kind, in the order of the variants.
    pub(super) const fn kind(self) -> usize {
        match self {
            Self::Error(_) => 0,
            Self::Latency(_) => 1,
            Self::Hang => 2,
            Self::Panic => 3,
        }
    }
}

/// How many kinds there are.
pub(super) const KINDS: usize = 4;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(code) => write!(f, "error {}", code.name()),
            Self::Latency(delay) => write!(f, "latency of {delay:?}"),
            Self::Hang => f.write_str("hang"),
            Self::Panic => f.write_str("panic"),
        }
    }
}
