//! The catalogue of targets and field names under which events are logged; they are stable.
//!
//! Filter on a target (`RUST_LOG=gardefou::error=warn`) and query structured logs by the field
//! names.

/// Reported errors.
pub const TARGET_ERROR: &str = "gardefou::error";
/// Entry to and exit from boundaries and annotated functions, at debug.
pub const TARGET_BOUNDARY: &str = "gardefou::boundary";
/// Changes of state of circuit breakers, rejected, slow and abandoned calls.
pub const TARGET_BREAKER: &str = "gardefou::breaker";
/// Beginnings, commits and rollbacks.
pub const TARGET_TRANSACTION: &str = "gardefou::transaction";
/// Attempts that failed, retries that gave up, and those that succeeded late.
pub const TARGET_RETRY: &str = "gardefou::retry";
/// Bulkheads that are declared twice with different settings.
pub const TARGET_BULKHEAD: &str = "gardefou::bulkhead";
/// Calls that a rate limiter rejected, at debug.
pub const TARGET_RATE_LIMIT: &str = "gardefou::rate_limit";
/// Further attempts of hedges, at debug.
pub const TARGET_HEDGE: &str = "gardefou::hedge";
/// Guards by key: when there is no room for another key.
pub const TARGET_KEYED: &str = "gardefou::keyed";
/// Changes of a health check's status.
pub const TARGET_HEALTH: &str = "gardefou::health";
/// Start and shutdown.
pub const TARGET_SYSTEM: &str = "gardefou::system";
/// Notifications: sent on the channel `log`, and what goes wrong with the others.
pub const TARGET_ALERT: &str = "gardefou::alert";
/// The journal: when it cannot be written, and when it can again.
pub const TARGET_JOURNAL: &str = "gardefou::journal";
/// Deadlines of requests that were ignored, at debug.
pub const TARGET_CALL: &str = "gardefou::call";
/// Sensitive operations: their start, and how they ended.
pub const TARGET_AUDIT: &str = "gardefou::audit";
/// Fault injection: rules that begin and end, and each injected fault.
pub const TARGET_CHAOS: &str = "gardefou::chaos";
/// Metrics whose labels have too many values.
pub const TARGET_TELEMETRY: &str = "gardefou::telemetry";
/// Configuration files: when one was read again, and what is wrong with it.
pub const TARGET_CONFIG: &str = "gardefou::config";

/// Spans of guarded calls, where they are asked for.
pub const TARGET_SPAN: &str = "gardefou::span";
/// Attempts of retries and hedges, as events in the span of their call.
pub const TARGET_ATTEMPT: &str = "gardefou::attempt";

/// The names of fields.
///
/// `tracing` takes field names as written tokens, so these constants are what readers of logs
/// compare with; a test holds the emitted names against them.
pub mod field {
    /// The identity of an error, for example `0190a6c2-...`: the same in log, journal, alert and
    /// answer. Of a rejection, it is that of the opening of the circuit.
    pub const ERROR_ID: &str = "error.id";
    /// The number of its code.
    pub const ERROR_CODE: &str = "error.code";
    /// The name of its code.
    pub const ERROR_CODE_NAME: &str = "error.code_name";
    /// Where the error was made, for example `src/db.rs:12`; absent where that is not known.
    pub const ERROR_LOCATION: &str = "error.location";
    /// The texts of its sources, outermost first, joined by `: `; absent where there are none.
    pub const ERROR_CHAIN: &str = "error.chain";
    /// Its details as JSON; absent where there are none.
    pub const ERROR_DETAILS: &str = "error.details";
    /// How urgent it is: `info`, `warning`, `error` or `critical`.
    pub const SEVERITY: &str = "severity";
    /// The function or boundary that reports it.
    pub const OPERATION: &str = "operation";
    /// The module that the operation stands in.
    pub const COMPONENT: &str = "component";
    /// The file that the operation stands in.
    pub const FILE: &str = "file";
    /// The line that the operation stands on.
    pub const LINE: &str = "line";
    /// How long the operation ran, in seconds; absent where that was not measured.
    pub const DURATION: &str = "duration";
    /// The name of a retry.
    pub const RETRY_NAME: &str = "retry.name";
    /// How many attempts were made so far, the first call included.
    pub const RETRY_ATTEMPTS: &str = "retry.attempts";
    /// How many attempts there may be.
    pub const RETRY_MAX_ATTEMPTS: &str = "retry.max_attempts";
    /// The wait before the next attempt, in seconds; absent where none follows.
    pub const RETRY_DELAY: &str = "retry.delay";
    /// Why no other attempt follows: `exhausted`, `permanent`, `rejected`, `refused`, `deadline`,
    /// `retry_after`, `budget`.
    pub const RETRY_REASON: &str = "retry.reason";
    /// The text of the error of a retry's attempt or of an audited operation, as the message is
    /// written.
    pub const ERROR_TEXT: &str = "error.text";
    /// The user of a sensitive operation; `unknown` where none is given.
    pub const USER: &str = "user";
    /// The outcome of an operation, call or attempt: `started`, `succeeded`, `failed`, `rejected`,
    /// `panicked`, `cancelled`, `refused`, `superseded`.
    pub const OUTCOME: &str = "outcome";
    /// The user's callback that panicked.
    pub const CALLBACK: &str = "callback";
    /// How many compensations of a transaction ran.
    pub const COMPENSATIONS: &str = "compensations";
    /// How many compensations of a transaction failed.
    pub const FAILED_COMPENSATIONS: &str = "failed_compensations";
    /// The name of a circuit breaker.
    pub const BREAKER: &str = "breaker";
    /// The generation of a breaker: each change of state begins a new one.
    pub const GENERATION: &str = "generation";
    /// Whether the breaker only observes.
    pub const SHADOW: &str = "shadow";
    /// The state that a breaker left.
    pub const FROM: &str = "from";
    /// The state that it entered.
    pub const TO: &str = "to";
    /// Why it did.
    pub const REASON: &str = "reason";
    /// How many calls in a row had failed.
    pub const CONSECUTIVE_FAILURES: &str = "consecutive_failures";
    /// How long the new state lasts at most, for example `60s`.
    pub const LASTS: &str = "lasts";
    /// The text of the failure that opened the circuit.
    pub const CAUSE: &str = "cause";
    /// How many calls the circuit has rejected since it opened.
    pub const REJECTED: &str = "rejected";
    /// How long a rejected call should wait, for example `2.5s`.
    pub const RETRY_AFTER: &str = "retry_after";
    /// How long a slow or abandoned call had run, for example `2.5s`.
    pub const ELAPSED: &str = "elapsed";
    /// Whether a slow call still ran.
    pub const PENDING: &str = "pending";
    /// Where something was declared first.
    pub const FIRST: &str = "first";
    /// Where it was declared again.
    pub const SECOND: &str = "second";
    /// The name of a hedge.
    pub const HEDGE: &str = "hedge";
    /// The name of a retry budget.
    pub const BUDGET: &str = "budget";
    /// The name of a bulkhead.
    pub const BULKHEAD: &str = "bulkhead";
    /// The name of a rate limiter.
    pub const LIMITER: &str = "limiter";
    /// The name of a guard by key, without its key.
    pub const GUARD: &str = "guard";
    /// How many keys may have a guard of their own.
    pub const MAX_KEYS: &str = "max_keys";
    /// The name of a health check.
    pub const CHECK: &str = "check";
    /// Its status before; absent before its first result.
    pub const STATUS_FROM: &str = "status.from";
    /// Its status after.
    pub const STATUS_TO: &str = "status.to";
    /// The time limit of a health check, in seconds.
    pub const LIMIT: &str = "limit";
    /// How much it matters.
    pub const CRITICALITY: &str = "criticality";
    /// Its output.
    pub const OUTPUT: &str = "output";
    /// The identity of a notification.
    pub const NOTIFICATION_ID: &str = "notification.id";
    /// What kind of notification it is.
    pub const NOTIFICATION_KIND: &str = "notification.kind";
    /// The rule that it comes from.
    pub const RULE: &str = "rule";
    /// The group of errors that it is about.
    pub const FINGERPRINT: &str = "fingerprint";
    /// How many similar ones were suppressed before it.
    pub const SUPPRESSED: &str = "suppressed";
    /// The channel of a notification.
    pub const CHANNEL: &str = "channel";
    /// The name of the guards into whose calls faults are injected.
    pub const CHAOS_GUARD: &str = "chaos.guard";
    /// An injected fault, for example `latency of 500ms`.
    pub const CHAOS_FAULT: &str = "chaos.fault";
    /// The index of the call among those that the rule was asked about.
    pub const CHAOS_CALL: &str = "chaos.call";
    /// The folder of a journal.
    pub const FOLDER: &str = "folder";
    /// Since when a journal cannot be written.
    pub const SINCE: &str = "since";
    /// What guards the call of a span: `circuit_breaker`, `retry`, `retry_with_circuit_breaker`,
    /// `timeout`, `bulkhead`, `rate_limit`, `hedge`, `fallback`, `error_handling` or `pipeline`; of
    /// an attempt, `retry` or `hedge`.
    pub const GUARD_KIND: &str = "guard.kind";
    /// The name of that guard.
    pub const GUARD_NAME: &str = "guard.name";
    /// The name of a span for exporters to OpenTelemetry: the function, or else the guard.
    pub const OTEL_NAME: &str = "otel.name";
    /// The kind of a span: `internal`.
    pub const OTEL_KIND: &str = "otel.kind";
    /// `ERROR` where the call of a span failed; absent otherwise.
    pub const OTEL_STATUS_CODE: &str = "otel.status_code";
    /// The guarded function with its module, for example `shop::accounts::fetch`.
    pub const CODE_FUNCTION_NAME: &str = "code.function.name";
    /// The file that it stands in.
    pub const CODE_FILE_PATH: &str = "code.file.path";
    /// The line of its name.
    pub const CODE_LINE_NUMBER: &str = "code.line.number";
    /// What kind of error ended a call or an attempt: the name of its code, or else that of its
    /// type; `PANIC_ERROR` for a panic.
    pub const ERROR_TYPE: &str = "error.type";
    /// The number of an attempt, from 1.
    pub const ATTEMPT_NUMBER: &str = "attempt.number";
    /// How many attempts of the guarded call ended in its span.
    pub const ATTEMPTS: &str = "attempts";
    /// The text of an error inside the library.
    pub const ERROR: &str = "error";
    /// The message: redacted, bounded, with control characters escaped.
    pub const MESSAGE: &str = "message";
}
