use super::*;
use gardefou::{
    alerts::CallbackChannel,
    breaker::CircuitState,
    error_monitor,
    monitor::{RecordKind, journal::Query},
};
use gardefou_tests::testkit::journal::files;
use std::{sync::mpsc, time::Duration};

/// The journal of the process, in a folder of its own, until it is dropped.
pub(super) struct ProcessJournal(tempfile::TempDir);

impl ProcessJournal {
    pub(super) fn new(clock: &ManualClock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        error_monitor().set_journal(files(folder.path(), clock.clone()));
        Self(folder)
    }
}

impl Drop for ProcessJournal {
    fn drop(&mut self) {
        error_monitor().take_journal();
        assert!(self.0.path().exists());
    }
}

fn busy() -> DeliveryError {
    DeliveryError::transient("503")
}

#[test]
fn transient_failure_is_retried_and_permanent_one_is_not() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    ops.fail_with([busy(), busy()]);
    report(ErrorCode::SYNC_ERROR, "late");
    for _ in 0..3 {
        alerts.run();
        clock.advance(Duration::from_secs(60));
    }
    let status = &alerts.status().channels[0];
    assert_eq!((status.attempts, status.sent, status.failed), (3, 1, 0));
    assert_eq!(ops.received(), one("SYNC_ERROR: late"));

    ops.fail_with([DeliveryError::permanent("400")]);
    report(ErrorCode::CONFIG_ERROR, "bad");
    alerts.run();
    let status = &alerts.status().channels[0];
    assert_eq!((status.attempts, status.sent, status.failed), (4, 1, 1));
    assert_eq!(
        (status.circuit, status.last_error.as_deref()),
        (CircuitState::Closed, Some("400"))
    );
    // It was not delivered, so the next one is not held back.
    report(ErrorCode::CONFIG_ERROR, "bad again");
    alerts.run();
    assert_eq!(ops.received(), one("CONFIG_ERROR: bad again"));
}

#[test]
fn retry_after_delays_the_next_attempt() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    ops.fail_with([busy().with_retry_after(Duration::from_secs(120))]);
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    clock.advance(Duration::from_secs(119));
    alerts.run();
    assert_eq!(ops.received(), []);
    clock.advance(Duration::from_secs(1));
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: late"));
}

/// Five failures open the circuit of a channel, and leave the other channels alone.
#[test]
fn failing_channel_opens_its_own_circuit_only() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (mail, hook) = (Recorder::new("mail"), Recorder::new("hook"));
    let alerts = start(
        config(&clock)
            .channel(mail.clone())
            .channel(hook.clone())
            .max_attempts(100),
    );
    mail.fail_with((0..5).map(|_| busy()));
    report(ErrorCode::SYNC_ERROR, "late");
    for _ in 0..5 {
        alerts.run();
        clock.advance(Duration::from_secs(16));
    }
    assert_eq!(hook.received(), one("SYNC_ERROR: late"));
    let status = &alerts.status().channels[0];
    assert_eq!((status.attempts, status.circuit), (5, CircuitState::Open));
    clock.advance(Duration::from_secs(60));
    alerts.run();
    assert_eq!(mail.received(), one("SYNC_ERROR: late"));
}

/// Neither the caller nor the other channels nor the exit wait for a hanging channel.
#[test]
fn hanging_channel_delays_nothing_and_its_notifications_are_kept() {
    let _alone = alone();
    let _journal = ProcessJournal::new(&ManualClock::new());
    let (release, released) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let released = Mutex::new(released);
    let hanging = CallbackChannel::new("hanging", move |_| {
        began.send(()).unwrap();
        let _ = released.lock().unwrap().recv();
        Ok(())
    });
    let (sender, arrived) = mpsc::channel();
    let hook = CallbackChannel::new("hook", move |notification| {
        sender.send(notification.title.clone()).unwrap();
        Ok(())
    });
    let alerts = start(AlertsConfig::builder().channel(hanging).channel(hook));
    report(ErrorCode::SYNC_ERROR, "one");
    report(ErrorCode::CONFIG_ERROR, "two");
    begun.recv_timeout(Duration::from_secs(60)).unwrap();
    let titles = [(); 2].map(|()| arrived.recv_timeout(Duration::from_secs(60)).unwrap());
    assert_eq!(titles, ["SYNC_ERROR: one", "CONFIG_ERROR: two"]);
    let flushed = alerts.shutdown(Duration::from_millis(20));
    assert!(!flushed.in_time);
    assert_eq!((flushed.sent, flushed.kept, flushed.lost), (2, 2, 0));
    drop(release);
    let kept = error_monitor()
        .query(&Query::new().kind(RecordKind::Undelivered))
        .unwrap();
    assert!(
        kept.records
            .iter()
            .all(|record| record.details["channel"] == "hanging")
    );
    assert_eq!(kept.records.len(), 2);
}

#[test]
fn errors_during_a_delivery_lead_to_no_notification() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let channel = CallbackChannel::new("faulty", |_| {
        report(ErrorCode::EXTERNAL_SERVICE_ERROR, "the mail server refuses");
        panic!("a faulty channel");
    });
    let alerts = start(config(&clock).channel(channel));
    report(ErrorCode::SYNC_ERROR, "late");
    for _ in 0..10 {
        alerts.run();
        clock.advance(Duration::from_secs(60));
    }
    let status = alerts.status();
    assert_eq!(
        (
            status.channels[0].attempts,
            status.channels[0].failed,
            status.channels[0].waiting
        ),
        (1, 1, 0)
    );
}

#[test]
fn panic_of_a_channel_is_a_critical_error_with_its_location() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    let line = line!() + 1;
    let channel = CallbackChannel::new("faulty-channel", |_| panic!("no such pager"));
    let alerts = start(config(&clock).channel(channel));
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    let place = format!("{}:{line}:", file!());
    let failure = alerts.status().channels[0].last_error.clone().unwrap();
    assert!(
        failure.contains(&place) && failure.ends_with("no such pager"),
        "{failure}"
    );
    let records = error_monitor()
        .query(&Query::new().code(ErrorCode::PANIC_ERROR))
        .unwrap()
        .records;
    let [record] = &records[..] else {
        panic!("one record: {records:?}")
    };
    assert_eq!(
        (record.level, record.operation.as_str()),
        (gardefou::event::Severity::Critical, "faulty-channel")
    );
    assert!(
        record.location.as_deref().unwrap().starts_with(&place),
        "{record:?}"
    );
}

#[test]
fn undelivered_notification_is_sent_by_the_next_process() {
    let _alone = alone();
    let clock = ManualClock::new();
    let _journal = ProcessJournal::new(&clock);
    let ops = Recorder::new("ops");
    let first = start(config(&clock).channel(ops.clone()).max_attempts(1));
    ops.fail_with([busy()]);
    report(ErrorCode::SYNC_ERROR, "yesterday");
    first.run();
    assert_eq!((ops.received(), first.status().kept), (vec![], 1));
    drop(first);

    clock.advance(Duration::from_secs(3600));
    let second = start(config(&clock).channel(ops.clone()));
    second.run();
    let notifications = ops.take();
    assert_eq!(
        (notifications.len(), notifications[0].title.as_str()),
        (1, "SYNC_ERROR: yesterday")
    );
    assert_eq!(
        notifications[0].error.as_ref().unwrap().message,
        "yesterday"
    );
    assert_eq!(second.status().replayed, 1);
    drop(second);
    let third = start(config(&clock).channel(ops.clone()));
    third.run();
    assert_eq!(ops.received(), []);
    let records = error_monitor().query(&Query::new()).unwrap().records;
    assert_eq!(records.len(), 1, "notifications are no errors: {records:?}");
}

/// The channel was down for days, and the notifications do not fit into memory at once.
#[test]
fn undelivered_notifications_of_any_age_are_sent_oldest_first() {
    let _alone = alone();
    let clock = ManualClock::new();
    let _journal = ProcessJournal::new(&clock);
    let broken = Recorder::new("ops");
    broken.fail_with((0..2000).map(|_| busy()));
    let rules = || config(&clock).max_attempts(1).max_per_minute(10_000);
    let first = start(rules().channel(broken.clone()).queue(1));
    let fail = |number: usize| {
        let failed: gardefou::Result<()> =
            gardefou::boundary::error_boundary(&format!("replay {number}"), || {
                Err(AppError::new(ErrorCode::SYNC_ERROR, number.to_string()))
            });
        assert!(failed.is_err());
    };
    for number in 0..1100 {
        fail(number);
        clock.advance(Duration::from_millis(1));
    }
    drop(first);
    assert_eq!(broken.received(), []);

    clock.advance(Duration::from_secs(25 * 3600));
    let ops = Recorder::new("ops");
    let second = start(rules().channel(ops.clone()).queue(8));
    fail(1100);
    second.run();
    assert_eq!((second.status().replayed, second.status().lost), (1100, 0));
    // What happens now comes first. The first of the others had waited in the queue until the shutdown.
    let expected = std::iter::once(1100)
        .chain(1..1100)
        .chain([0])
        .map(|number| format!("SYNC_ERROR: {number}"));
    let received: Vec<_> = ops.received().into_iter().map(|(title, _)| title).collect();
    assert!(received.iter().cloned().eq(expected), "{received:?}");
    drop(second);
    let third = start(rules().channel(ops.clone()));
    third.run();
    assert_eq!(ops.received(), []);
}

#[test]
fn recovered_channel_gets_the_notifications_that_it_missed() {
    let _alone = alone();
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let _journal = ProcessJournal::new(&clock);
    let alerts = start(config(&clock).channel(ops.clone()).max_attempts(1).queue(1));
    alerts.run();
    ops.fail_with([busy()]);
    report(ErrorCode::SYNC_ERROR, "missed");
    report(ErrorCode::CONFIG_ERROR, "no room");
    alerts.run();
    report(ErrorCode::TIMEOUT_ERROR, "arrives");
    alerts.run();
    let mut received = ops.received();
    received.sort();
    assert_eq!(
        received
            .iter()
            .map(|(title, _)| title.as_str())
            .collect::<Vec<_>>(),
        [
            "CONFIG_ERROR: no room",
            "SYNC_ERROR: missed",
            "TIMEOUT_ERROR: arrives"
        ]
    );
    report(ErrorCode::API_REQUEST_ERROR, "later");
    alerts.run();
    assert_eq!(alerts.status().lost, 0);
}

#[test]
fn missed_notifications_beyond_the_queue_length_are_sent_oldest_first() {
    let _alone = alone();
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let _journal = ProcessJournal::new(&clock);
    let alerts = start(config(&clock).channel(ops.clone()).max_attempts(1).queue(1));
    ops.fail_with([busy(), busy(), busy()]);
    for code in [
        ErrorCode::SYNC_ERROR,
        ErrorCode::CONFIG_ERROR,
        ErrorCode::DB_QUERY_ERROR,
    ] {
        report(code, "missed");
        alerts.run();
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!((ops.received(), alerts.status().kept), (vec![], 3));
    report(ErrorCode::TIMEOUT_ERROR, "arrives");
    alerts.run();
    let expected = [
        "TIMEOUT_ERROR: arrives",
        "SYNC_ERROR: missed",
        "CONFIG_ERROR: missed",
        "DB_QUERY_ERROR: missed",
    ];
    assert_eq!(ops.received(), expected.map(|title| (title.to_owned(), 0)));
    let status = alerts.status();
    assert_eq!(
        (
            status.kept,
            status.replayed,
            status.lost,
            status.channels[0].waiting
        ),
        (3, 3, 0, 0)
    );
}

#[test]
fn full_queue_without_a_journal_counts_losses_and_silences_nothing() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).queue(1));
    for code in [
        ErrorCode::SYNC_ERROR,
        ErrorCode::CONFIG_ERROR,
        ErrorCode::DB_QUERY_ERROR,
    ] {
        report(code, "first");
    }
    let status = alerts.status();
    assert_eq!(
        (status.lost, status.kept, status.channels[0].waiting),
        (2, 0, 1)
    );
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: first"));
    report(ErrorCode::CONFIG_ERROR, "second");
    alerts.run();
    assert_eq!(ops.received(), one("CONFIG_ERROR: second"));
    let flushed = alerts.shutdown(Duration::from_secs(1));
    assert_eq!((flushed.sent, flushed.kept, flushed.lost), (2, 0, 2));
}

#[test]
fn notification_that_waits_too_long_for_its_channel_goes_to_the_journal() {
    let _alone = alone();
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let _journal = ProcessJournal::new(&clock);
    let rules = config(&clock)
        .channel(ops.clone())
        .max_attempts(100)
        .give_up_after(Duration::from_secs(300));
    let alerts = start(rules);
    ops.fail_with((0..100).map(|_| busy()));
    report(ErrorCode::SYNC_ERROR, "tried");
    report(ErrorCode::CONFIG_ERROR, "behind it");
    for _ in 0..30 {
        alerts.run();
        assert_eq!(
            (alerts.status().kept, alerts.status().channels[0].waiting),
            (0, 2)
        );
        clock.advance(Duration::from_secs(10));
    }
    assert_eq!(alerts.status().channels[0].circuit, CircuitState::Open);
    alerts.run();
    let status = alerts.status();
    assert_eq!(
        (
            status.kept,
            status.channels[0].failed,
            status.channels[0].waiting
        ),
        (2, 2, 0)
    );

    ops.failures.lock().unwrap().clear();
    clock.advance(Duration::from_secs(60));
    report(ErrorCode::TIMEOUT_ERROR, "arrives");
    alerts.run();
    let expected = [
        "TIMEOUT_ERROR: arrives",
        "SYNC_ERROR: tried",
        "CONFIG_ERROR: behind it",
    ];
    assert_eq!(ops.received(), expected.map(|title| (title.to_owned(), 0)));
}

/// For example after a machine was asleep: the wait is not a failure of the channel.
#[test]
fn notification_without_an_attempt_is_sent_at_any_age() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    report(ErrorCode::SYNC_ERROR, "late");
    clock.advance(Duration::from_secs(86_400));
    alerts.run();
    assert_eq!(ops.received(), one("SYNC_ERROR: late"));
}

#[test]
fn test_notification_goes_to_every_channel() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (a, b) = (Recorder::new("a"), Recorder::new("b"));
    let alerts = start(config(&clock).channel(a.clone()).channel(b.clone()));
    alerts.test();
    alerts.run();
    assert_eq!(
        (a.received(), b.received()),
        (one("a test of this channel"), one("a test of this channel"))
    );
}

/// Threads of callers that run at the same time take turns, and none overtakes.
#[test]
fn order_is_kept_when_several_threads_deliver() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    for round in 0..2000 {
        let alerts = start(config(&clock).channel(ops.clone()));
        let codes = [
            ErrorCode::CONFIG_ERROR,
            ErrorCode::SYNC_ERROR,
            ErrorCode::TIMEOUT_ERROR,
            ErrorCode::DB_QUERY_ERROR,
            ErrorCode::DB_WRITE_ERROR,
        ];
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while alerts.status().sent < codes.len() as u64 {
                        alerts.run();
                    }
                });
            }
            codes.iter().for_each(|code| report(*code, "x"));
        });
        let titles: Vec<String> = ops.received().into_iter().map(|(title, _)| title).collect();
        let expected: Vec<String> = codes
            .iter()
            .map(|code| format!("{}: x", code.name()))
            .collect();
        assert_eq!(titles, expected, "round {round}");
    }
}
