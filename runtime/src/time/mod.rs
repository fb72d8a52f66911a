//! Monotonic time of every policy: a [`Tick`] from an injected [`Clock`].
//!
//! Code that reads the system's time cannot be tested without waiting, and code that reads the wall
//! clock breaks when an administrator sets it back. Policies therefore hold a [`SharedClock`],
//! measure in ticks that only grow, and tests hand them a `ManualClock` (feature `test-util`) on
//! which an hour passes at once.

mod clock;
#[cfg(any(test, feature = "test-util"))]
mod manual;
#[cfg(feature = "quanta")]
mod quanta;
mod reading;
mod short_start;
mod system;
mod text;
mod tick;
mod timestamp;

pub use clock::{Clock, SharedClock};
#[cfg(any(test, feature = "test-util"))]
pub use manual::ManualClock;
#[cfg(feature = "quanta")]
pub use quanta::QuantaClock;
pub use system::SystemClock;
pub use tick::Tick;

#[cfg(test)]
pub(crate) use reading::Lag;
pub(crate) use reading::Reading;
pub(crate) use short_start::ShortStart;
pub(crate) use system::unpaused;
pub(crate) use text::{parse_digits, parse_duration, parse_unit};
pub(crate) use tick::saturating_nanos;
pub use timestamp::{InvalidTimestamp, Timestamp};
