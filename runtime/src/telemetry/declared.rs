//! Names of the guards of attributes, known before their first call.

use super::catalogue::Source;
use crate::guarded::guarded_functions;
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
            let retry = retry.map(|retry| retry.name().to_owned());
            let of_function = [
                (Source::CircuitBreaker, breaker),
                (Source::Bulkhead, function.bulkhead_name()),
                (Source::RateLimiter, function.rate_limiter_name()),
                (Source::Retry, retry),
            ];
            let named = of_function
                .into_iter()
                .filter_map(|(source, name)| Some((source, name?)));
            names.extend(named);
        }
        names
    })
}
