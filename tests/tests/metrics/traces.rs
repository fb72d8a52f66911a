//! Trace ids of OpenTelemetry on records.

use gardefou::{AppError, ErrorCode, enhanced_error_handling, report, retry, testing::Scope};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn trace_ids(scope: &Scope) -> Vec<Option<String>> {
    let records = scope.records().into_iter();
    records.map(|record| record.context?.trace_id).collect()
}

fn fail() {
    report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
}

#[test]
fn record_has_the_trace_in_which_its_error_was_reported() {
    let scope = Scope::new();
    let _entered = scope.enter();
    fail();
    let trace = TraceId::from_hex(TRACE).unwrap();
    let span = SpanContext::new(
        trace,
        SpanId::from(7),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    let in_trace = Context::current().with_remote_span_context(span).attach();
    fail();
    drop(in_trace);
    fail();
    assert_eq!(trace_ids(&scope), [None, Some(TRACE.to_owned()), None]);
}

#[retry(max_retries = 0, span = true)]
#[enhanced_error_handling]
fn call() -> Result<(), AppError> {
    Err(AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"))
}

#[test]
fn record_of_a_call_with_a_span_has_the_trace_and_the_span() {
    let scope = Scope::new();
    let _entered = scope.enter();
    let span = SpanContext::new(
        TraceId::from_hex(TRACE).unwrap(),
        SpanId::from(7),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    let _in_trace = Context::current().with_remote_span_context(span).attach();
    let error = tracing::subscriber::with_default(tracing_subscriber::registry(), call);
    let (error, records) = (error.unwrap_err(), scope.records());
    let context = records[0].context.as_ref().unwrap();
    assert_eq!(records[0].id, error.id());
    assert_eq!(context.trace_id.as_deref(), Some(TRACE));
    assert_eq!(context.span.as_deref(), Some("guarded_call"));
}

/// An error that is reported while the thread's own values are dropped has no context, and no panic
/// leaves it.
#[test]
fn ending_thread_reports_without_a_trace() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            fail();
        }
    }
    thread_local! {
        static LATE: Late = const { Late };
    }
    let thread = std::thread::spawn(|| {
        LATE.with(|_| ());
        // Made later than the other value, and so dropped before it.
        drop(Context::current());
    });
    assert!(thread.join().is_ok());
}
