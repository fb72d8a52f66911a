//! Names of the guards of attributes, known before their first call.

use super::catalogue::Source;
use crate::{
    bulkhead::BulkheadConfig, guarded::guarded_functions, hedge::HedgeDelay, timeout::Timeout,
};
use std::sync::OnceLock;

/// Returns the name of each guard that attributes declare and that the whole process shares.
pub(super) fn names() -> &'static [(Source, String)] {
    static NAMES: OnceLock<Vec<(Source, String)>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = Vec::new();
        for function in guarded_functions() {
            let breaker = function.breaker_builder();
            let breaker = breaker.map(|builder| builder.name().to_owned());
            let retry = function.built_retry().and_then(Result::ok);
            let timed_retry = retry.as_ref().filter(|retry| retry.config().timed);
            let timed_retry = timed_retry.map(|retry| retry.name().to_owned());
            let retry = retry.map(|retry| retry.name().to_owned());
            let config = function.breaker().and_then(Result::ok);
            let is_timed = config.is_some_and(|(_, config)| config.is_timed());
            let timed = breaker.clone().filter(|_| is_timed);
            let hedge = function.built_hedge().and_then(Result::ok);
            let measured = hedge.as_ref().filter(|hedge| {
                let delay = hedge.config().delay;
                matches!(delay, HedgeDelay::Quantile(_))
            });
            let measured = measured.map(|hedge| hedge.name().to_owned());
            let hedge = hedge.map(|hedge| hedge.name().to_owned());
            let timeout = function.built_timeout().and_then(Result::ok);
            let timed_timeout = timeout.filter(Timeout::is_timed);
            let timed_timeout = timed_timeout.map(|timeout| timeout.name().to_owned());
            let bulkhead = function.bulkhead_name();
            let limiter = function.rate_limiter_name();
            let of_bulkhead = function.bulkhead().and_then(Result::ok);
            let may_wait = |config: &BulkheadConfig| !config.max_wait.is_zero();
            let may_wait = of_bulkhead.as_ref().is_some_and(may_wait);
            let bulkhead_waits = bulkhead.clone().filter(|_| may_wait);
            let is_timed = of_bulkhead.is_some_and(|config| config.timed);
            let timed_bulkhead = bulkhead.clone().filter(|_| is_timed);
            let of_limiter = function.rate_limit().and_then(Result::ok);
            let may_wait = of_limiter.is_some_and(|config| !config.max_wait.is_zero());
            let limiter_waits = limiter.clone().filter(|_| may_wait);
            let is_timed = of_limiter.is_some_and(|config| config.timed);
            let timed_limiter = limiter.clone().filter(|_| is_timed);
            let of_function = [
                (Source::CircuitBreaker, breaker),
                (Source::Bulkhead, bulkhead),
                (Source::RateLimiter, limiter),
                (Source::Retry, retry),
                (Source::Hedge, hedge),
                (Source::BreakerDurations, timed),
                (Source::RetryDurations, timed_retry),
                (Source::HedgeDurations, measured),
                (Source::TimeoutDurations, timed_timeout),
                (Source::BulkheadDurations, timed_bulkhead),
                (Source::RateLimiterDurations, timed_limiter),
                (Source::BulkheadWaits, bulkhead_waits),
                (Source::RateLimiterWaits, limiter_waits),
            ];
            let named = of_function
                .into_iter()
                .filter_map(|(source, name)| Some((source, name?)));
            names.extend(named);
        }
        names
    })
}
