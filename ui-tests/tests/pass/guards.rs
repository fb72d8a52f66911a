//! One module for each guard with the same functions; `$guard` stands for the attribute.

/// The case under every guard.
macro_rules! for_each_guard {
    (($d:tt $guard:ident) => { $($case:tt)* }) => {
        macro_rules! case {
            ($d $guard:meta) => { $($case)* };
        }
        in_modules! {
            error_handling: enhanced_error_handling(error_code = ErrorCode::TIMEOUT_ERROR);
            audited: log_sensitive_operations(NAME, user = NAME);
            breaker: with_circuit_breaker(name = NAME, failure_threshold = 30);
            limited: timeout("1m", name = NAME);
            bounded: bulkhead(name = NAME, max_concurrent = 64);
            rate_limited: rate_limit("1_000/s", name = NAME);
            retrying: retry(max_retries = 2, initial_delay = 0);
            retrying_with_breaker: retry_with_circuit_breaker(name = NAME, failure_threshold = 30, max_retries = 3, initial_delay = 0);
        }
    };
}

/// The case under the guards that run the function once.
macro_rules! for_each_single_run {
    (($d:tt $guard:ident) => { $($case:tt)* }) => {
        macro_rules! case {
            ($d $guard:meta) => { $($case)* };
        }
        in_modules! {
            error_handling: enhanced_error_handling(error_code = ErrorCode::TIMEOUT_ERROR);
            audited: log_sensitive_operations(NAME, user = NAME);
            breaker: with_circuit_breaker(name = NAME, failure_threshold = 30);
            limited: timeout("1m", name = NAME);
            bounded: bulkhead(name = NAME, max_concurrent = 64);
            rate_limited: rate_limit("1_000/s", name = NAME);
        }
    };
}

macro_rules! in_modules {
    ($($module:ident: $guard:meta;)+) => {
        $(
            mod $module {
                #[allow(unused_imports, reason = "not each case uses all of it")]
                use crate::prelude::*;

                /// A name of this module alone.
                #[allow(dead_code, reason = "not each guard has a name")]
                const NAME: &str = module_path!();

                case!($guard);
            }
        )+
    };
}
