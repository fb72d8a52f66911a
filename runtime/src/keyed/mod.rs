//! Guards by key: one circuit breaker, or another guard, for each host, tenant or customer.
//!
//! One breaker for a service that many tenants use opens for all of them when the data of one makes
//! every call fail. [`Keyed`] holds one guard for each key, makes it at the first lookup, and finds it
//! again by the text of the key.
//!
//! Keys often come from outside, so their number is bounded. When there are as many as allowed, a new
//! key takes the place of guards that were idle for 10 minutes and whose state says nothing any more;
//! where there is none, further keys share one guard, [`OTHER`].
//!
//! [`CircuitBreaker::builder(..).build_keyed()`](crate::breaker::BreakerBuilder::build_keyed) makes
//! one by hand, `key = expr` of the attributes is the usual way.

mod entry;
mod guard;
mod handle;
mod key;
mod map;
mod name;
mod pacing;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
mod tests_loom;

pub use guard::Evictable;
pub(crate) use guard::FORGOTTEN_AFTER;
#[cfg(feature = "config")]
pub(crate) use handle::WeakKeyed;
pub use handle::{Keyed, OTHER};
pub(crate) use handle::{MAX_KEYS, check_max_keys, without_keys};
pub(crate) use key::Key;
pub(crate) use name::{InstanceId, KeyedName};
