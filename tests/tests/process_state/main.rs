//! State that a process has once: the subscriber of the log, the panic hook, the origin of records,
//! the hook for their context.
//!
//! A test that sets it runs in a process of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod init_after_subscriber;
mod monitor_context;
mod names_in_log;
mod nested_reports;
mod panic_hook;
mod record_origin;
mod redactor;
