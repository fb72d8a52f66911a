//! Guard rails for functions: errors with codes, circuit breakers, retries, boundaries with rollback, an
//! error monitor with a journal and alerts, and health checks, mostly by annotating functions. For
//! services, tools and pipelines, sync or async.
//!
//! # A taste
//!
//! ```
//! use gardefou::{ErrorCode, enhanced_error_handling, error_boundary, retry_with_circuit_breaker};
//!
//! /// Up to three attempts with backoff. After five failures in a row, calls are rejected for 30 s.
//! #[retry_with_circuit_breaker(name = "archive", max_retries = 2, recovery_timeout = "30s")]
//! fn fetch(id: u32) -> std::io::Result<String> {
//!     std::fs::read_to_string(format!("archive/{id}.txt"))
//! }
//!
//! /// Every error leaves with a code, and is logged, counted and recorded exactly once.
//! #[enhanced_error_handling(error_code = ErrorCode::ANALYSIS_DATA_ERROR)]
//! fn length(id: u32) -> gardefou::Result<f64> {
//!     Ok(fetch(id)?.trim().parse()?)
//! }
//!
//! fn main() -> gardefou::Result<()> {
//!     let _guard = gardefou::init_error_system()?; // monitor and health; flushed on drop
//!     let total = error_boundary!("report", fallback = 0.0, { length(1)? + length(2)? });
//!     assert_eq!(total, 0.0);
//!     assert_eq!(gardefou::error_monitor().stats().error_counts["ANALYSIS_DATA_ERROR"], 1);
//!     Ok(())
//! }
//! ```
//!
//! The signatures are those that you wrote. Stacked attributes compose in the order in which they are
//! listed, the first one outermost; an unknown key or a value out of range is a compile error on the
//! token at fault. Permanent errors, a missing file for example, are neither retried nor counted
//! against a circuit.
//!
//! # By task
//!
//! | task | items |
//! | --- | --- |
//! | give errors codes, HTTP statuses and classes | [`AppError`], [`ErrorCode`], [`bail!`], [`ensure!`], [`app_error!`], [`error_codes!`], [`Coded`](macro@Coded), [`coded!`], [`ResultExt`] |
//! | log and count each error once | [`#[enhanced_error_handling]`](macro@enhanced_error_handling), [`report`] |
//! | stop calling what is down | [`#[with_circuit_breaker]`](macro@with_circuit_breaker), [`breaker`], [`circuit_breakers`] |
//! | try again, with backoff and jitter | [`#[retry]`](macro@retry), [`retry`](mod@retry) |
//! | both, in the right order | [`#[retry_with_circuit_breaker]`](macro@retry_with_circuit_breaker) |
//! | limit how many calls run at once | [`#[bulkhead]`](macro@bulkhead), [`bulkhead`](mod@bulkhead) |
//! | limit how often something is called | [`#[rate_limit]`](macro@rate_limit), [`rate_limit`](mod@rate_limit) |
//! | start a second attempt beside a slow one | [`#[hedge]`](macro@hedge), [`hedge`](mod@hedge) |
//! | limit how long a call may take | [`#[timeout]`](macro@timeout), [`timeout`](mod@timeout) |
//! | give a value in place of an error | [`#[fallback]`](macro@fallback), [`fallback`](mod@fallback) |
//! | all of these, in the right order | [`#[resilient]`](macro@resilient), [`pipeline`] |
//! | one breaker for each host or tenant | `key` of a circuit breaker, bulkhead, rate limit or retry, [`keyed`] |
//! | keep a failure inside a block | [`error_boundary!`], [`boundary`] |
//! | undo what was done before a failure | [`transaction_boundary!`], [`boundary::transaction`] |
//! | keep an audit trail | [`#[log_sensitive_operations]`](macro@log_sensitive_operations) |
//! | know what failed, how often, and what failed last night | [`error_monitor`], [`monitor`], [`monitor::journal`] |
//! | be notified | [`alerts`] |
//! | answer health probes | [`health()`], [`#[health_check]`](macro@health_check), [`health`](mod@health) |
//! | answer HTTP requests | [`integrations::axum`] |
//! | guard services and clients | [`integrations::tower`], [`integrations::reqwest_middleware`] |
//! | pass the remaining time to the next service | [`call::wire`], [`integrations::http`] |
//! | start and end all of it | [`init_error_system`], [`ErrorSystem::builder`], [`system`] |
//! | pass deadlines and identity to threads and tasks | [`call`] |
//! | show it to Prometheus or OpenTelemetry | `telemetry`, `integrations::metrics`, `integrations::opentelemetry` (features `metrics`, `opentelemetry`) |
//! | observe everything yourself | [`event`] |
//! | list what is guarded, with its settings | [`guarded_functions`], [`guarded`] |
//! | change settings without a build, and open a circuit by hand | `gardefou.toml`: [configuration](guide::configuration) (feature `config`) |
//! | make calls fail on purpose | `chaos::inject` (feature `chaos`) |
//! | test all of this without sleeping | [`testing`], [`time::ManualClock`] |
//!
//! The [guides](guide) have a page for each subject, with an order of reading.
//!
//! # Features
//!
//! | feature | default | gives |
//! | --- | --- | --- |
//! | `async` | yes | async functions, on tokio's timers |
//! | `monitor` | yes | counts, rates and recent errors, journals of your own, start and shutdown of the error system |
//! | `journal` | yes | a journal of errors in files |
//! | `alerts` | yes | notifications to the log, and to channels of your own |
//! | `health` | yes | health checks and probes, `#[health_check]` |
//! | `alert-email` | | notifications of errors by e-mail, over TLS |
//! | `alert-webhook` | | notifications by HTTPS, signed |
//! | `config` | | [configuration files](guide::configuration): settings of guards and of the system by name, checked as a whole, reloaded with state kept |
//! | `config-spans` | | a configuration file gives spans to all guarded functions, not only to those with the key `span` |
//! | `config-watch` | | a configuration file is read again when it changes |
//! | `fleet` | | circuit breakers and rate limits that several processes share through a store |
//! | `chaos` | | [faults injected](guide::chaos) into a share of calls, to test what guards do about them |
//! | `axum` | | errors, refusals and panics as problem details (RFC 9457) with their route in the record, and with `health` probes as a router, for axum |
//! | `tower` | | guards as layers of tower, for axum, tonic, hyper and services of your own |
//! | `reqwest-middleware` | | retries, a breaker for each host and deadlines as a middleware of reqwest 0.13 |
//! | `telemetry` | | the catalogue of metrics, and histograms of durations for a page of your own; on with `metrics` and `opentelemetry` |
//! | `metrics` | | [metrics](guide::metrics) by the facade `metrics`, for Prometheus, StatsD and others |
//! | `opentelemetry` | | [metrics](guide::metrics) as observable instruments of the API of OpenTelemetry, and its trace ids on records |
//! | `http-1` | | statuses and deadlines in headers of http 1; on with `axum`, `reqwest-0_13` and `reqwest-middleware` |
//! | `quanta` | | `time::QuantaClock`: [rate limiters](guide::rate_limit#the-clock) that read the time-stamp counter of the processor, at a third of the cost |
//! | `health-system` | | checks of free disk space on every platform; of memory and CPU outside of Linux |
//! | `tracing-subscriber` | | layers that put the fields of spans on records, and record errors that others log |
//! | `hyper-1` | | codes of the errors of hyper 1 |
//! | `reqwest-0_13` | | codes of the errors and answers of reqwest 0.13 |
//! | `sqlx-0_9` | | codes of the errors of sqlx 0.9 |
//! | `test-util` | | `ManualClock` and `testing::Scope`: [tests](guide::testing) without sleeping and without shared state |
//!
//! The crate `gardefou-sqlite` has a journal of errors in an SQLite database, `gardefou-postgres`
//! those of a fleet in [PostgreSQL](guide::postgres), `gardefou-redis` a store of a [fleet](guide::fleet) on Redis
//! or Valkey, and `gardefou-dashboard` a [page](guide::dashboard) of guards, errors, notifications and health.
//!
//! Without default features the core remains: errors, the context of calls, guards, boundaries and
//! their attributes. A [library](guide::library_authors) should depend on the core, and
//! leave the rest to the program.

#![cfg_attr(docsrs, feature(doc_cfg))]
// docs.rs shows the feature that an item needs
// Lower layers have helpers for the layers that observe; with all of those, none may be unused.
#![cfg_attr(
    not(all(
        feature = "monitor",
        feature = "journal",
        feature = "alerts",
        feature = "health",
        any(feature = "metrics", feature = "opentelemetry")
    )),
    allow(dead_code, unused_imports)
)]

pub mod breaker;
mod budget;
pub mod bulkhead;
pub mod call;
#[cfg(feature = "chaos")]
pub mod chaos;
#[cfg(not(feature = "chaos"))]
mod chaos;
mod char_boundary;
pub mod classify;
mod digits;
pub mod error;
pub mod event;
pub mod fallback;
#[cfg(feature = "fleet")]
pub mod fleet;
#[cfg(feature = "telemetry")]
mod foreign;
mod fork;
pub mod guarded;
#[cfg_attr(
    not(feature = "async"),
    allow(dead_code, reason = "only async functions are hedged")
)]
pub mod hedge;
pub mod keyed;
mod name;
mod named;
mod named_counts;
mod outcome;
#[cfg(feature = "config")]
mod overrides;
mod panics;
mod per_thread;
pub mod pipeline;
pub mod rate_limit;
mod registry;
pub mod retry;
mod revised;
mod rng;
mod scope;
mod span;
mod store_loss;
mod sync;
pub mod time;
mod worker;

#[cfg(feature = "alerts")]
pub mod alerts;
pub mod boundary;
#[cfg(feature = "config")]
pub mod config;
#[cfg(feature = "health")]
pub mod health;
#[cfg(feature = "monitor")]
pub mod monitor;
#[cfg(feature = "monitor")]
pub mod system;
#[cfg(feature = "telemetry")]
pub mod telemetry;
#[cfg(feature = "test-util")]
pub mod testing;
pub mod timeout;

pub mod integrations;

#[cfg(any(doc, doctest))]
pub mod guide;

#[doc(hidden)]
pub mod __private;

pub use boundary::report;
pub use breaker::circuit_breakers;
pub use error::{AppError, Coded, Coding, ConfigError, ErrorCode, Rejection, ResultExt};
pub use gardefou_macros::Coded;
/// A named `try` block whose errors get a code and are logged, counted and passed to alerts once.
///
/// `error_boundary!("name", key = value, .., { block })` is a `Result<T, AppError>`: the block's
/// last value is wrapped in `Ok`, `?` takes any error and ends in the boundary, as [`bail!`] and
/// [`ensure!`] do. `return`, `break`, `continue` and `.await` act as if the block stood there
/// without the macro. Macro calls that hide an await (`join!`, `select!`) or a `?` do not compile
/// in it; the block is then written `async { .. }` and awaited in place, or `|| { .. }` in sync
/// code.
///
/// A `?` in the expansion of another macro cannot be seen, and leaves the enclosing function. In
/// the forms `|| { .. }` and `async { .. }` it ends in the boundary.
///
/// | key | default | meaning |
/// | --- | --- | --- |
/// | `error_code` | none | the code of errors that have none |
/// | `log_level` | `"error"` | `"trace"` to `"critical"`, or a [`LogLevel`](event::LogLevel) |
/// | `rethrow` | `true` | `false`: the error goes no further, the boundary is an `Option<T>` |
/// | `fallback` | none | an expression for the value's place: the error goes no further, the boundary is a `T` |
/// | `catch_panics` | `false` | a panic is an error with the code `PANIC_ERROR` |
/// | `crate` | `::gardefou` | the path to a renamed or re-exported gardefou |
///
/// # Cancel safety
///
/// Dropping the future around the block drops the block; nothing is reported.
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, error_boundary};
///
/// fn sum(rows: &[&str]) -> Result<i64, AppError> {
///     error_boundary!("sum-rows", error_code = ErrorCode::ANALYSIS_DATA_ERROR, {
///         let mut sum = 0;
///         for row in rows {
///             if row.is_empty() {
///                 return Ok(-1); // leaves `sum`, as it does without the macro
///             }
///             sum += row.parse::<i64>()?; // ends in the boundary
///         }
///         sum
///     })
/// }
///
/// assert_eq!(sum(&["1", "2"]).unwrap(), 3);
/// assert_eq!(sum(&["1", ""]).unwrap(), -1);
/// assert!(sum(&["1", "x"]).unwrap_err().is(ErrorCode::ANALYSIS_DATA_ERROR));
///
/// let cached: Option<String> = error_boundary!("read-cache", rethrow = false, { std::fs::read_to_string("no file")? });
/// assert_eq!(cached, None);
/// ```
pub use gardefou_macros::error_boundary;
#[cfg(feature = "health")]
pub use gardefou_macros::health_check;
/// A boundary that undoes what was done before the failure.
///
/// `transaction_boundary!("name", key = value, .., |tx| { block })` is a `Result<T, AppError>`. The
/// block's last value is wrapped in `Ok` and commits; so does `return value`. `?`, [`bail!`], a
/// panic or a dropped future roll back: what the block registered with `tx.on_rollback(..)` runs,
/// last in first out, each even if another one fails, then `on_error_callback`. A failing
/// compensation is recorded as critical and attached to the error, which keeps its code.
///
/// A `?` in the expansion of another macro ends in the transaction too.
///
/// `tx` is a [`&Transaction`](boundary::Transaction), or a
/// [`&AsyncTransaction`](boundary::AsyncTransaction) where the block awaits.
///
/// | key | default | meaning |
/// | --- | --- | --- |
/// | `on_error_callback` | none | a path or closure that takes `&AppError`, and returns `()` or a `Result` |
/// | `error_code` | none | the code of errors that have none |
/// | `log_level` | `"error"` | `"trace"` to `"critical"`, or a [`LogLevel`](event::LogLevel) |
/// | `catch_panics` | `false` | a panic is an error with the code `PANIC_ERROR`, after the rollback |
/// | `parent` | none: the commit is final | the `tx` of another transaction, which gets the compensations at the commit |
/// | `crate` | `::gardefou` | the path to a renamed or re-exported gardefou |
///
/// # Cancel safety
///
/// Dropping the future around the block rolls back and is no error: see
/// [`TransactionOutcome::Cancelled`](event::TransactionOutcome::Cancelled). Compensations that
/// await, and those that come after them in the order, then run in a task: see
/// [`AsyncTransaction`](boundary::AsyncTransaction).
///
/// # Examples
///
/// ```
/// use gardefou::{AppError, ErrorCode, transaction_boundary};
/// use std::cell::RefCell;
///
/// fn import(rows: &[&str], table: &RefCell<Vec<u32>>) -> Result<usize, AppError> {
///     let check = |err: &AppError| assert!(err.is(ErrorCode::DB_WRITE_ERROR));
///     transaction_boundary!("import", error_code = ErrorCode::DB_WRITE_ERROR, on_error_callback = check, |tx| {
///         for row in rows {
///             table.borrow_mut().push(row.parse()?);
///             tx.on_rollback("delete the row", || {
///                 table.borrow_mut().pop();
///             });
///         }
///         rows.len()
///     })
/// }
///
/// let table = RefCell::new(vec![7]);
/// assert!(import(&["8", "nine"], &table).is_err());
/// assert_eq!(*table.borrow(), [7]);
/// assert_eq!(import(&["8", "9"], &table).unwrap(), 2);
/// assert_eq!(*table.borrow(), [7, 8, 9]);
/// ```
pub use gardefou_macros::transaction_boundary;
pub use gardefou_macros::{
    bulkhead, enhanced_error_handling, fallback, hedge, log_sensitive_operations, rate_limit,
    resilient, retry, retry_with_circuit_breaker, timeout, with_circuit_breaker,
};
pub use guarded::guarded_functions;
#[cfg(feature = "health")]
pub use health::{health, health_check};
#[cfg(feature = "monitor")]
pub use monitor::error_monitor;
#[cfg(feature = "monitor")]
pub use system::{ErrorSystem, ErrorSystemGuard, InitError, init_error_system};

/// `Result` with [`AppError`] as the error type unless another is named.
pub type Result<T, E = AppError> = std::result::Result<T, E>;
