//! Tests of the error type.

mod convert;
mod format;
mod json;

use crate::error::{ErrorCode, Policy, Rejection, Rejector};
use std::{error::Error, fmt, sync::Arc, time::Duration};

type BoxedError = Box<dyn Error + Send + Sync>;

#[derive(Debug)]
struct Payments;
impl Rejector for Payments {
    fn name(&self) -> &str {
        "payments"
    }

    fn cause(&self, _: u64) -> Option<String> {
        Some("connection refused, password=hunter2".into())
    }
}

fn rejection() -> Rejection {
    let wait = Some(Duration::from_secs(7));
    Rejection::new(
        Policy::CircuitBreaker,
        ErrorCode::CIRCUIT_OPEN_ERROR,
        Arc::new(Payments),
        1,
        wait,
    )
}

/// A foreign error with a source.
#[derive(Debug)]
struct Outer(BoxedError);
impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}
impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
