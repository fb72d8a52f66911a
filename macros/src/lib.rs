//! The attributes and block macros of gardefou.

mod args;
mod block;
mod check;
mod diag;
mod expand;
mod health;
mod model;
mod params;
mod policy;

use expand::Guard;
use proc_macro::TokenStream;

/// A named `try` block whose errors are coded, logged and recorded once; see `gardefou::error_boundary`.
#[proc_macro]
pub fn error_boundary(tokens: TokenStream) -> TokenStream {
    block::error_boundary(tokens.into()).into()
}

/// A boundary that undoes what was done before the failure; see `gardefou::transaction_boundary`.
#[proc_macro]
pub fn transaction_boundary(tokens: TokenStream) -> TokenStream {
    block::transaction_boundary(tokens.into()).into()
}

/// Reports the errors of a function once, with a code, and tells how long its successes took.
#[proc_macro_attribute]
pub fn enhanced_error_handling(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Handling, args.into(), item.into()).into()
}

/// Runs a function through a circuit breaker.
#[proc_macro_attribute]
pub fn with_circuit_breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Breaker, args.into(), item.into()).into()
}

/// Calls a function again when it fails.
#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Retry, args.into(), item.into()).into()
}

/// Calls a function again when it fails, each attempt through a circuit breaker.
#[proc_macro_attribute]
pub fn retry_with_circuit_breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::RetryWithBreaker, args.into(), item.into()).into()
}

/// Registers a function as a health check where it is written.
///
/// The function takes no arguments and returns what a check may return: a `bool`, a `Result`, a `CheckResult`; it may be
/// async. It joins the process-wide registry when that is first used, and stays callable as it is. A name that is taken
/// or illegal is a warning of `init_error_system`, with both places.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `name` | 1 to 100 bytes of letters, digits, `-`, `_`, `.`, inner spaces | the function's name |
/// | `criticality` | `"critical"`, `"important"`, `"informational"` | `"important"` |
/// | `scope` | `"dependency"`, `"internal"` | `"dependency"` |
/// | `kind` | `"readiness"`, `"startup"`, `"info"`; `"liveness"` for internal ones only | `"readiness"` |
/// | `timeout`, `period`, `stale_after` | duration | those of the registry |
/// | `failure_threshold`, `success_threshold` | number, at least 1 | those of the registry |
/// | `group`, `tag` | text | none |
#[proc_macro_attribute]
pub fn health_check(args: TokenStream, item: TokenStream) -> TokenStream {
    health::attribute(args.into(), &item.into()).into()
}
