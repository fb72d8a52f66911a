//! Configuration of a bulkhead, as a plain value that was validated once.

use super::state_word::MAX_LIMIT;
use crate::error::ConfigError;
use std::time::Duration;

/// The settings of a bulkhead, with every default filled in.
///
/// # Defaults
///
/// | field | default | legal range |
/// | --- | --- | --- |
/// | `max_concurrent` | 16, with `adaptive` moved into `min` to `max` | 0 to 1,000,000; with `adaptive` `min` to `max` |
/// | `max_wait` | 0 (a call that finds no free slot is rejected at once) | any |
/// | `max_queue` | `max_concurrent` | 0 to 1,000,000; needs a `max_wait` |
/// | `adaptive` | false | |
/// | `min` | 1 | 1 to `max`; needs `adaptive` |
/// | `max` | 200, or `min` where that is greater | `min` to 1,000,000; needs `adaptive` |
/// | `timed` | false | |
///
/// A value outside its range is a [`ConfigError`] of the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadConfig {
    /// How many calls may run at once; of an adaptive bulkhead, the limit that it starts with. Zero
    /// rejects every call.
    pub max_concurrent: u32,
    /// How long a call waits at most for a free slot.
    pub max_wait: Duration,
    /// How many calls wait at most.
    pub max_queue: u32,
    /// Whether the limit adapts to what becomes of the calls.
    pub adaptive: bool,
    /// The smallest adaptive limit.
    pub min: u32,
    /// The greatest adaptive limit.
    pub max: u32,
    /// Whether calls are timed for [metrics](crate::guide::metrics).
    pub timed: bool,
}

/// What a task that is never far from its limit needs in many services; the builder's documentation
/// says how to find a better number.
pub(super) const MAX_CONCURRENT: u32 = 16;
/// As failsafe-go's `AdaptiveLimiter`; Netflix's `AIMDLimit` has no lower bound but one.
pub(super) const MIN: u32 = 1;
/// As failsafe-go's `AdaptiveLimiter` and Netflix's `Gradient2Limit`.
pub(super) const MAX: u32 = 200;

impl Default for BulkheadConfig {
    fn default() -> Self {
        PartialConfig::default().resolved()
    }
}

impl BulkheadConfig {
    /// Returns what is wrong with a limit that is set on a bulkhead in use, if something is.
    pub(super) fn problem_with(&self, max_concurrent: u32) -> Option<ConfigError> {
        if self.adaptive {
            outside("max_concurrent", max_concurrent, self.min, self.max)
        } else {
            outside("max_concurrent", max_concurrent, 0, MAX_LIMIT)
        }
    }
}

/// The explicit settings.
#[derive(Clone, Debug, Default)]
pub(super) struct PartialConfig {
    pub(super) max_concurrent: Option<u32>,
    pub(super) max_wait: Option<Duration>,
    pub(super) max_queue: Option<u32>,
    pub(super) adaptive: Option<bool>,
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
    pub(super) timed: bool,
}

impl PartialConfig {
    fn resolved(&self) -> BulkheadConfig {
        let adaptive = self.adaptive.unwrap_or(false);
        let min = self.min.unwrap_or(MIN);
        let max = self.max.unwrap_or(MAX.max(min));
        let default = if adaptive {
            // Not `clamp`, which panics where the bounds are in the wrong order.
            MAX_CONCURRENT.min(max).max(min)
        } else {
            MAX_CONCURRENT
        };
        let max_concurrent = self.max_concurrent.unwrap_or(default);
        BulkheadConfig {
            max_concurrent,
            max_wait: self.max_wait.unwrap_or(Duration::ZERO),
            max_queue: self.max_queue.unwrap_or(max_concurrent),
            adaptive,
            min,
            max,
            timed: self.timed,
        }
    }

    /// Fills in the defaults, and adds every problem to `problems`.
    pub(super) fn resolve(&self, problems: &mut Vec<ConfigError>) -> BulkheadConfig {
        let config = self.resolved();
        let needs = |field, value: Option<u32>, is_met: bool, rule| {
            let value = value.filter(|_| !is_met)?;
            Some(ConfigError::new(field, value, rule))
        };
        let waits = !config.max_wait.is_zero();
        problems.extend(needs(
            "max_queue",
            self.max_queue,
            waits,
            "needs a `max_wait` above zero: without it no call waits",
        ));
        let needs_adaptive = "needs `adaptive`: without it the limit is `max_concurrent`";
        problems.extend(needs("min", self.min, config.adaptive, needs_adaptive));
        problems.extend(needs("max", self.max, config.adaptive, needs_adaptive));
        problems.extend(
            outside("max_queue", config.max_queue, 0, MAX_LIMIT).filter(|_| {
                // Else it follows `max_concurrent`, which is the one at fault.
                self.max_queue.is_some()
            }),
        );
        if config.adaptive {
            let bounds = [
                outside("min", config.min, 1, MAX_LIMIT),
                outside("max", config.max, config.min, MAX_LIMIT),
            ];
            let are_good = bounds.iter().all(Option::is_none);
            problems.extend(bounds.into_iter().flatten());
            if !are_good {
                return config;
            }
        }
        problems.extend(config.problem_with(config.max_concurrent));
        config
    }
}

fn outside(field: &'static str, value: u32, min: u32, max: u32) -> Option<ConfigError> {
    (value < min || value > max)
        .then(|| ConfigError::new(field, value, format!("must be {min} to {max}")))
}
