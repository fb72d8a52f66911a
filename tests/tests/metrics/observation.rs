//! Values of monitor, journal, alerts and health, as Prometheus gets them.

use super::support::scrape;
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError},
    error_monitor,
    event::Severity,
    health,
    health::CheckResult,
    report,
    testing::Scope,
};

#[test]
fn errors_are_counted_by_code_and_severity() {
    Scope::new().run(|| {
        let slow = || AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer");
        (0..2).for_each(|_| report(&slow()));
        error_monitor().record_at(Severity::Critical, &slow());
        let page = scrape();
        let value = |code: &str, severity: &str| {
            let labels = format!(r#"{{error_type="{code}",severity="{severity}"}}"#);
            page.value(&format!("gardefou_errors_total{labels}"))
        };
        assert_eq!(value("TIMEOUT_ERROR", "error"), 2.);
        assert_eq!(value("TIMEOUT_ERROR", "critical"), 1.);
        assert_eq!(value("DB_WRITE_ERROR", "error"), 0., "there from the start");
    });
}

#[test]
fn journal_shows_what_was_written() {
    Scope::new().run(|| {
        report(&AppError::new(ErrorCode::TIMEOUT_ERROR, "no answer"));
        let page = scrape();
        assert_eq!(
            page.value(r#"gardefou_journal_records_total{outcome="written"}"#),
            1.
        );
        assert_eq!(
            page.value(r#"gardefou_journal_records_total{outcome="lost"}"#),
            0.
        );
        assert_eq!(page.value("gardefou_journal_healthy"), 1.);
        assert_eq!(page.value("gardefou_journal_waiting"), 0.);
    });
}

#[test]
fn channels_of_two_alertings_are_one_series() {
    Scope::new().run(|| {
        let start = || {
            let refusing =
                CallbackChannel::new("ops", |_| Err(DeliveryError::permanent("no such room")));
            let config = AlertsConfig::builder().channel(refusing).background(false);
            Alerts::start(config.build().unwrap()).unwrap()
        };
        let (first, second) = (start(), start());
        let value = |series: &str| scrape().value(series);
        assert_eq!(value(r#"gardefou_alerts_healthy{channel="ops"}"#), 1.);
        first.test();
        first.run();
        assert_eq!(value(r#"gardefou_alerts_healthy{channel="ops"}"#), 0.);
        for _ in 0..2 {
            second.test();
            second.run();
        }
        assert_eq!(
            value(r#"gardefou_alerts_attempts_total{channel="ops"}"#),
            3.
        );
        let given_up = ["delivered", "kept", "lost"].map(|outcome| {
            value(&format!(
                r#"gardefou_alerts_notifications_total{{channel="ops",outcome="{outcome}"}}"#
            ))
        });
        assert_eq!(given_up.iter().sum::<f64>(), 3.);
        assert_eq!(value("gardefou_alerts_suppressed_total"), 0.);
    });
}

#[test]
fn checks_show_their_status_and_results() {
    Scope::new().run(|| {
        health()
            .register_check("disk", || CheckResult::warn("80 % full"))
            .unwrap();
        let status = || {
            let page = scrape();
            ["pass", "warn", "fail"].map(|status| {
                page.value(&format!(
                    r#"gardefou_health_status{{check="disk",status="{status}"}}"#
                ))
            })
        };
        assert_eq!(status(), [0., 0., 1.], "unknown is not healthy");
        health().run_check("disk").unwrap();
        assert_eq!(status(), [0., 1., 0.]);
        let page = scrape();
        assert_eq!(
            page.value(r#"gardefou_health_results_total{check="disk",outcome="passed"}"#),
            1.
        );
        assert_eq!(
            page.value(r#"gardefou_health_results_total{check="disk",outcome="failed"}"#),
            0.
        );
        health().unregister("disk");
        // Its gauges are set to zero once.
        assert_eq!(status(), [0.; 3]);
        let gone = scrape();
        assert_eq!(gone.with_label(r#"check="disk""#), Vec::<&String>::new());
    });
}
