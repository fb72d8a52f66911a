//! The status and the health entry of channels that fail or hang.

use super::*;
use delivery::ProcessJournal;
use gardefou::{
    alerts::{CallbackChannel, ChannelStatus},
    breaker::CircuitState,
    health::{CheckReport, Status, health_check},
    time::Timestamp,
};
use gardefou_tests::testkit::wait;
use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

/// How long a test waits for an immediate effect, so that it fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn entry() -> CheckReport {
    health_check()
        .health_status()
        .check("monitor:alerts")
        .cloned()
        .expect("the entry of alerting")
}

fn refused() -> DeliveryError {
    let cause = io::Error::new(
        io::ErrorKind::ConnectionRefused,
        "connection refused by https://ann:hunter2@hooks/",
    );
    DeliveryError::transient("the request failed").with_source(cause)
}

#[test]
fn health_has_an_entry_of_alerting_while_it_is_started() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let is_there = || {
        health_check()
            .health_status()
            .check("monitor:alerts")
            .is_some()
    };
    assert!(!is_there());
    let alerts = start(config(&clock).channel(Recorder::new("ops")));
    assert_eq!((entry().status, entry().output), (Status::Pass, None));
    let without = health_check().health_status_without(&["monitor:alerts"]);
    assert_eq!(
        (without.check("monitor:alerts"), without.excluded()),
        (None, &["monitor:alerts".to_owned()][..])
    );
    drop(alerts);
    assert!(!is_there());
}

#[test]
fn failing_channel_is_a_warning_with_its_cause_until_a_delivery_succeeds() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (dead, fine) = (Recorder::new("dead"), Recorder::new("fine"));
    let alerts = start(config(&clock).channel(dead.clone()).channel(fine.clone()));
    dead.fail_with([refused(), refused()]);
    let begin = Timestamp::from(gardefou::time::Clock::wall(&clock));
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    clock.advance(Duration::from_secs(60));
    alerts.run();

    let status = alerts.status();
    assert!(
        !status.is_healthy() && !status.channels[0].is_healthy() && status.channels[1].is_healthy()
    );
    assert_eq!(status.channels[0].failing_since, Some(begin));
    let cause = "the request failed: connection refused by https://[redacted]@hooks/";
    assert_eq!(status.channels[0].last_error.as_deref(), Some(cause));
    let failing = entry();
    assert_eq!(
        (failing.status, failing.last_failure),
        (Status::Warn, Some(begin))
    );
    assert_eq!(
        failing.output,
        Some(format!(
            "channel `dead` delivers nothing since {begin}: {cause}"
        ))
    );
    let channels = &failing.details["channels"];
    assert_eq!(
        (&channels[0]["healthy"], &channels[1]["healthy"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        (&channels[0]["attempts"], &failing.details["waiting"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        health_check().health_status().status(),
        Status::Warn,
        "a dead receiver takes no service out of rotation"
    );

    clock.advance(Duration::from_secs(60));
    alerts.run();
    assert!(alerts.status().is_healthy());
    assert_eq!((entry().status, entry().output), (Status::Pass, None));
    assert_eq!(alerts.status().channels[0].failing_since, None);
}

/// A permanent failure does not count for the circuit breaker, but for the health.
#[test]
fn channel_with_a_permanent_failure_is_not_healthy() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()));
    ops.fail_with([DeliveryError::permanent("status 404: no such hook")]);
    report(ErrorCode::SYNC_ERROR, "late");
    alerts.run();
    assert_eq!(alerts.status().channels[0].circuit, CircuitState::Closed);
    assert!(
        entry()
            .output
            .unwrap()
            .ends_with(": status 404: no such hook")
    );
}

#[test]
fn lost_notifications_are_counted_by_reason() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let rules = config(&clock)
        .channel(ops.clone())
        .queue(1)
        .max_attempts(2)
        .give_up_after(Duration::from_secs(300));
    let alerts = start(rules);
    let busy = || DeliveryError::transient("503");
    let fail = |error: Vec<DeliveryError>, code, rounds: usize| {
        ops.fail_with(error);
        report(code, "x");
        for _ in 0..rounds {
            alerts.run();
            clock.advance(Duration::from_secs(60));
        }
    };
    fail(
        vec![DeliveryError::permanent("400")],
        ErrorCode::SYNC_ERROR,
        1,
    );
    fail(vec![busy(), busy()], ErrorCode::CONFIG_ERROR, 2);
    fail(vec![busy()], ErrorCode::DB_QUERY_ERROR, 1);
    report(ErrorCode::DB_WRITE_ERROR, "no room");
    clock.advance(Duration::from_secs(300));
    alerts.run();
    let lost = alerts.status().channels[0].lost;
    assert_eq!(
        (lost.refused, lost.exhausted, lost.expired, lost.queue_full),
        (1, 1, 1, 1)
    );
    assert_eq!(
        (lost.total(), alerts.status().lost, alerts.status().kept),
        (4, 4, 0)
    );
    let shown = entry().details;
    let by_reason = &shown["channels"][0]["lost"];
    assert_eq!(
        (
            &shown["lost"],
            &by_reason["refused"],
            &by_reason["queue_full"]
        ),
        (&4.into(), &1.into(), &1.into())
    );
    ops.fail_with([busy()]);
    report(ErrorCode::TIMEOUT_ERROR, "x");
    assert_eq!(alerts.shutdown(Duration::ZERO).lost, 5);
}

/// A channel whose first deliveries hang until the test releases them.
struct Hanging {
    begun: Receiver<String>,
    release: Sender<Result<(), DeliveryError>>,
}

fn hanging(name: &str) -> (Hanging, CallbackChannel) {
    let (began, begun) = channel();
    let (release, released) = channel();
    let released = Mutex::new(released);
    let channel = CallbackChannel::new(name, move |notification| {
        began.send(notification.title.clone()).unwrap();
        released.lock().unwrap().recv().unwrap_or(Ok(()))
    });
    (Hanging { begun, release }, channel)
}

/// Alerting with threads on a stopped clock: `run` does what the passing of time makes due.
fn start_with_threads(clock: &ManualClock, channel: CallbackChannel) -> Alerts {
    start(
        config(clock)
            .background(true)
            .channel(channel)
            .delivery_timeout(Duration::from_secs(30)),
    )
}

/// Waits for the timer thread, which may be about to record something: it checks after every change,
/// and then [`Alerts::flush`] finds nothing left to do.
fn eventually(alerts: &Alerts, holds: impl Fn(&ChannelStatus) -> bool) -> ChannelStatus {
    wait::eventually(|| alerts.status().channels.swap_remove(0), holds)
}

/// A channel whose first delivery hangs until `release` is dropped, and then fails.
struct HangingOnce {
    first_begun: Receiver<()>,
    release: Sender<()>,
    arrivals: Receiver<String>,
}

fn hanging_once(name: &str) -> (HangingOnce, CallbackChannel) {
    let (first, first_begun) = channel();
    let (release, released) = channel::<()>();
    let (arrived, arrivals) = channel();
    let hangs_once = Mutex::new(Some((first, released)));
    let channel = CallbackChannel::new(name, move |notification| {
        // Taken before the body, so that the lock is not held while it hangs.
        let hang = hangs_once.lock().unwrap().take();
        if let Some((first, released)) = hang {
            first.send(()).unwrap();
            let _ = released.recv();
            return Err(DeliveryError::transient("too late to matter"));
        }
        arrived.send(notification.title.clone()).unwrap();
        Ok(())
    });
    let hanging = HangingOnce {
        first_begun,
        release,
        arrivals,
    };
    (hanging, channel)
}

#[test]
fn hanging_delivery_is_a_failed_attempt_and_another_thread_continues() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (hanging, channel) = hanging_once("ops");
    let HangingOnce {
        first_begun,
        release,
        arrivals,
    } = hanging;
    let alerts = start_with_threads(&clock, channel);
    report(ErrorCode::SYNC_ERROR, "first");
    first_begun.recv_timeout(PATIENCE).unwrap();
    report(ErrorCode::CONFIG_ERROR, "second");
    clock.advance(Duration::from_secs(29));
    alerts.run();
    assert!(alerts.status().is_healthy(), "not over its limit yet");
    assert_eq!(
        alerts.status().channels[0].delivering_for,
        Some(Duration::from_secs(29))
    );

    clock.advance(Duration::from_secs(1));
    alerts.run();
    let status = eventually(&alerts, |status| {
        status.abandoned == 1 && status.failing_since.is_some()
    });
    assert!(!status.is_hanging && !alerts.status().is_healthy());
    assert_eq!(
        status.last_error.as_deref(),
        Some("the channel did not answer within 30s")
    );

    clock.advance(Duration::from_secs(60));
    alerts.run();
    let arrived = [(); 2].map(|()| arrivals.recv_timeout(PATIENCE).unwrap());
    assert_eq!(arrived, ["SYNC_ERROR: first", "CONFIG_ERROR: second"]);
    drop(release);
    let flushed = alerts.shutdown(Duration::from_secs(60));
    assert_eq!((flushed.sent, flushed.lost), (2, 0));
}

/// The thread that replaces a hanging one stays for all further notifications.
#[test]
fn notifications_behind_a_hanging_delivery_are_sent_in_the_background() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (hanging, channel) = hanging_once("ops");
    let HangingOnce {
        first_begun,
        release,
        arrivals,
    } = hanging;
    // Dropped after `release`: a failing assertion releases the delivery before alerting waits for
    // it.
    let alerts = start_with_threads(&clock, channel);
    let release = release;
    report(ErrorCode::SYNC_ERROR, "1");
    first_begun.recv_timeout(PATIENCE).unwrap();
    clock.advance(Duration::from_secs(30));
    let _ = alerts.flush(Duration::ZERO);
    eventually(&alerts, |status| {
        status.abandoned == 1 && status.failing_since.is_some()
    });
    clock.advance(Duration::from_secs(60));
    let codes = [
        ErrorCode::CONFIG_ERROR,
        ErrorCode::DB_QUERY_ERROR,
        ErrorCode::DB_WRITE_ERROR,
    ];
    let mut titles = Vec::new();
    for code in codes {
        // Wakes the workers too.
        report(code, "behind");
        titles.push(arrivals.recv_timeout(PATIENCE).unwrap());
    }
    titles.push(arrivals.recv_timeout(PATIENCE).unwrap());
    let behind = codes.map(|code| format!("{}: behind", code.name()));
    assert_eq!(
        titles,
        [&["SYNC_ERROR: 1".to_owned()][..], &behind].concat()
    );

    // A thread that returns from an abandoned delivery ends, since it was replaced.
    drop(release);
    assert!(alerts.flush(Duration::from_secs(60)).in_time);
    eventually(&alerts, |status| status.abandoned == 0 && status.sent == 4);
}

#[test]
fn at_most_two_deliveries_are_abandoned_and_later_ones_expire() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let _journal = ProcessJournal::new(&clock);
    // Dropped last: a failing assertion releases the deliveries before alerting waits for them.
    let alerts;
    let (hanging, channel) = hanging("ops");
    alerts = start(
        config(&clock)
            .background(true)
            .channel(channel)
            .delivery_timeout(Duration::from_secs(30))
            .give_up_after(Duration::from_secs(300))
            .max_attempts(1),
    );
    let codes = [
        ErrorCode::SYNC_ERROR,
        ErrorCode::CONFIG_ERROR,
        ErrorCode::DB_QUERY_ERROR,
    ];
    for code in codes {
        report(code, "hangs");
        hanging.begun.recv_timeout(PATIENCE).unwrap();
        clock.advance(Duration::from_secs(30));
        // Returns at once: a delivery on this thread would hang as well.
        let _ = alerts.flush(Duration::ZERO);
    }
    let status = eventually(&alerts, |status| status.kept == 2);
    assert_eq!((status.abandoned, status.is_hanging), (2, true));
    report(ErrorCode::DB_WRITE_ERROR, "waits");
    clock.advance(Duration::from_secs(300));
    let _ = alerts.flush(Duration::ZERO);
    let status = eventually(&alerts, |status| status.kept == 3);
    assert_eq!((status.waiting, status.lost.total()), (1, 0));
    assert!(
        entry()
            .output
            .unwrap()
            .contains("a delivery has been running for 330 s")
    );
    drop(hanging.release);
}

#[test]
fn abandoned_delivery_that_succeeds_is_not_repeated() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let alerts;
    let (hanging, channel) = hanging("ops");
    alerts = start_with_threads(&clock, channel);
    report(ErrorCode::SYNC_ERROR, "slow");
    hanging.begun.recv_timeout(PATIENCE).unwrap();
    clock.advance(Duration::from_secs(30));
    let _ = alerts.flush(Duration::ZERO);
    assert_eq!(
        eventually(&alerts, |status| status.abandoned == 1).waiting,
        1
    );
    hanging.release.send(Ok(())).unwrap();
    assert!(alerts.flush(Duration::from_secs(60)).in_time);
    clock.advance(Duration::from_secs(120));
    assert!(alerts.flush(Duration::from_secs(60)).in_time);
    let status = &alerts.status().channels[0];
    assert_eq!((status.sent, status.attempts, status.abandoned), (1, 1, 0));
    assert!(status.is_healthy());
    assert!(hanging.begun.try_recv().is_err(), "it was delivered once");
}

/// On a stopped clock the deadline never passes.
#[test]
fn flush_and_drop_end_with_a_hanging_channel_and_a_stopped_clock() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let (hanging, channel) = hanging("ops");
    let alerts = start_with_threads(&clock, channel);
    report(ErrorCode::SYNC_ERROR, "hangs");
    hanging.begun.recv_timeout(PATIENCE).unwrap();
    assert!(!alerts.flush(Duration::from_millis(20)).in_time);
    let flushed = alerts.shutdown(Duration::from_millis(20));
    assert!(!flushed.in_time);
    assert_eq!(flushed.lost, 1);
    drop(hanging.release);
}
