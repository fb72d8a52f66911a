use crate::Bench;
use gardefou::{
    AppError, ErrorCode,
    event::{ErrorContext, RecordKind, SpanFields},
    monitor::MonitorConfig,
};
use tracing::{info_span, subscriber::with_default};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, registry};

fn context_of(record: impl FnOnce(&Bench)) -> Option<ErrorContext> {
    let bench = Bench::new("no operation", MonitorConfig::builder());
    record(&bench);
    let recent = bench.monitor.stats().recent_errors.remove(0).context;
    assert_eq!(
        bench.journalled(RecordKind::Error).remove(0).context,
        recent
    );
    recent.map(|context| *context)
}

fn fail(bench: &Bench) {
    bench
        .monitor
        .record(&AppError::new(ErrorCode::SYNC_ERROR, "late"));
}

#[test]
fn record_has_the_fields_of_its_span_and_of_the_parents() {
    let context = context_of(|bench| {
        with_default(registry().with(SpanFields::new()), || {
            let _request = info_span!(
                "request",
                tenant = 7,
                step = "outer",
                ratio = 0.5,
                is_retry = true
            )
            .entered();
            let query =
                info_span!("query", step = "inner", rows = tracing::field::Empty, sql = ?Some("x"))
                    .entered();
            query.record("rows", -3);
            fail(bench);
        });
    });
    let context = context.unwrap();
    assert_eq!(context.span.as_deref(), Some("query"));
    let expected = serde_json::json!({
        "tenant": 7, "step": "inner", "ratio": 0.5, "is_retry": true, "rows": -3, "sql": "Some(\"x\")",
    });
    assert_eq!(serde_json::Value::Object(context.fields), expected);
}

#[test]
fn fields_of_spans_are_redacted_and_bounded() {
    let context = context_of(|bench| {
        with_default(registry().with(SpanFields::new()), || {
            let long = format!("{} token=hunter2", "x".repeat(3000));
            let span = info_span!(
                "login",
                password = "hunter2",
                url = "https://u:hunter2@h/",
                long,
                more = 1
            );
            span.in_scope(|| fail(bench));
        });
    });
    let fields = serde_json::to_string(&context.unwrap().fields).unwrap();
    assert!(!fields.contains("hunter2"), "{fields}");
    assert!(
        fields.len() < 5000 && fields.contains("https://"),
        "{fields}"
    );
}

#[test]
fn filtered_span_has_no_fields() {
    let visible = SpanFields::new().with_filter(filter_fn(|metadata| metadata.name() != "hidden"));
    let context = context_of(|bench| {
        with_default(registry().with(visible), || {
            let _outer = info_span!("outer", a = 1).entered();
            let _hidden = info_span!("hidden", b = 2).entered();
            fail(bench);
        });
    });
    let fields = context.map(|context| context.fields).unwrap_or_default();
    assert!(!fields.contains_key("b"), "{fields:?}");
}

#[test]
fn record_without_the_layer_has_the_name_of_the_span_only() {
    let context = context_of(|bench| {
        with_default(registry(), || {
            info_span!("checkout", order = 7).in_scope(|| fail(bench));
        });
    });
    let context = context.unwrap();
    assert_eq!(
        (context.span.as_deref(), context.fields.len()),
        (Some("checkout"), 0)
    );
    assert_eq!(context_of(fail), None);
}
