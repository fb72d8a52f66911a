//! Settings that a retry is given, and the rules that resolve them to a configuration.

use super::{
    backoff::{Backoff, BackoffKind},
    config::RetryConfig,
    jitter::Jitter,
};
use crate::{error::ConfigError, event::LogLevel};
use std::{num::NonZeroU32, time::Duration};

/// The settings that are set explicitly; `None` for the others.
#[derive(Clone, Debug, Default)]
pub(super) struct ExplicitSettings {
    pub(super) max_retries: Option<u32>,
    pub(super) max_attempts: Option<u32>,
    pub(super) backoff: Option<Backoff>,
    pub(super) kind: Option<Result<BackoffKind, ConfigError>>,
    pub(super) initial_delay: Option<Duration>,
    pub(super) backoff_factor: Option<f64>,
    pub(super) max_delay: Option<Duration>,
    pub(super) jitter: Option<Result<Jitter, ConfigError>>,
    pub(super) seed: Option<u64>,
    pub(super) max_elapsed: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) log_level: Option<LogLevel>,
    pub(super) timed: bool,
}

impl ExplicitSettings {
    /// Fills in the defaults and collects every broken rule.
    pub(super) fn resolve(&self, problems: &mut Vec<ConfigError>) -> RetryConfig {
        let config = RetryConfig {
            max_attempts: self.resolve_attempts(problems),
            backoff: self.resolve_backoff(problems),
            max_elapsed: self.max_elapsed,
            attempt_timeout: self.attempt_timeout,
            timed: self.timed,
        };
        for (field, limit) in [
            ("max_elapsed", config.max_elapsed),
            ("attempt_timeout", config.attempt_timeout),
        ] {
            if limit.is_some_and(|limit| limit.is_zero()) {
                problems.push(ConfigError::new(field, "0", "must be longer than zero"));
            }
        }
        config
    }

    /// Returns the number of attempts.
    fn resolve_attempts(&self, problems: &mut Vec<ConfigError>) -> NonZeroU32 {
        let (attempts, rule) = match (self.max_retries, self.max_attempts) {
            (None, None) => return RetryConfig::DEFAULT_MAX_ATTEMPTS,
            (Some(retries), None) => return NonZeroU32::MIN.saturating_add(retries),
            (None, Some(attempts)) => (attempts, "must be at least 1"),
            (Some(_), Some(attempts)) => {
                let rule = "must not stand beside `max_retries`: both limit the same calls";
                (attempts, rule)
            }
        };
        let legal = NonZeroU32::new(attempts).filter(|_| self.max_retries.is_none());
        legal.unwrap_or_else(|| {
            problems.push(ConfigError::new("max_attempts", attempts, rule));
            RetryConfig::DEFAULT_MAX_ATTEMPTS
        })
    }

    /// Returns the backoff with the defaults filled in.
    fn resolve_backoff(&self, problems: &mut Vec<ConfigError>) -> Backoff {
        let base = self.backoff.clone();
        let base = base.unwrap_or_else(|| RetryConfig::default().backoff);
        let backoff = Backoff {
            kind: parsed(&self.kind, base.kind, problems),
            initial: self.initial_delay.unwrap_or(base.initial),
            factor: self.backoff_factor.or(base.factor),
            max_delay: self.max_delay.or(base.max_delay),
            jitter: parsed(&self.jitter, base.jitter, problems),
            seed: self.seed.or(base.seed),
        };
        problems.extend(backoff.problems());
        let is_explicit = self.backoff.is_some() || self.initial_delay.is_some();
        if let Some(longest) = backoff.max_delay
            && is_explicit
            && longest < backoff.initial
        {
            let initial = backoff.initial;
            let rule = format!("must be at least `initial_delay`, which is {initial:?}");
            let longest = format_args!("{longest:?}");
            problems.push(ConfigError::new("max_delay", longest, rule));
        }
        backoff
    }
}

/// Returns the value of a setting that a name may be wrong for.
fn parsed<T: Copy>(
    setting: &Option<Result<T, ConfigError>>,
    default: T,
    problems: &mut Vec<ConfigError>,
) -> T {
    match setting {
        None => default,
        Some(Ok(value)) => *value,
        Some(Err(problem)) => {
            problems.push(problem.clone());
            default
        }
    }
}
