//! Fault injection: failures, delays, hangs and panics in place of a share of the calls of a guard.
//!
//! Whether retries, circuit breakers, timeouts and fallbacks of a program do what they are for shows
//! only when something fails. [`inject`] makes a share of the calls through the guards of one name
//! fail on purpose, right before each guard would run its operation: a breaker counts the injected
//! failure, a retry tries again, a timeout cuts a hang off. Nothing is injected unless a rule is on,
//! and every rule that is on is visible: in the log, in [`active`], and as a warning in health
//! reports.
//!
//! Equal seeds give equal faults: the `n`-th call that a rule is asked about has the same fault in
//! every run. In a [test scope](crate::testing::Scope), rules belong to the scope.
#![cfg_attr(
    feature = "chaos",
    doc = r#"
# Examples

```
use gardefou::{AppError, breaker::{CircuitBreaker, CircuitState}, chaos};

let breaker = CircuitBreaker::builder("payments").failure_threshold(3).build()?;
let pay = || breaker.call(|| Ok::<_, AppError>("paid"));

let outage = chaos::inject("payments").error(1.0).start()?;
let failed = [(); 3].map(|()| pay().unwrap_err());
assert_eq!(failed[0].to_string(), "fault injected by chaos at `payments`");
assert_eq!(breaker.state(), CircuitState::Open);
assert_eq!(outage.status().injected.errors, 3);

drop(outage);
assert!(chaos::active().is_empty());
# Ok::<(), gardefou::AppError>(())
```
"#
)]

#[cfg(feature = "chaos")]
mod builder;
#[cfg(feature = "chaos")]
mod fault;
#[cfg(all(feature = "chaos", feature = "async"))]
mod future;
#[cfg(feature = "chaos")]
mod handle;
#[cfg(feature = "chaos")]
mod inject;
#[cfg(not(feature = "chaos"))]
mod off;
#[cfg(feature = "chaos")]
mod parse;
#[cfg(feature = "chaos")]
mod rule;
#[cfg(feature = "chaos")]
mod rules;
#[cfg(feature = "chaos")]
mod snapshot;

#[cfg(feature = "chaos")]
pub use builder::{Injection, inject};
#[cfg(feature = "chaos")]
pub use fault::Fault;
#[cfg(feature = "chaos")]
pub use handle::{ChaosGuard, active, stop_all};
#[cfg(feature = "chaos")]
pub use snapshot::{InjectedCounts, RuleStatus};

#[cfg(all(feature = "chaos", feature = "async"))]
#[doc(hidden)]
pub use future::{After, Faulty};
#[cfg(feature = "chaos")]
pub(crate) use inject::{Ahead, Refusal, blocking, blocking_as, is_on, refusal, rejection_of};
#[cfg(all(feature = "chaos", feature = "async"))]
pub(crate) use inject::{begin, begin_as, faulty, put_ahead};
#[cfg(not(feature = "chaos"))]
pub(crate) use off::*;
#[cfg(feature = "chaos")]
pub(crate) use parse::parse;
