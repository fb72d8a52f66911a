//! Configuration of a breaker, as a plain value that was validated once.

use crate::{store_loss::StoreLoss, time::Tick};
use std::time::Duration;

/// The settings of a circuit breaker, with every default filled in.
///
/// A builder resolves to it, a snapshot shows it, and two declarations of one name are compared by
/// it.
///
/// # Defaults
///
/// | field | default | legal range |
/// | --- | --- | --- |
/// | `failure_threshold` | 5 failures in a row; off where a window or a rate of failures is set and this is not | 1 or more |
/// | `recovery_timeout` | 60 s | above zero |
/// | `half_open_max_calls` | 2 | 1 or more; beside a `success_threshold` at least that |
/// | `success_threshold` | 1 | 1 or more |
/// | `recovery_backoff` | 1.0 (the open time does not grow) | 1 to 1000 |
/// | `max_recovery_timeout` | 1 h, or `recovery_timeout` where that is longer | `recovery_timeout` or more |
/// | `recovery_jitter` | 0.0 | 0 to 1 |
/// | `half_open_timeout` | `recovery_timeout` | above zero |
/// | `window` | none; the last 100 calls where a rate is set and no window | 1 to 1,000,000 calls, 1 ms or more |
/// | `failure_rate` | 0.5 where a window is set | above 0, up to 1 |
/// | `min_calls` | 10, or the whole count window where that is smaller | 1 up to the count window |
/// | `slow_call` | off | above zero |
/// | `slow_rate` | 0.5 where `slow_call` is set | above 0, up to 1 |
/// | `abandoned_after` | 1 s | any |
/// | `shadow` | false | |
/// | `timed` | false; calls are timed where `slow_call` is set too | |
/// | `shared` | false | |
/// | `on_store_loss` | `StoreLoss::Local` | |
///
/// A value outside its range is a [`ConfigError`](crate::ConfigError) of the builder.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// How many failures in a row open the circuit; `None` where only rates count.
    pub failure_threshold: Option<u32>,
    /// How long the circuit stays open the first time.
    pub recovery_timeout: Duration,
    /// How many probes may run at once while the circuit is half-open.
    pub half_open_max_calls: u32,
    /// How many probes must succeed to close the circuit.
    pub success_threshold: u32,
    /// By what the open time grows each time that recovery fails.
    pub recovery_backoff: f64,
    /// What the open time never exceeds, backoff and jitter included.
    pub max_recovery_timeout: Duration,
    /// The largest random part that is added to an open time, as a fraction of it.
    pub recovery_jitter: f64,
    /// After how long a half-open circuit opens because a probe hangs, or closes because the callee
    /// answers, even if only by permanent errors.
    pub half_open_timeout: Duration,
    /// The calls over which the rates are computed.
    pub window: Option<WindowKind>,
    /// The share of failures that opens the circuit; `None` where it is not computed.
    pub failure_rate: Option<f64>,
    /// How many calls the window must hold before a rate is known.
    pub min_calls: u32,
    /// The duration above which a call is slow.
    pub slow_call: Option<Duration>,
    /// The share of slow calls that opens the circuit; `None` where it is not computed.
    pub slow_rate: Option<f64>,
    /// How long an asynchronous call must have been pending for its drop to count as a failure. It
    /// counts only if no other call of the breaker succeeded meanwhile.
    pub abandoned_after: Duration,
    /// Whether the breaker only counts and emits events, and never rejects.
    pub shadow: bool,
    /// Whether calls are timed for [metrics](crate::guide::metrics) although no `slow_call` is set.
    pub timed: bool,
    /// Whether the breaker shares its state with those of the same name in other processes, where there is a
    /// fleet (feature `fleet`).
    pub shared: bool,
    /// What a shared breaker does while the store of its fleet does not answer.
    pub on_store_loss: StoreLoss,
}

/// The kind and size of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WindowKind {
    /// The last so many calls.
    Calls(u32),
    /// The calls of a time span that ends now, in ten steps.
    Time(Duration),
}

pub(super) const FAILURE_THRESHOLD: u32 = 5;
pub(super) const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);
pub(super) const HALF_OPEN_MAX_CALLS: u32 = 2;
pub(super) const MAX_RECOVERY_TIMEOUT: Duration = Duration::from_secs(3600);
pub(super) const MIN_CALLS: u32 = 10;
pub(super) const ABANDONED_AFTER: Duration = Duration::from_secs(1);

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: Some(FAILURE_THRESHOLD),
            recovery_timeout: RECOVERY_TIMEOUT,
            half_open_max_calls: HALF_OPEN_MAX_CALLS,
            success_threshold: 1,
            recovery_backoff: 1.0,
            max_recovery_timeout: MAX_RECOVERY_TIMEOUT,
            recovery_jitter: 0.0,
            half_open_timeout: RECOVERY_TIMEOUT,
            window: None,
            failure_rate: None,
            min_calls: MIN_CALLS,
            slow_call: None,
            slow_rate: None,
            abandoned_after: ABANDONED_AFTER,
            shadow: false,
            timed: false,
            shared: false,
            on_store_loss: StoreLoss::Local,
        }
    }
}

impl BreakerConfig {
    /// Returns `true` if calls are timed.
    pub(crate) fn is_timed(&self) -> bool {
        self.timed || self.slow_call.is_some()
    }

    /// Returns how long the circuit stays open when recovery has failed `reopened` times already;
    /// `fraction` in `[0, 1)` is the random part of the jitter.
    pub(super) fn open_time(&self, reopened: u32, fraction: f64) -> Duration {
        if reopened == 0 && self.recovery_jitter == 0.0 {
            return self.recovery_timeout;
        }
        let growth = self
            .recovery_backoff
            .powi(reopened.try_into().unwrap_or(i32::MAX));
        let seconds =
            self.recovery_timeout.as_secs_f64() * growth * (1.0 + self.recovery_jitter * fraction);
        // The cap comes last; what no duration can hold is above every cap.
        Duration::try_from_secs_f64(seconds).map_or(self.max_recovery_timeout, |d| {
            d.min(self.max_recovery_timeout)
        })
    }

    /// Returns the end of an open time that starts now.
    pub(super) fn open_until(&self, now: Tick, reopened: u32, fraction: f64) -> Tick {
        now.after(self.open_time(reopened, fraction))
    }
}
