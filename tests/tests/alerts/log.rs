//! What alerting says in the log, and where it says it when there is none.

use super::*;
use gardefou::{breaker::CircuitBreaker, event::names::TARGET_ALERT};
use std::{
    collections::BTreeMap,
    env, fmt,
    process::{Command, Stdio},
    sync::{LazyLock, Once},
    time::Duration,
};
use tracing::{
    Dispatch, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{Interest, with_default},
};

const CHILD: &str = "GARDEFOU_TEST_ALERTS_CHILD";

/// A line in the log.
#[derive(Clone, Debug)]
pub(super) struct Line {
    level: Level,
    pub(super) message: String,
    pub(super) fields: BTreeMap<&'static str, String>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => drop(self.fields.insert(name, format!("{value:?}"))),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<Line>>>,
    /// It wants nothing of what alerting says.
    is_deaf: bool,
}

impl Subscriber for Log {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !self.is_deaf && metadata.target() == TARGET_ALERT && *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line {
            level: *event.metadata().level(),
            message: String::new(),
            fields: BTreeMap::new(),
        };
        event.record(&mut line);
        self.lines.lock().unwrap().push(line);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Lets the process hear what its alerting says, or the failures that tests make on purpose would
/// be lines between their results. The children have no log but the one that their test gives them.
pub(super) fn hear() {
    static HEARD: Once = Once::new();
    HEARD.call_once(|| {
        if env::var(CHILD).is_err() {
            tracing::subscriber::set_global_default(Log::default()).unwrap();
        }
    });
}

/// Runs something and returns what this thread logged of alerts.
pub(super) fn said(run: impl FnOnce()) -> Vec<Line> {
    let log = Log::default();
    heard_by(&log, run);
    log.lines.lock().unwrap().clone()
}

fn heard_by(log: &Log, run: impl FnOnce()) {
    // Where one subscriber alone is known, whichever thread meets a line first decides for all
    // whether it is wanted, and other tests have no subscriber. With a second one it is asked each
    // time.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Log::default()));
    let _ = &*SECOND;
    with_default(log.clone(), run);
}

#[test]
fn without_a_channel_of_ones_own_notifications_are_lines_in_the_log() {
    let (_alone, clock) = (alone(), ManualClock::new());
    let alerts = start(config(&clock));
    let err = AppError::new(ErrorCode::SYNC_ERROR, "late");
    let lines = said(|| {
        gardefou::report(&err);
        alerts.run();
    });
    let [line] = &lines[..] else {
        panic!("one line: {lines:?}")
    };
    assert_eq!(
        (line.level, line.message.as_str()),
        (Level::ERROR, "SYNC_ERROR: late")
    );
    let id = err.id().to_string();
    let expected = [
        ("notification.kind", "error"),
        ("severity", "error"),
        ("rule", "errors"),
        ("suppressed", "0"),
        ("error.id", &id),
    ];
    for (field, value) in expected {
        assert_eq!(line.fields[field], value, "{field}: {lines:?}");
    }
    assert!(
        line.fields.contains_key("notification.id") && line.fields.contains_key("fingerprint"),
        "{lines:?}"
    );

    let circuit = CircuitBreaker::builder("in-the-log")
        .clock(clock.clone())
        .build()
        .unwrap();
    let lines = said(|| {
        circuit.force_open();
        alerts.run();
        circuit.reset();
        alerts.run();
    });
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.level, line.message.as_str()))
        .collect();
    let (opened, closed) = (
        "circuit `in-the-log` opened: manual",
        "circuit `in-the-log` closed",
    );
    assert_eq!(told, [(Level::ERROR, opened), (Level::INFO, closed)]);
    assert!(!lines[0].fields.contains_key("error.id"), "{lines:?}");
}

/// Alerting through a channel that refuses 20 notifications within 40 seconds, and one a minute after the
/// first.
fn fail_twenty_times_and_once_more() {
    let (clock, ops) = (ManualClock::new(), Recorder::new("ops"));
    let alerts = start(config(&clock).channel(ops.clone()).max_per_minute(10_000));
    let refused =
        || DeliveryError::permanent("400 from https://ann:hunter2@hooks/x\r\nforged: line");
    ops.fail_with((0..21).map(|_| refused()));
    let fail = || {
        report(ErrorCode::SYNC_ERROR, "late");
        alerts.run();
    };
    for _ in 0..20 {
        fail();
        clock.advance(Duration::from_secs(2));
    }
    clock.advance(Duration::from_secs(20));
    fail();
    assert_eq!(
        (alerts.status().channels[0].failed, ops.told()),
        (21, vec![])
    );
}

#[test]
fn a_channel_that_fails_is_one_line_a_minute_in_the_log() {
    let _alone = alone();
    let lines = said(fail_twenty_times_and_once_more);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        assert_eq!(
            (line.level, line.fields["channel"].as_str()),
            (Level::ERROR, "ops")
        );
        assert_eq!(
            line.message,
            "a notification could not be sent, and no journal keeps it"
        );
        assert!(
            line.fields["error"].starts_with("400 from https://"),
            "{line:?}"
        );
        assert!(!line.fields["error"].contains("hunter2"), "{line:?}");
    }
}

#[test]
fn what_becomes_of_a_notification_that_was_not_sent_is_said_as_it_is() {
    let (_alone, clock, ops) = (alone(), ManualClock::new(), Recorder::new("ops"));
    let _journal = delivery::ProcessJournal::new(&clock);
    let alerts = start(config(&clock).channel(ops.clone()).max_tries(2));
    let say = |error: DeliveryError| {
        clock.advance(Duration::from_secs(60));
        ops.fail_with([error]);
        let lines = said(|| {
            report(ErrorCode::SYNC_ERROR, "late");
            alerts.run();
        });
        lines
            .into_iter()
            .map(|line| line.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        say(DeliveryError::permanent("400")),
        ["a notification was refused; it is kept, but not sent again"]
    );
    assert_eq!(
        say(DeliveryError::temporary("503")),
        ["a notification could not be sent; it is tried again"]
    );
    // The one that is tried again fails for the second time.
    assert_eq!(
        say(DeliveryError::temporary("503")),
        ["a notification could not be sent; it is kept for later"]
    );
}

/// Runs in a process of its own, whose standard error is read.
#[test]
fn child_whose_channel_fails() {
    match env::var(CHILD).as_deref() {
        Ok("no log") => fail_twenty_times_and_once_more(),
        Ok("a deaf log") => {
            heard_by(
                &Log {
                    is_deaf: true,
                    ..Log::default()
                },
                fail_twenty_times_and_once_more,
            );
        }
        Ok("a log") => assert_eq!(said(fail_twenty_times_and_once_more).len(), 2),
        _ => {}
    }
}

#[test]
fn where_nobody_hears_the_log_that_line_goes_to_the_standard_error() {
    for (log, expected) in [("no log", 2), ("a deaf log", 2), ("a log", 0)] {
        let child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "log::child_whose_channel_fails",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(CHILD, log)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let output = child.unwrap().wait_with_output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{log}: {text}");
        let start = "gardefou: alert channel `ops`: a notification could not be sent, and no journal keeps it: 400 from";
        assert_eq!(
            text.lines().filter(|line| line.starts_with(start)).count(),
            expected,
            "{log}: {text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}
