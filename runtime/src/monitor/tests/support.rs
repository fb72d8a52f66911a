//! Monitors and errors of the tests.

use crate::{
    error::{AppError, CodeInfo, ErrorCode},
    event::{ErrorEvent, Event, Observer, Severity},
    monitor::{config::MonitorConfig, handle::ErrorMonitor},
    time::ManualClock,
};

/// A monitor with the defaults, and its clock.
pub(super) fn with_clock() -> (ErrorMonitor, ManualClock) {
    let clock = ManualClock::new();
    (
        ErrorMonitor::new(
            MonitorConfig::builder()
                .clock(clock.clone())
                .build()
                .unwrap(),
        ),
        clock,
    )
}

/// Passes an error to the monitor as an observer gets it.
pub(super) fn report(monitor: &ErrorMonitor, code: ErrorCode, operation: &str, message: &str) {
    let err = AppError::new(code, message);
    monitor.on_event(&Event::Error(ErrorEvent::from_app_error(
        &err,
        Severity::Error,
        operation,
        "app",
    )));
}

/// A code that is made at run time.
pub(super) fn dynamic_code(number: u32) -> ErrorCode {
    let name = Box::leak(format!("DYNAMIC_{number}").into_boxed_str());
    ErrorCode::from_info(Box::leak(Box::new(CodeInfo::new(
        name, number, 500, "here",
    ))))
}
