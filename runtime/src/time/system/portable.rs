//! The clock of tokio, which tests can pause, or of std.

use crate::time::Tick;
use std::{sync::OnceLock, time::Duration};

#[cfg(not(feature = "async"))]
type Instant = std::time::Instant;
#[cfg(feature = "async")]
type Instant = tokio::time::Instant;

/// How far the first tick lies before the first reading of the clock.
const MARGIN: Duration = Duration::from_secs(3600);

#[inline]
pub(crate) fn now() -> Tick {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let now = instant();
    // Before the first reading: of two runtimes with paused time, the one that reads first may be
    // the one that was made last, and no tick may lie before the first.
    let origin = *ORIGIN.get_or_init(|| now.checked_sub(MARGIN).unwrap_or(now));
    tick(now.saturating_duration_since(origin))
}

/// Returns the present tick of the clock of std, which no test pauses.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn unpaused() -> Tick {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    let now = std::time::Instant::now();
    let origin = *ORIGIN.get_or_init(|| now);
    tick(now.saturating_duration_since(origin))
}

fn tick(since_origin: Duration) -> Tick {
    Tick::from_nanos(u64::try_from(since_origin.as_nanos()).unwrap_or(u64::MAX))
}

/// As [`now`]: there is no coarse reading.
#[inline]
pub(crate) fn coarse() -> Tick {
    now()
}

pub(crate) fn coarse_step() -> Option<Duration> {
    None
}

#[cfg(feature = "async")]
#[inline]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn instant() -> Instant {
    // Once a test has paused it, tokio's clock panics in the destructors of thread-locals, where a
    // permit may be dropped.
    crate::panics::catch(Instant::now)
        .unwrap_or_else(|_| Instant::from_std(std::time::Instant::now()))
}

#[cfg(not(feature = "async"))]
#[inline]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn instant() -> Instant {
    Instant::now()
}
