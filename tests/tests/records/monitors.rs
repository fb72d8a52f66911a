use crate::Bench;
use gardefou::{
    AppError, ErrorCode,
    alerts::{Alerts, AlertsConfig, CallbackChannel, DeliveryError, Rule},
    bail, error_boundary,
    monitor::{Fingerprint, MonitorConfig, RecordKind},
};
use std::sync::{Arc, Mutex};

fn failing() -> Result<(), AppError> {
    error_boundary!("monitors-failing", { bail!(ErrorCode::SYNC_ERROR, "late") })
}

/// A monitor of the errors of one test.
fn bench(operation: &'static str, group: &'static str) -> Bench {
    let decide = move |_: &gardefou::event::ErrorEvent<'_>| Some(Fingerprint::from_parts(&[group]));
    Bench::new(operation, MonitorConfig::builder().fingerprint(decide))
}

#[test]
fn alerts_use_groups_records_and_journal_of_their_monitor() {
    let (ours, theirs) = (
        bench("monitors-failing", "ours"),
        bench("monitors-failing", "theirs"),
    );
    let notifications = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&notifications);
    let channel = CallbackChannel::new("refusing", move |notification| {
        sink.lock().unwrap().push(notification.clone());
        Err(DeliveryError::permanent("400"))
    });
    let rule = Rule::immediate("failing").operation("monitors-failing");
    let config = AlertsConfig::builder()
        .channel(channel)
        .rule(rule)
        .monitor(ours.monitor.clone())
        .background(false);
    let alerts = Alerts::start(config.build().unwrap()).unwrap();
    failing().unwrap_err();
    alerts.run();
    assert_eq!(alerts.status().kept, 1);
    drop(alerts);

    let notifications = notifications.lock().unwrap();
    let sent = notifications[0].error.as_ref().unwrap();
    assert_eq!(
        notifications[0].fingerprint,
        Fingerprint::from_parts(&["ours"])
    );
    assert_eq!(
        *sent,
        ours.journalled(RecordKind::Error)[0],
        "the notification shows what the journal has"
    );
    let other = theirs.journalled(RecordKind::Error).remove(0);
    assert_eq!(
        (other.id, other.fingerprint),
        (sent.id, Fingerprint::from_parts(&["theirs"]))
    );
    assert_eq!(ours.journalled(RecordKind::Undelivered).len(), 1);
    assert_eq!(theirs.journalled(RecordKind::Undelivered), []);
}

#[test]
fn next_start_restores_undelivered_notifications_from_the_journal_of_its_monitor() {
    let bench = bench("monitors-replayed", "replayed");
    let start = |fails: bool, sink: Arc<Mutex<Vec<String>>>| {
        let channel = CallbackChannel::new("replayed", move |notification| {
            if fails {
                return Err(DeliveryError::transient("503"));
            }
            sink.lock().unwrap().push(notification.title.clone());
            Ok(())
        });
        let rule = Rule::immediate("failing").operation("monitors-replayed");
        let config = AlertsConfig::builder()
            .channel(channel)
            .rule(rule)
            .max_attempts(1)
            .background(false);
        Alerts::start(config.monitor(bench.monitor.clone()).build().unwrap()).unwrap()
    };
    fn replayed() -> Result<(), AppError> {
        error_boundary!("monitors-replayed", {
            bail!(ErrorCode::SYNC_ERROR, "kept")
        })
    }

    let arrived = Arc::new(Mutex::new(Vec::new()));
    let alerts = start(true, Arc::clone(&arrived));
    replayed().unwrap_err();
    alerts.run();
    drop(alerts);
    let alerts = start(false, Arc::clone(&arrived));
    alerts.run();
    assert_eq!(*arrived.lock().unwrap(), ["SYNC_ERROR: kept"]);
    assert_eq!(alerts.status().replayed, 1);
}
