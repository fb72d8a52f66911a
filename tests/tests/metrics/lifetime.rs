//! Series that come and go, and counters that never go down.

use super::support::{exporter, scrape, scrape_into};
use gardefou::{
    AppError, ErrorCode, circuit_breakers, error_monitor, report, testing::Scope,
    with_circuit_breaker,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::MetricKindMask;
use std::time::Duration;

#[with_circuit_breaker(name = "declared-and-never-called")]
fn never_called() -> Result<(), AppError> {
    Ok(())
}

#[test]
fn guards_of_attributes_have_series_before_their_first_call() {
    Scope::new().run(|| {
        let _ = never_called;
        let page = scrape();
        let series = page.with_label(r#"name="declared-and-never-called""#);
        assert_eq!(series.len(), 25);
        assert!(series.iter().all(|it| page.value(it) == 0.));
    });
}

#[test]
fn series_of_a_removed_breaker_go_away() {
    Scope::new().run(|| {
        // Idle at once: what is not published again is gone.
        let recorder = PrometheusBuilder::new()
            .idle_timeout(MetricKindMask::ALL, Some(Duration::from_nanos(1)))
            .build_recorder();
        for name in ["stays", "goes"] {
            circuit_breakers().get_or_create(name, |b| b).unwrap();
        }
        let page = scrape_into(&recorder);
        assert_eq!(page.with_label(r#"name="goes""#).len(), 25);
        circuit_breakers().remove("goes");
        let page = scrape_into(&recorder);
        let state = r#"gardefou_circuit_breaker_state{name="goes",state="closed"}"#;
        assert_eq!(page.series.get(state), Some(&0.), "set to zero once");
        let page = scrape_into(&recorder);
        assert_eq!(page.with_label(r#"name="goes""#), Vec::<&String>::new());
        assert_eq!(page.with_label(r#"name="stays""#).len(), 25);
    });
}

#[test]
fn counters_go_on_where_a_guard_is_made_anew() {
    Scope::new().run(|| {
        let recorder = exporter();
        let count = || {
            let calls = r#"gardefou_circuit_breaker_calls_total{name="db",outcome="success"}"#;
            scrape_into(&recorder).value(calls)
        };
        let succeed = |times| {
            let breaker = circuit_breakers().get_or_create("db", |b| b).unwrap();
            (0..times).for_each(|_| breaker.try_acquire().unwrap().success());
        };
        succeed(5);
        assert_eq!(count(), 5.);
        circuit_breakers().remove("db");
        succeed(2);
        assert_eq!(count(), 7.);
        circuit_breakers().remove("db");
        scrape_into(&recorder);
        succeed(1);
        assert_eq!(count(), 8.);
        // Another exporter gets the whole, too.
        let calls = r#"gardefou_circuit_breaker_calls_total{name="db",outcome="success"}"#;
        assert_eq!(scrape().value(calls), 8.);
    });
}

#[test]
fn counters_of_errors_go_on_where_the_monitor_is_cleared() {
    Scope::new().run(|| {
        let recorder = exporter();
        let count = || {
            let errors = r#"gardefou_errors_total{error_type="TIMEOUT_ERROR",severity="error"}"#;
            scrape_into(&recorder).value(errors)
        };
        assert_eq!(count(), 0.);
        let fail = || report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
        (0..3).for_each(|_| fail());
        assert_eq!((count(), count()), (3., 3.));
        error_monitor().clear();
        fail();
        assert_eq!(count(), 4.);
    });
}
