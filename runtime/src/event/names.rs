//! The catalogue of targets and field names under which events are logged; they are stable.
//!
//! Filter on a target (`RUST_LOG=gardefou::error=warn`) and query structured logs by the field names.

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
/// Changes of a health check's status.
pub const TARGET_HEALTH: &str = "gardefou::health";
/// Start and shutdown.
pub const TARGET_SYSTEM: &str = "gardefou::system";
/// Notices: sent on the channel `log`, and what goes wrong with the others.
pub const TARGET_ALERT: &str = "gardefou::alert";
/// The journal: when it cannot be written, and when it can again.
pub const TARGET_JOURNAL: &str = "gardefou::journal";

/// Sensitive operations: their start, and how they ended.
pub const TARGET_AUDIT: &str = "gardefou::audit";

/// The names of fields.
///
/// `tracing` takes field names as written tokens, so these constants are what readers of logs compare with; a test
/// holds the emitted names against them.
pub mod field {
    /// The identity of an error, as `0190a6c2-...`: the same in log, journal, alert and answer.
    pub const ERROR_ID: &str = "error.id";
    /// The number of its code.
    pub const ERROR_CODE: &str = "error.code";
    /// The name of its code.
    pub const ERROR_CODE_NAME: &str = "error.code_name";
    /// Where the error was made, as `src/db.rs:12`; absent where that is not known.
    pub const ERROR_LOCATION: &str = "error.location";
    /// The texts of its sources, outermost first, joined by `: `; absent where there are none.
    pub const ERROR_CHAIN: &str = "error.chain";
    /// Its details as JSON; absent where there are none.
    pub const ERROR_DETAILS: &str = "error.details";
    /// How urgent it is: `info`, `warning`, `error` or `critical`.
    pub const SEVERITY: &str = "severity";
    /// The function or boundary that speaks.
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
    /// Why no other attempt follows: `exhausted`, `permanent`, `rejected`, `refused`, `deadline`, `retry_after`, `budget`.
    pub const RETRY_REASON: &str = "retry.reason";
    /// The text of the error of a retry's attempt or of an audited operation, as the message is written.
    pub const ERROR_TEXT: &str = "error.text";
    /// Who does a sensitive operation; `unknown` where that is not told.
    pub const USER: &str = "user";
    /// What became of it: `started`, `succeeded`, `failed`, `panicked`, `cancelled`.
    pub const OUTCOME: &str = "outcome";
    /// The user's callback that panicked.
    pub const CALLBACK: &str = "callback";
    /// The message: redacted, bounded, with control characters escaped.
    pub const MESSAGE: &str = "message";
}
