//! Records have the span in which an error was reported, and the context of the hook.

use gardefou::{
    AppError, ErrorCode,
    event::{ErrorContext, set_error_context},
    monitor::{ErrorMonitor, MonitorConfig, journal::Query},
    time::SystemClock,
};
use gardefou_tests::testkit::{child::in_own_process, journal::files};

fn failure() -> AppError {
    AppError::new(ErrorCode::SYNC_ERROR, "late")
}

#[test]
fn records_have_the_span_and_the_context_of_the_hook() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let monitor = ErrorMonitor::new(MonitorConfig::default());
        monitor.set_journal(files(folder.path(), SystemClock));
        monitor.record(&failure());
        tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            let _entered = tracing::info_span!("checkout", order = 7).entered();
            monitor.record(&failure());
            let hook = || {
                gardefou::report(&failure()); // must not call the hook again
                ErrorContext::default()
                    .with_trace_id("4bf9")
                    .with_field("password", "hunter2")
            };
            assert!(set_error_context(hook));
            assert!(
                !set_error_context(ErrorContext::default),
                "the first one stays"
            );
            monitor.record(&failure());
        });
        let recent = monitor.stats().recent_errors;
        assert_eq!(recent[0].context, None);
        let span = recent[1].context.as_deref().unwrap();
        assert_eq!(
            (span.span.as_deref(), span.trace_id.as_deref()),
            (Some("checkout"), None)
        );
        let full = recent[2].context.as_deref().unwrap();
        assert_eq!(
            (full.span.as_deref(), full.trace_id.as_deref()),
            (Some("checkout"), Some("4bf9"))
        );
        assert!(!full.fields["password"].to_string().contains("hunter2"));

        let page = monitor.query(&Query::default()).unwrap();
        let kept: Vec<_> = page
            .records
            .iter()
            .rev()
            .map(|record| record.context.clone())
            .collect();
        assert_eq!(
            kept,
            recent
                .into_iter()
                .map(|record| record.context)
                .collect::<Vec<_>>()
        );
    });
}
