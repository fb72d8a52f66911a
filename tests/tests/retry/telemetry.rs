//! Events and log lines.

use crate::support::{RecordingClock, SECOND, doubling, failure, script};
use gardefou::{
    AppError, ErrorCode,
    event::{Event, LogLevel, RetryEventKind, StopReason, names},
    retry,
    retry::{FailedAttempt, RetryBudget},
    retry_with_circuit_breaker,
};
use gardefou_tests::testkit::{
    events::{Collected, collect},
    log::{Line, capture},
};
use tracing::Level;

/// Collects one line per event of the retry with this name.
fn events_of(name: &'static str) -> Collected<String> {
    collect(move |event| {
        let Event::Retry(event) = event else {
            return None;
        };
        let what = match &event.kind {
            RetryEventKind::Scheduled { delay, error, .. } => format!("{error}, next in {delay:?}"),
            RetryEventKind::Succeeded => "succeeded".into(),
            RetryEventKind::GaveUp { reason, error, .. } => format!("{error}, {reason}"),
            other => panic!("unknown: {other:?}"),
        };
        let (attempts, most) = (event.attempts, event.max_attempts);
        (event.name == name).then(|| format!("{attempts}/{most} after {:?}: {what}", event.elapsed))
    })
}

#[test]
fn recovering_series_emits_an_event_per_attempt() {
    let events = events_of("telemetry-recovers");
    let retry = doubling(&RecordingClock::default())
        .name("telemetry-recovers")
        .build()
        .unwrap();
    assert!(retry.call(script([Err("a"), Err("b"), Ok(())])).is_ok());
    let expected = [
        "1/4 after 0ns: a, next in 1s",
        "2/4 after 1s: b, next in 2s",
        "3/4 after 3s: succeeded",
    ];
    assert_eq!(events.all(), expected);
}

#[test]
fn first_success_emits_no_event() {
    let events = events_of("telemetry-nothing");
    assert!(
        doubling(&RecordingClock::default())
            .name("telemetry-nothing")
            .build()
            .unwrap()
            .call(|| Ok::<_, String>(()))
            .is_ok()
    );
    assert!(events.all().is_empty());
}

#[test]
fn each_stop_reason_is_in_the_event() {
    let events = events_of("telemetry-reasons");
    let named = || {
        doubling(&RecordingClock::default())
            .name("telemetry-reasons")
            .max_retries(1)
    };
    let last = || events.take().pop().unwrap();
    let _ = named().build().unwrap().call(|| Err::<(), _>("x"));
    assert_eq!(last(), "2/2 after 1s: x, exhausted");
    let _ = named()
        .max_elapsed(SECOND / 2)
        .build()
        .unwrap()
        .call(|| Err::<(), _>("x"));
    assert_eq!(last(), "1/2 after 0ns: x, deadline");
    let _ = named()
        .retry_if(|_: &&str| false)
        .build()
        .unwrap()
        .call(|| Err::<(), _>("x"));
    assert_eq!(last(), "1/2 after 0ns: x, refused");
    let spent = RetryBudget::builder().burst(0).floor(0).build().unwrap();
    let _ = named()
        .budget(spent)
        .build()
        .unwrap()
        .call(|| Err::<(), _>("x"));
    assert_eq!(last(), "1/2 after 0ns: x, budget");
    let _ = named()
        .build()
        .unwrap()
        .call(|| Err::<(), _>(failure(ErrorCode::PERMISSION_ERROR)));
    assert_eq!(last(), "1/2 after 0ns: scripted, permanent");
    let rate_limited = || failure(ErrorCode::RATE_LIMIT_ERROR).with_retry_after(SECOND * 61);
    let _ = named()
        .build()
        .unwrap()
        .call(|| Err::<(), _>(rate_limited()));
    assert_eq!(last(), "1/2 after 0ns: scripted, retry_after");
}

/// Runs a function and returns the lines of the retry's log target on this thread.
fn logged(run: impl FnOnce()) -> Vec<Line> {
    capture(|line| line.target() == names::TARGET_RETRY, run).1
}

#[test]
fn secret_in_the_name_of_a_retry_reaches_no_log() {
    let lines = logged(|| {
        let retry = doubling(&RecordingClock::default())
            .name("https://u:hunter2@h/")
            .max_retries(1)
            .build()
            .unwrap();
        let _ = retry.call(|| Err::<(), _>("x"));
    });
    assert!(
        !lines.is_empty() && !format!("{lines:?}").contains("hunter2"),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .all(|line| line["retry.name"] == "https://[redacted]@h/"),
        "{lines:?}"
    );
}

#[test]
fn failed_attempts_are_warnings_and_the_last_one_is_an_error_with_its_fields() {
    let lines = logged(|| {
        let retry = doubling(&RecordingClock::default())
            .name("fetch")
            .max_retries(1)
            .build()
            .unwrap();
        let _ = retry.call(|| Err::<(), _>("refused\nby the gate".to_owned()));
    });
    let levels: Vec<Level> = lines.iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::WARN, Level::ERROR]);
    let (first, last) = (&lines[0], &lines[1]);
    assert_eq!(
        first[names::field::MESSAGE],
        "attempt 1/2 of `fetch` failed, next in 1.00 s"
    );
    assert_eq!(first[names::field::RETRY_NAME], "fetch");
    assert_eq!(first[names::field::RETRY_DELAY], "1.0");
    assert_eq!(
        first[names::field::ERROR_TEXT],
        "refused\\nby the gate",
        "one line, whatever the error holds"
    );
    assert_eq!(
        last[names::field::MESSAGE],
        "`fetch` failed for good after 2 attempts (exhausted)"
    );
    assert_eq!(last[names::field::RETRY_ATTEMPTS], "2");
    assert_eq!(last[names::field::RETRY_MAX_ATTEMPTS], "2");
    assert_eq!(
        last[names::field::RETRY_REASON],
        StopReason::Exhausted.name()
    );
    assert_eq!(last[names::field::DURATION], "1.0");
}

#[test]
fn late_success_and_permanent_error_are_logged_at_debug() {
    let lines = logged(|| {
        let retry = doubling(&RecordingClock::default()).build().unwrap();
        let _ = retry.call(script([Err("once"), Ok(())]));
        let _ = retry.call(|| Err::<(), _>(failure(ErrorCode::PERMISSION_ERROR)));
    });
    let actual: Vec<(Level, &str)> = lines
        .iter()
        .map(|line| (line.level, line.message()))
        .collect();
    let expected = [
        (Level::WARN, "attempt 1/4 of `retry` failed, next in 1.00 s"),
        (Level::DEBUG, "`retry` succeeded at attempt 2/4"),
        (
            Level::DEBUG,
            "`retry` is not tried again after 1 attempts (permanent)",
        ),
    ];
    assert_eq!(actual, expected);
}

#[test]
fn hook_that_panics_is_logged_as_an_error() {
    let lines = logged(|| {
        let faulty = |_: &FailedAttempt<'_>| panic!("a faulty hook");
        let retry = doubling(&RecordingClock::default())
            .name("fetch")
            .max_retries(1)
            .on_retry(faulty)
            .build()
            .unwrap();
        let _ = retry.call(|| Err::<(), _>("down"));
    });
    assert_eq!(lines[0].level, Level::ERROR);
    assert_eq!(
        lines[0].message(),
        "the on_retry callback of `fetch` panicked"
    );
    assert_eq!(lines[0][names::field::CALLBACK], "on_retry");
}

/// The two attempts that failed are no errors, and no calls of their own.
#[test]
fn late_success_is_one_success_of_three_attempts_in_the_monitor() {
    let retry = doubling(&RecordingClock::default())
        .name("counted-late")
        .build()
        .unwrap();
    assert!(retry.call(script([Err("a"), Err("b"), Ok(())])).is_ok());
    let snapshot = gardefou::error_monitor().snapshot();
    let mine: Vec<_> = snapshot
        .retries
        .iter()
        .filter(|row| row.name == "counted-late")
        .collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(
        (mine[0].kind.name(), mine[0].count, mine[0].attempts),
        ("successful_with_retry", 1, 3)
    );
    assert!(
        snapshot
            .operations
            .iter()
            .all(|row| row.name != "counted-late")
    );
}

#[test]
fn lines_between_attempts_have_the_configured_level() {
    let levels = |level: Option<LogLevel>| {
        let lines = logged(|| {
            let mut builder = doubling(&RecordingClock::default())
                .name("chosen-level")
                .max_retries(2);
            if let Some(level) = level {
                builder = builder.log_level(level);
            }
            let _ = builder
                .build()
                .unwrap()
                .call(script([Err("a"), Err("b"), Ok(())]));
        });
        lines.into_iter().map(|line| line.level).collect::<Vec<_>>()
    };
    assert_eq!(levels(None), [Level::WARN, Level::WARN, Level::DEBUG]);
    assert_eq!(
        levels(Some(LogLevel::Trace)),
        [Level::TRACE, Level::TRACE, Level::DEBUG]
    );
    assert_eq!(
        levels(Some(LogLevel::Error)),
        [Level::ERROR, Level::ERROR, Level::DEBUG]
    );
}

#[retry(name = "chosen-by-attribute", initial_delay = 0, log_level = "trace")]
fn recovers(outcomes: &mut Vec<Result<(), &'static str>>) -> Result<(), &'static str> {
    outcomes.remove(0)
}

#[retry_with_circuit_breaker(name = "chosen-by-attribute", initial_delay = 0, log_level = LogLevel::Error)]
fn recovers_behind_a_breaker(outcomes: &mut Vec<Result<(), AppError>>) -> Result<(), AppError> {
    outcomes.remove(0)
}

#[test]
fn attribute_sets_the_level_of_the_lines_between_attempts() {
    let lines = logged(|| recovers(&mut vec![Err("a"), Err("b"), Ok(())]).unwrap());
    let levels: Vec<Level> = lines.into_iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::TRACE, Level::TRACE, Level::DEBUG]);
    let lines = logged(|| {
        recovers_behind_a_breaker(&mut vec![Err(failure(ErrorCode::SYNC_ERROR)), Ok(())]).unwrap();
    });
    let levels: Vec<Level> = lines.into_iter().map(|line| line.level).collect();
    assert_eq!(levels, [Level::ERROR, Level::DEBUG]);
}

#[test]
fn polling_loop_logs_no_warning_and_one_last_line() {
    let lines = logged(|| {
        let retry = doubling(&RecordingClock::default())
            .name("polls")
            .max_retries(9)
            .build()
            .unwrap();
        let mut states = ["pending", "pending", "pending", "done"].into_iter();
        let state = retry.call_while(
            || Ok::<_, String>(states.next().unwrap()),
            |state| *state == Ok("pending"),
        );
        assert_eq!(state.as_deref(), Ok("done"));
    });
    assert!(
        lines.iter().all(|line| line.level == Level::DEBUG),
        "{lines:?}"
    );
    assert_eq!(
        lines.len(),
        4,
        "three between the attempts, and one at the end"
    );
}
