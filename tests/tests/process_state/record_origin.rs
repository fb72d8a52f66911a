//! Records have the origin of the program.

use gardefou::{
    AppError, ErrorCode, ErrorSystem, InitError,
    alerts::{AlertsConfig, CallbackChannel, Channel},
    error_monitor,
    health::HealthConfig,
    monitor::journal::{JournalConfig, Query},
};
use gardefou_tests::testkit::child::in_own_process;
use std::sync::{Arc, Mutex};

#[test]
fn every_record_names_service_release_environment_and_host() {
    in_own_process(|| {
        let before =
            error_monitor().record(&AppError::new(ErrorCode::SYNC_ERROR, "before the start"));
        let folder = tempfile::tempdir().unwrap();
        let notifications = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&notifications);
        let channel: Arc<dyn Channel> =
            Arc::new(CallbackChannel::new("kept", move |notification| {
                sink.lock().unwrap().push(notification.clone());
                Ok(())
            }));
        let init = |release: &str| {
            ErrorSystem::builder()
                .service("orders")
                .release(release)
                .environment("production")
                .health(HealthConfig::builder().background(false))
                .journal(JournalConfig::builder(folder.path()))
                .alerts(AlertsConfig::builder().channel(Arc::clone(&channel)))
                .init()
        };
        let guard = init("1.4.2").unwrap();
        assert!(
            init("1.4.3").unwrap_err().to_string().contains("release"),
            "the settings differ"
        );
        let err = AppError::new(ErrorCode::DB_WRITE_ERROR, "disk full");
        gardefou::report(&err);
        assert!(guard.shutdown().is_clean());

        let page = error_monitor().query(&Query::new()).unwrap();
        let record = page
            .records
            .iter()
            .find(|record| record.id == err.id())
            .unwrap();
        let origin = record.origin.as_deref().unwrap();
        let named = (
            origin.service.as_deref(),
            origin.release.as_deref(),
            origin.environment.as_deref(),
        );
        assert_eq!(named, (Some("orders"), Some("1.4.2"), Some("production")));
        #[cfg(target_os = "linux")]
        assert_eq!(
            origin.host.as_deref(),
            Some(
                std::fs::read_to_string("/proc/sys/kernel/hostname")
                    .unwrap()
                    .trim()
            )
        );
        let json = serde_json::to_value(record).unwrap();
        assert_eq!(
            (&json["service"], &json["release"]),
            (&"orders".into(), &"1.4.2".into())
        );

        let notifications = notifications.lock().unwrap();
        assert_eq!(
            notifications[0].source, "orders",
            "the service is the source of notifications"
        );
        assert_eq!(
            notifications[0].error.as_ref().unwrap().origin.as_deref(),
            Some(origin)
        );
        let recent = error_monitor().stats().recent_errors;
        assert!(
            recent.iter().any(|record| record.id == before),
            "it was not forgotten"
        );
        assert!(
            recent
                .iter()
                .all(|record| record.origin.as_deref() == Some(origin)),
            "the origin is that of the process"
        );
    });
}

#[test]
fn empty_names_are_rejected() {
    let err = ErrorSystem::builder()
        .service(" ")
        .release("r".repeat(201))
        .init()
        .unwrap_err();
    let InitError::Config(err) = err else {
        panic!("{err}")
    };
    let fields: Vec<_> = err.problems().map(|problem| problem.field).collect();
    assert_eq!(fields, ["service", "release"]);
}
