//! The attributes and block macros of gardefou.

mod args;
mod block;
mod check;
mod coded;
mod diag;
mod expand;
mod foreign_attributes;
mod groups;
mod health;
mod krate;
mod model;
mod policy;
mod span;
#[cfg(test)]
mod tests;
mod tokens;

use expand::Guard;
use proc_macro::TokenStream;

/// Derives the error codes of a type, for use with thiserror.
///
/// `#[code(NAME)]` on a variant, or on a struct, names the code: a standard one by its bare name,
/// or a path to any `ErrorCode`. `#[code(NAME, retry_after = "30s")]` adds how long a caller should
/// wait. On an enum it is the code of the variants that have none. A value without a code is
/// classified by its sources.
///
/// The type is registered at link time. Its codes are honoured by `?` into `AppError`, by
/// attributes and boundaries, by retries, breakers, the monitor and HTTP responses. It must
/// implement `Error`, and take no parameters;
/// [`coded!`](https://docs.rs/gardefou/latest/gardefou/macro.coded.html) maps a concrete type of a
/// generic one. `#[code(crate = path)]` on the type names a re-exported runtime crate.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, Coded, ErrorCode, error::Class};
///
/// #[derive(Debug, thiserror::Error, Coded)]
/// enum StoreError {
///     #[error("no such row")]
///     #[code(FILE_NOT_FOUND_ERROR)]
///     Missing,
///     #[error("the store is busy")]
///     #[code(ErrorCode::RESOURCE_BUSY_ERROR, retry_after = "3s")]
///     Busy,
///     #[error("cannot read the file")]
///     Read(#[from] std::io::Error), // classified by its source
/// }
///
/// fn load(busy: bool) -> Result<(), AppError> {
///     Err(if busy { StoreError::Busy } else { StoreError::Missing })?
/// }
///
/// assert!(load(false).unwrap_err().is(ErrorCode::FILE_NOT_FOUND_ERROR));
/// let err = load(true).unwrap_err();
/// assert_eq!((err.code().class(), err.retry_after()), (Class::Transient, Some(std::time::Duration::from_secs(3))));
/// ```
#[proc_macro_derive(Coded, attributes(code))]
pub fn coded(item: TokenStream) -> TokenStream {
    coded::derive(item.into()).into()
}

/// A named `try` block whose errors are coded, logged and recorded once; see
/// `gardefou::error_boundary`.
#[proc_macro]
pub fn error_boundary(tokens: TokenStream) -> TokenStream {
    block::error_boundary(tokens.into()).into()
}

/// A boundary that rolls back when its block fails; see `gardefou::transaction_boundary`.
#[proc_macro]
pub fn transaction_boundary(tokens: TokenStream) -> TokenStream {
    block::transaction_boundary(tokens.into()).into()
}

/// Codes, logs and records the errors of a function, each once, and logs the duration of its
/// successes at debug.
///
/// An error that has no code yet gets `error_code`. Each error is logged through `tracing`,
/// recorded by the monitor and passed to alerts once, however many attributes and boundaries it
/// crosses and whatever other tasks fail meanwhile; inside an attempt of a retry only if no other
/// attempt follows. An error of another type than `AppError` is returned unchanged. If the level
/// debug is off for `gardefou::boundary`, a success reads no clock.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `error_code` | path to an `ErrorCode` | none: the error stays uncoded |
/// | `log_level` | `"trace"`, `"debug"`, `"info"`, `"warn"`, `"error"`, `"critical"`, or a path to a `LogLevel` | `"error"` |
/// | `rethrow` | `true`: return the error; `false`: report it and return `Ok` of something else | `true` |
/// | `fallback` | expression: the value that `rethrow = false` returns, computed only then | `T::default()` |
/// | `catch_panics` | `true`: a panic becomes an error with `PANIC_ERROR` | `false` |
/// | `capture(a, b)` | names of arguments: their `Debug` form (1 KiB at most) becomes details of the error | none |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one |
///
/// `capture` formats a shared reference when the call has failed; every other argument may be moved
/// by the body, and is formatted before it. Secrets are replaced before any sink receives a detail.
///
/// # Errors
///
/// Those of the function; with `rethrow = false` none.
///
/// # Panics
///
/// Those of the function; with `catch_panics = true` none. State that the body was changing when it
/// panicked may be inconsistent.
///
/// # Cancel safety
///
/// Dropping the future drops the body's, and reports nothing. Errors that were reported inside stay
/// reported.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, enhanced_error_handling};
///
/// #[enhanced_error_handling(error_code = ErrorCode::CONFIG_ERROR, capture(text))]
/// fn port(text: &str) -> Result<u16, AppError> {
///     Ok(text.parse()?)
/// }
///
/// #[enhanced_error_handling(log_level = "warn", rethrow = false, fallback = 8080)]
/// fn port_or_default(text: &str) -> Result<u16, AppError> {
///     port(text)
/// }
///
/// let error = port("http").unwrap_err();
/// assert!(error.is(ErrorCode::CONFIG_ERROR));
/// assert_eq!(error.details()["text"], "\"http\"");
/// assert_eq!(port_or_default("http").unwrap(), 8080);
/// ```
#[proc_macro_attribute]
pub fn enhanced_error_handling(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Handling, args.into(), &item.into()).into()
}

/// Runs a function through a circuit breaker: when too many calls fail, further calls are
/// rejected for a while.
///
/// All functions that name one breaker share it; the first configuration applies, and
/// `init_error_system` reports different ones. `Ok` is a success. An error is a failure, unless its
/// class is permanent or a policy further in rejected the call: then it is ignored, whatever
/// `failure_if` returns. A panic is a failure. While the circuit is open the function does not run,
/// and returns the `Rejection` as its own error type.
///
/// Where the same breaker is entered again inside the function, the innermost call counts, and the
/// outer one records nothing; in half-open the inner call runs on the slot of the outer one. See
/// `docs/circuit-breaker.md`.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `name` | text of 1 to 128 bytes, or path to a `const` | (must be given) |
/// | `failure_threshold` | failures in a row that open the circuit, at least 1 | 5; off with a window or a `failure_rate` |
/// | `recovery_timeout` | duration for which it stays open, above zero | 60 |
/// | `half_open_max_calls` | probes at once while half-open, at least 1 | 2 |
/// | `success_threshold` | successful probes that close it, at least 1 | 1 |
/// | `recovery_backoff` | growth of the open time when recovery fails, 1 to 1000 | 1.0 |
/// | `max_recovery_timeout` | longest open time | `"1h"` |
/// | `recovery_jitter` | largest random part that is added to an open time, as a share of it, 0 to 1 | 0 |
/// | `half_open_timeout` | longest time half-open | `recovery_timeout` |
/// | `window` | `"100 calls"` or a duration such as `"60s"`; needs `failure_rate` or `slow_call` | none; 100 calls with one of those |
/// | `count_window` | the same as a number of calls, 1 to 1,000,000 | none |
/// | `time_window` | the same as a duration | none |
/// | `failure_rate` | share of failures in the window that opens it, above 0 to 1 | none; 0.5 with a window and `slow_call` |
/// | `min_calls` | calls in the window before a rate is evaluated | 10 |
/// | `slow_call` | duration above which a call is slow | none |
/// | `slow_rate` | share of slow calls that opens it, above 0 to 1 | 0.5 with `slow_call` |
/// | `abandoned_after` | an async call dropped after it was pending so long counts as a failure | 1 |
/// | `failure_if` | `fn(&Result<T, E>) -> bool`: `true` is a failure, `false` a success | by class |
/// | `ignore_if` | `fn(&Result<T, E>) -> bool`: `true` ignores the outcome; called before `failure_if` | none |
/// | `fallback` | `FnOnce(Rejection) -> Result<T, E>`: called while the circuit is open; a closure can use the arguments | the rejection |
/// | `shadow` | `true`: count, log and emit events, but never reject | `false` |
/// | `shared` | `true`: share the state with other processes, through the store of the fleet (feature `fleet`) | `false` |
/// | `on_store_loss` | `"local"`, `"open"` or `"closed"`: what a shared breaker does while the store does not answer | `"local"` |
/// | `timed` | `true`: calls are timed, for a histogram of their durations in metrics; decides nothing | `false` |
/// | `control` | path to a `static` with a `ManualControl`, by which several breakers are isolated at once | none |
/// | `on_transition` | `fn(&BreakerEvent<'_>)`, called with each change of state | none |
/// | `seed` | integer (`u64`) that makes the random part of open times reproducible, for tests | random |
/// | `key` | expression over the arguments (`Display`), evaluated once per call: each value has a breaker of its own | all calls share one |
/// | `max_keys` | values with a breaker of their own, 1 to 1,000,000; further ones share one: see `gardefou::keyed::Keyed` | 10,000 |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one without the feature `config-spans` |
///
/// # Errors
///
/// Those of the function, and the `Rejection` (code `CIRCUIT_OPEN_ERROR`) where it did not run: the
/// error type needs `From<Rejection>` or `From<AppError>`.
///
/// # Panics
///
/// Those of the function. A configuration that is invalid at run time (a constant out of
/// range) is reported as `CONFIG_ERROR`, and the function runs with the defaults.
///
/// # Cancel safety
///
/// A call that is dropped gives its slot back; see `abandoned_after`.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, with_circuit_breaker};
///
/// #[with_circuit_breaker(name = "external-api", failure_threshold = 2, recovery_timeout = "30s")]
/// fn fetch(id: u32) -> Result<String, AppError> {
///     Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, format!("no answer for {id}")))
/// }
///
/// assert!(fetch(1).unwrap_err().is(ErrorCode::EXTERNAL_SERVICE_ERROR));
/// assert!(fetch(2).unwrap_err().is(ErrorCode::EXTERNAL_SERVICE_ERROR));
/// let rejected = fetch(3).unwrap_err();
/// assert!(rejected.is(ErrorCode::CIRCUIT_OPEN_ERROR));
/// assert!(rejected.retry_after().unwrap().as_secs() <= 30);
/// ```
#[proc_macro_attribute]
pub fn with_circuit_breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Breaker, args.into(), &item.into()).into()
}

/// Calls a function again when it fails, after a growing delay, as often as configured.
///
/// `?` and `return` in the body end the attempt. By-value arguments that the body names are cloned
/// for each attempt (the others need no `Clone`), `&mut` ones are reborrowed. Errors whose class
/// is permanent, and rejections of open circuits further in, are not retried; rejections of
/// bulkheads and rate limiters are. The wait of an error with `retry_after()` is respected.
///
/// In the body, `call::attempt()` returns the attempt and `call::remaining()` the time until the
/// deadline. No wait starts that would end after the deadline of the call, for example
/// `max_elapsed` of a retry further out. Errors that are reported inside an attempt count only if
/// no other attempt follows. A retry inside an attempt of another one is logged once as a warning,
/// with both locations.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `max_retries` | calls after the first; 0 for one call | 3 |
/// | `max_attempts` | calls in all; not together with `max_retries` | 4 |
/// | `initial_delay` | duration | 0.5 |
/// | `backoff` | `"exponential"`, `"linear"`, `"constant"`, `"decorrelated"`, or a `Backoff` | `"exponential"` |
/// | `backoff_factor` | number, at least 1 | 2.0 (decorrelated: 3.0) |
/// | `max_delay` | duration; holds after the jitter | 60 |
/// | `jitter` | `true` or `"full"`, `false` or `"none"`, `"equal"`, a share such as `0.2` (plus-minus 20 %) | `true` |
/// | `delay` | `fn(Attempt, &E) -> Duration`, in place of the backoff and the jitter, up to `max_delay`; or an `Option` of one, `None` for the backoff's | by the backoff |
/// | `max_elapsed` | duration from the first attempt to the start of the last | none |
/// | `attempt_timeout` | duration that one attempt of an `async fn` may take; at most what remains until the deadline | none |
/// | `retry_if` | `fn(&E) -> bool` | by class |
/// | `retry_if_result` | `fn(&Result<T, E>) -> bool`, in place of `retry_if` and the class: calls again also after an `Ok` | none |
/// | `on_retry` | `fn(&FailedAttempt<'_>)`, called before each wait | none |
/// | `on_give_up` | `fn(&FailedAttempt<'_>)`, called for the failed attempt that no other one follows | none |
/// | `log_level` | level of the lines between attempts: `"trace"` to `"critical"`, or a path to a `LogLevel` | `"warn"` |
/// | `timed` | `true`: calls are timed, waits included, for a histogram in metrics; decides nothing | `false` |
/// | `budget` | the name of a shared budget, a `RetryBudget`, or `false` for none | that of the process: 20 % of the calls, 10 a second, 100 at once |
/// | `key` | expression over the arguments (`Display`), evaluated once per call: each value has a budget of its own, under the name that `budget` or else `name` gives; `budget` may be a `Keyed<RetryBudget>` then | all calls share one |
/// | `max_keys` | values with a budget of their own, 1 to 1,000,000; further ones share one: see `gardefou::keyed::Keyed` | 10,000 |
/// | `name` | text of 1 to 100 bytes, or path to a `const`, for logs and events | the function's name |
/// | `seed` | integer (`u64`) that makes the jitter the same for every call, for tests | random |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one without the feature `config-spans` |
///
/// # Errors
///
/// That of the last attempt; an `AppError` has the details `attempts`, `elapsed` and
/// `earlier_errors` then. With `attempt_timeout` the error type needs `From<Rejection>` or
/// `From<AppError>`.
///
/// # Panics
///
/// Those of the function, which are not retried; an async wait outside a tokio runtime with time
/// enabled.
///
/// # Cancel safety
///
/// Dropping the future drops the attempt that runs, or ends the wait; nothing more is called.
///
/// # Limits
///
/// `self` by value and a borrow from `&mut self` cannot have a second attempt and do not compile.
/// The body may borrow a `self: Box<Self>`, but not move it.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, retry};
///
/// #[retry(max_retries = 3, initial_delay = "1ms")]
/// fn third_time_lucky(calls: &mut u32) -> Result<u32, AppError> {
///     *calls += 1;
///     if *calls < 3 {
///         Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))?;
///     }
///     Ok(42)
/// }
///
/// let mut calls = 0;
/// assert_eq!(third_time_lucky(&mut calls).unwrap(), 42);
/// assert_eq!(calls, 3);
/// ```
#[proc_macro_attribute]
pub fn retry(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Retry, args.into(), &item.into()).into()
}

/// Guards a function with several policies, in the order that is right by default.
///
/// From outside to inside: fallback, timeout (of the whole), retry, hedge, circuit breaker, rate
/// limit, bulkhead, attempt timeout, function, in whatever order the keys are written. So each
/// attempt is counted by the breaker and takes a permit, a wait in the own queue is not held
/// against the callee, and the fallback sees the final error. The attribute expands to the single
/// attributes, stacked in this order; another order is written as a stack.
///
/// | key | value | policy |
/// | --- | --- | --- |
/// | `name` | text, or path to a `const` | the name of each policy that has none in its arguments; must be given with `circuit_breaker`, `rate_limit` and `bulkhead` |
/// | `fallback` | value, function or closure; or `(..)` | [`#[fallback]`](macro@fallback) |
/// | `timeout` | duration; or `(..)` | [`#[timeout]`](macro@timeout) of the whole |
/// | `retry` | alone, or `(..)` | [`#[retry]`](macro@retry) |
/// | `hedge` | `(..)` | [`#[hedge]`](macro@hedge) |
/// | `circuit_breaker` | alone, or `(..)` | [`#[with_circuit_breaker]`](macro@with_circuit_breaker) |
/// | `rate_limit` | rate; or `(..)` | [`#[rate_limit]`](macro@rate_limit) |
/// | `bulkhead` | alone, number of calls at once; or `(..)` | [`#[bulkhead]`](macro@bulkhead) |
/// | `attempt_timeout` | duration; or `(..)` | [`#[timeout]`](macro@timeout) of each attempt |
/// | `key` | expression over the arguments | one budget of retries, breaker, limiter and bulkhead for each value |
/// | `span` | `true`: each call has a span, that of the outermost policy, with attempts as events | - |
///
/// `(..)` are the arguments of the policy's own attribute.
///
/// A retry stops at an open circuit, a spent budget and a passed deadline. It retries the
/// rejections of the rate limit and the bulkhead, after the longer of its backoff and their
/// `retry_after`.
///
/// # Errors
///
/// Those of the function, and a `Rejection` where it did not run: the error type needs
/// `From<Rejection>` or `From<AppError>`.
///
/// # Panics
///
/// Those of the function.
///
/// # Cancel safety
///
/// Dropping the future drops the body's, which gives back permits and slots.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, resilient};
///
/// #[resilient(
///     name = "rates",
///     timeout = "2s",
///     retry(max_retries = 2, initial_delay = 0),
///     circuit_breaker(failure_threshold = 5),
///     fallback = 100,
/// )]
/// fn rate(calls: &mut u32, down: bool) -> Result<u32, AppError> {
///     *calls += 1;
///     if down || *calls < 2 {
///         return Err(AppError::new(ErrorCode::EXTERNAL_SERVICE_ERROR, "no answer"));
///     }
///     Ok(105)
/// }
///
/// let mut calls = 0;
/// assert_eq!(rate(&mut calls, false).unwrap(), 105);
/// assert_eq!(calls, 2);
/// assert_eq!(rate(&mut calls, true).unwrap(), 100);
/// assert_eq!(calls, 5);
/// ```
#[proc_macro_attribute]
pub fn resilient(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::resilient(args.into(), &item.into()).into()
}

/// Starts a second attempt of an async function beside one that takes long, and returns whichever
/// succeeds first.
///
/// For idempotent functions: two attempts may run to their end. The next attempt starts after the
/// delay, or at once when an attempt has failed with an error that another one may not meet. The
/// first success is the outcome, and so is a permanent error of any attempt; the other attempts are
/// dropped then, which breakers inside do not count. Where all attempts fail, the error of the first
/// one is returned. Each attempt after the first takes a token of the budget; where there is none,
/// those under way go on.
///
/// By-value arguments that the body names are cloned for each attempt. The attempts run side by
/// side in one task, so that `&mut` arguments, `&mut self` and `self` by value do not compile.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `after` | duration that an attempt runs before the next one starts; 0 starts all at once | (this or `quantile`) |
/// | `quantile` | number above 0 and below 1: the time that this share of the attempts of the last minute took at most; needs 100 of them | (this or `after`) |
/// | `max_hedges` | attempts after the first, 0 to 10 | 1 |
/// | `budget` | the name of a shared budget, a `RetryBudget`, or `false` for none | that of the process, which retries draw on too |
/// | `name` | text of 1 to 128 bytes, or path to a `const`, for logs | the function's name |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one without the feature `config-spans` |
///
/// # Errors
///
/// A permanent error of any attempt, or the error of the first one.
///
/// # Panics
///
/// Those of the function; where it waits outside a tokio runtime with time enabled.
///
/// # Cancel safety
///
/// Dropping the future drops every attempt.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, hedge};
///
/// #[hedge(after = "50ms", max_hedges = 2)]
/// async fn search(terms: Vec<String>) -> Result<usize, AppError> {
///     Ok(terms.len())
/// }
///
/// let terms = vec!["heron".to_owned()];
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(found) => found,
/// #         Poll::Pending => unreachable!("it does not wait"),
/// #     }
/// # }
/// assert_eq!(block_on(search(terms)).unwrap(), 1);
/// ```
#[proc_macro_attribute]
pub fn hedge(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Hedge, args.into(), &item.into()).into()
}

/// Limits how long a function may take.
///
/// An async function is dropped at the limit. It is polled before the timer, which is made when it
/// is first pending: one that is ready at once needs none, and no result is discarded.
///
/// Blocking code cannot be interrupted. There the limit is the deadline of everything inside, which
/// retries and waits keep to: `call::remaining()` returns the time until it. An `Ok` that comes too
/// late is returned, and recorded once as a warning; an `Err` that comes too late is returned too,
/// with the details `limit` and `elapsed` where it is an `AppError`.
///
/// The limit is the function's own, or what remains until the deadline around the call if that is
/// less. Where that has passed, the function does not run.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `limit` | duration above zero; may stand first without its key | (must be given) |
/// | `name` | text of 1 to 128 bytes, or path to a `const`, for messages | the function's name |
/// | `timed` | `true` or `false`; `true` measures how long calls take, for a histogram in metrics under the name | `false` |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one without the feature `config-spans` |
///
/// # Errors
///
/// Those of the function, and a `Rejection` with code `TIMEOUT_ERROR`: the error type needs
/// `From<Rejection>` or `From<AppError>`.
///
/// # Panics
///
/// Those of the function; an async one that waits outside a tokio runtime with time enabled.
///
/// # Cancel safety
///
/// Dropping the future drops the body's.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, call, timeout};
/// use std::time::Duration;
///
/// #[timeout("250ms")]
/// fn time_left() -> Result<Duration, AppError> {
///     Ok(call::remaining().expect("the function has a limit"))
/// }
///
/// #[timeout("2s")]
/// fn whole() -> Result<(Duration, Duration), AppError> {
///     Ok((call::remaining().unwrap_or_default(), time_left()?))
/// }
///
/// let (whole, part) = whole()?;
/// assert!(part <= Duration::from_millis(250) && part < whole && whole <= Duration::from_secs(2));
/// # Ok::<(), AppError>(())
/// ```
#[proc_macro_attribute]
pub fn timeout(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Timeout, args.into(), &item.into()).into()
}

/// Gives a value in place of a function's error.
///
/// The error that the value hides is recorded as a warning and counted, unless something inside
/// recorded it. A fallback that fails returns its own error, with the first one as its source where
/// both are `AppError`s: they are one event then. The fallback does not run after a success, nor
/// where the future is dropped; a panic passes through.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `to` | may stand first without its key: a value, evaluated only then; or the path of a function, or a closure, of `&E` that returns `T` or `Result<T, E>` | (must be given) |
/// | `on` | `fn(&E) -> bool`: errors for which the fallback stands in; the others are returned | all |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one |
///
/// The fallback may use the arguments that the body does not move.
///
/// # Errors
///
/// Those that `on` does not select, and those of the fallback.
///
/// # Panics
///
/// Those of the function and of the fallback.
///
/// # Cancel safety
///
/// Dropping the future drops the body's, and records nothing.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, fallback};
///
/// #[fallback(|err: &AppError| cached(err, id), on = is_down)]
/// fn price(id: u32, code: ErrorCode) -> Result<u32, AppError> {
///     Err(AppError::new(code, "no price"))
/// }
///
/// fn cached(err: &AppError, id: u32) -> Result<u32, AppError> {
///     if id == 7 { Ok(12) } else { Err(AppError::new(err.code(), "nothing cached")) }
/// }
///
/// fn is_down(err: &AppError) -> bool {
///     err.is(ErrorCode::EXTERNAL_SERVICE_ERROR)
/// }
///
/// assert_eq!(price(7, ErrorCode::EXTERNAL_SERVICE_ERROR).unwrap(), 12);
/// let err = price(8, ErrorCode::EXTERNAL_SERVICE_ERROR).unwrap_err();
/// assert_eq!(format!("{err:#}"), "nothing cached: no price");
/// assert!(price(7, ErrorCode::PERMISSION_ERROR).unwrap_err().is(ErrorCode::PERMISSION_ERROR));
/// ```
#[proc_macro_attribute]
pub fn fallback(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Fallback, args.into(), &item.into()).into()
}

/// Limits how many calls of a function run at once.
///
/// A call that finds no free slot is rejected, or waits up to `max_wait` in a queue of bounded length,
/// first come, first served; blocking functions block their thread meanwhile. The slot is given back
/// when the call has returned, has panicked, or its future is dropped.
///
/// With `adaptive` the limit grows by one for as many successes as it is high, while at least half of
/// the slots are in use, and falls to nine tenths when a call shows overload: by a timeout, a rejection
/// further in or another transient error.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `name` | text of 1 to 128 bytes, or path to a `const`; attributes with one name share their slots | none: the function has slots of its own |
/// | `max_concurrent` | 0 to 1,000,000; 0 rejects every call; with `adaptive`, where the limit starts | 16 |
/// | `max_wait` | duration | 0: no call waits |
/// | `max_queue` | how many calls wait at most, 0 to 1,000,000; needs `max_wait` | `max_concurrent` |
/// | `adaptive` | `true` or `false` | `false` |
/// | `min` | smallest limit, 1 to `max`; needs `adaptive` | 1 |
/// | `max` | greatest limit, `min` to 1,000,000; needs `adaptive` | 200 |
/// | `timed` | `true` or `false`; `true` measures how long each call holds its slot, for a histogram in metrics | `false` |
/// | `key` | expression over the arguments (`Display`), evaluated once per call: each value has a bulkhead of its own | all calls share one |
/// | `max_keys` | values with a bulkhead of their own, 1 to 1,000,000; further ones share one: see `gardefou::keyed::Keyed` | 10,000 |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one without the feature `config-spans` |
///
/// # Errors
///
/// Those of the function, and a `Rejection` with code `CONCURRENCY_LIMIT_ERROR`: the error type needs
/// `From<Rejection>` or `From<AppError>`.
///
/// # Panics
///
/// Those of the function; an async one that has to wait outside a tokio runtime with time enabled.
///
/// # Cancel safety
///
/// Dropping the future while it waits leaves the queue; later it drops the body's and then gives the
/// slot back.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, bulkhead};
///
/// #[bulkhead(max_concurrent = 1)]
/// fn depth(levels: u32) -> Result<u32, AppError> {
///     if levels == 0 { Ok(0) } else { Ok(1 + depth(levels - 1)?) }
/// }
///
/// assert_eq!(depth(0).unwrap(), 0);
/// let second = depth(1).unwrap_err(); // within the first
/// assert!(second.is(ErrorCode::CONCURRENCY_LIMIT_ERROR));
/// ```
#[proc_macro_attribute]
pub fn bulkhead(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Bulkhead, args.into(), &item.into()).into()
}

/// Limits how often a function runs.
///
/// Calls are let through at a rate, with bursts (the generic cell rate algorithm, GCRA: permits come
/// back one by one). A call without a permit waits for at most `max_wait`, and is rejected at once
/// where that is not enough, or where the deadline around it comes first. The rejection carries the
/// exact time after which the call is let through; an `AppError` made of it answers 429 with
/// Retry-After.
///
/// Functions that give one `name` share one limiter, also with those of other modules; if their
/// configurations differ, the first one stays and a warning is logged. Without a name, each function
/// has a limiter of its own.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `rate` | text such as `"100/s"`, `"600/m"`, `"1/500ms"`, or a `Rate`; may stand first without its key | (must be given) |
/// | `burst` | number of calls that are let through at once after a quiet time, from 1 | the count of `rate` |
/// | `max_wait` | duration; how long a call may wait for its permit | `0` |
/// | `timed` | `true` or `false`; `true` measures how long admitted calls take, for a histogram in metrics | `false` |
/// | `name` | text of 1 to 128 bytes, or path to a `const`; under which the limiter is shared | the function's name, not shared |
/// | `shared` | `true`: share the rate with other processes, through the store of the fleet (feature `fleet`); needs `name`, without `max_wait` | `false` |
/// | `on_store_loss` | `"local"`, `"open"` or `"closed"`: what a shared limiter does while the store does not answer | `"local"` |
/// | `key` | expression over the arguments (`Display`), evaluated once per call: each value has a limiter of its own | all calls share one |
/// | `max_keys` | values with a limiter of their own, 1 to 1,000,000; further ones share one: see `gardefou::keyed::Keyed` | 10,000 |
/// | `span` | `true`: each call has a span of `tracing`; `false`: only if a configuration requests one | no span, and no code for one without the feature `config-spans` |
///
/// # Errors
///
/// Those of the function, and a `Rejection` with code `RATE_LIMIT_ERROR`: the error type needs
/// `From<Rejection>` or `From<AppError>`.
///
/// # Panics
///
/// Those of the function; an async one that waits outside a tokio runtime with time enabled.
///
/// # Cancel safety
///
/// Dropping the future during a wait gives its permit back if no later call has reserved one;
/// afterwards it drops the body's, and the permit is used.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, rate_limit};
///
/// #[rate_limit("2/h")]
/// fn locate(address: &str) -> Result<usize, AppError> {
///     Ok(address.len())
/// }
///
/// assert!(locate("Rue de la Paix").is_ok() && locate("Rue Cler").is_ok());
/// let rejected = locate("Rue Lepic").unwrap_err();
/// assert!(rejected.is(ErrorCode::RATE_LIMIT_ERROR));
/// let half_an_hour = rejected.retry_after().unwrap().as_secs_f64() / 60.0;
/// assert!(half_an_hour > 29.0 && half_an_hour <= 30.0);
/// ```
#[proc_macro_attribute]
pub fn rate_limit(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::RateLimit, args.into(), &item.into()).into()
}

/// Calls a function again when it fails, each attempt through a circuit breaker.
///
/// Takes the keys of `#[with_circuit_breaker]` and of `#[retry]`, with the same defaults; `name` is
/// the breaker's, and `seed` that of both. `key` chooses the breaker and the budget of the retries,
/// which are under `name` unless a `budget` is given; it is evaluated once per call. The retry is outside and the breaker inside: each
/// attempt is counted, and once the circuit opens the retry stops at once instead of waiting
/// against it, even if the error type does not expose the rejection. An attempt that exceeds
/// `attempt_timeout` is a failure.
///
/// # Errors
///
/// That of the last attempt, or the `Rejection` of the open circuit: the error type needs
/// `From<Rejection>` or `From<AppError>`.
///
/// # Panics
///
/// Those of the function; they count as failures and are not retried.
///
/// # Cancel safety
///
/// Dropping the future drops the attempt that runs, which gives its slot back, or ends the wait.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, retry_with_circuit_breaker};
///
/// #[retry_with_circuit_breaker(name = "database", failure_threshold = 2, max_retries = 9, initial_delay = 0)]
/// fn query(calls: &mut u32) -> Result<(), AppError> {
///     *calls += 1;
///     Err(AppError::new(ErrorCode::DB_CONNECTION_ERROR, "refused"))
/// }
///
/// let mut calls = 0;
/// assert!(query(&mut calls).unwrap_err().is(ErrorCode::CIRCUIT_OPEN_ERROR));
/// assert_eq!(calls, 2, "the circuit opened, and the retry stopped");
/// ```
#[proc_macro_attribute]
pub fn retry_with_circuit_breaker(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::RetryWithBreaker, args.into(), &item.into()).into()
}

/// Logs an audit trail of a sensitive operation: the user, start, outcome and duration.
///
/// The first argument is the name of the operation, 1 to 128 bytes, as a text or a path to a
/// `const`; `name = ..` is the same. The start, and one of the outcomes `succeeded`, `failed`,
/// `panicked` and `cancelled` (its future was dropped) are logged under the target
/// `gardefou::audit`, and passed to observers as an `Event::Audit`; the journal keeps them as
/// records of the kind `audit`. A failure has its code and message, without secrets. The arguments
/// are never logged. Auditing counts no errors and sends no alerts: that is what
/// `#[enhanced_error_handling]` is for.
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `user` | expression that implements `Display`: the acting user; its first 256 bytes, on one line, without secrets | `unknown` |
/// | `success_level` | level of start and success: `"trace"` to `"critical"`, or a path to a `LogLevel` | `"info"` |
/// | `error_level` | level of the other outcomes | `"error"` |
///
/// `user` is evaluated before the body, by reference: the body may move what it mentions.
///
/// # Errors
///
/// Those of the function, unchanged. A journal that cannot be written changes nothing.
///
/// # Panics
///
/// Those of the function.
///
/// # Cancel safety
///
/// Dropping the future drops the body's and logs `cancelled`; one that was never polled logs
/// nothing.
///
#[doc = include_str!("placement.md")]
///
/// # Examples
///
/// ```
/// use gardefou::{
///     AppError, ErrorCode, ensure,
///     event::{AuditOutcome, Event, subscribe},
///     log_sensitive_operations,
/// };
/// use std::sync::{Arc, Mutex};
///
/// #[log_sensitive_operations("delete-account", user = user_id, error_level = "warn")]
/// fn delete_account(user_id: u32, password: &str) -> Result<(), AppError> {
///     ensure!(password == "swordfish", ErrorCode::PERMISSION_ERROR, "wrong password");
///     Ok(())
/// }
///
/// let trail = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&trail);
/// let _listening = subscribe(move |event: &Event<'_>| {
///     if let Event::Audit(audit) = event {
///         sink.lock().unwrap().push((audit.operation.to_owned(), audit.user.to_owned(), audit.outcome));
///     }
/// });
/// assert!(delete_account(7, "guess").unwrap_err().is(ErrorCode::PERMISSION_ERROR));
/// let entry = |outcome| ("delete-account".to_owned(), "7".to_owned(), outcome);
/// assert_eq!(*trail.lock().unwrap(), [entry(AuditOutcome::Started), entry(AuditOutcome::Failed)]);
/// ```
#[proc_macro_attribute]
pub fn log_sensitive_operations(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Guard::Audit, args.into(), &item.into()).into()
}

/// Registers a function as a health check at link time.
///
/// The function takes no arguments and returns what a check may return: a `bool`, a `Result`, a
/// `CheckResult`; it may be async. It is added to the process-wide registry at the first use of
/// that, and stays callable. A duplicate or invalid name is a warning of `init_error_system`, with
/// both locations.
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
