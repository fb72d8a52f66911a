//! Start with settings from the environment variables of a child process.

use gardefou::{AppError, ErrorCode, ErrorSystem, health::HealthConfig, health_check};
use gardefou_tests::testkit::{child, lock::alone};
use std::{ffi::OsString, time::Duration};

/// Runs in a child process of the tests below: starts the system, or prints the problems.
#[test]
fn child_that_starts_from_its_environment() {
    if !child::is_child() {
        return;
    }
    let _turn = alone();
    let builder = match ErrorSystem::from_env() {
        Ok(builder) => builder,
        Err(err) => {
            err.problems()
                .for_each(|problem| println!("\nproblem {}", problem.field));
            println!("\nerror {err}");
            return;
        }
    };
    let guard = builder.init().unwrap();
    let expected = HealthConfig::builder()
        .period(Duration::from_secs(20))
        .background(false);
    assert_eq!(health_check().config(), expected.build().unwrap());
    assert!(guard.alerts_status().is_some());
    gardefou::report(&AppError::new(
        ErrorCode::SYNC_ERROR,
        "reported by the child",
    ));
    let report = guard.shutdown();
    assert!(report.is_clean(), "{report}");
    println!("\nstarted");
}

/// Starts this program again with further variables, and returns the lines that it prints.
fn child(variables: impl IntoIterator<Item = (&'static str, OsString)>) -> Vec<String> {
    let child = "environment::child_that_starts_from_its_environment";
    let output = child::command(child, "").envs(variables).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Returns a text that is not UTF-8, where the system allows it.
fn odd() -> OsString {
    #[cfg(unix)]
    let odd = std::os::unix::ffi::OsStringExt::from_vec(b"odd-\xff".to_vec());
    #[cfg(not(unix))]
    let odd = OsString::from("odd");
    odd
}

#[test]
fn system_starts_with_the_settings_of_the_environment_and_ignores_other_variables() {
    let folder = tempfile::tempdir().unwrap();
    // Paths need not be UTF-8.
    let journal = folder.path().join(odd());
    let texts = [
        ("GARDEFOU_HEALTH_PERIOD", "20s"),
        ("GARDEFOU_HEALTH_BACKGROUND", "false"),
        ("GARDEFOU_MONITOR_RECENT_EVENTS", " 7 "),
        ("GARDEFOU_JOURNAL_MAX_BYTES", "64MiB"),
        ("GARDEFOU_ALERTS_MIN_LEVEL", "critical"),
        ("GARDEFOU_SHUTDOWN_DEADLINE", "1m"),
        ("GARDEFOU_STRICT", "false"),
        ("GARDEFOU_EXPAND", "no setting"),
        ("HEALTH_PERIOD", "no setting"),
    ];
    let texts = texts.map(|(name, value)| (name, OsString::from(value)));
    let odd = [
        ("GARDEFOU_JOURNAL", journal.clone().into_os_string()),
        ("GARDEFOU_TEST_OTHER", odd()),
    ];
    let lines = child(texts.into_iter().chain(odd));
    assert!(lines.contains(&"started".to_owned()), "{lines:?}");
    let kept = std::fs::read_to_string(journal.join("errors-00000001.jsonl")).unwrap();
    assert!(kept.contains("reported by the child"), "{kept}");
}

#[test]
fn every_problem_of_the_environment_is_reported_at_once_without_secrets() {
    let texts = [
        ("GARDEFOU_HEALTH_PERIOD", "soon"),
        ("GARDEFOU_HEALTH_PERIODE", "hunter2"),
        ("GARDEFOU_MONITOR_RECENT_EVENTS", "100001"),
        ("GARDEFOU_JOURNAL_MAX_AGE", "7d"),
        ("GARDEFOU_ALERTS_MIN_LEVEL", "loud"),
        ("GARDEFOU_ALERTS_WEBHOOK_SECRET", "hunter2"),
        ("GARDEFOU_STRICT", "yes"),
    ];
    let texts = texts.map(|(name, value)| (name, OsString::from(value)));
    let not_utf8 = cfg!(unix).then(|| ("GARDEFOU_SHUTDOWN_DEADLINE", odd()));
    let lines = child(texts.into_iter().chain(not_utf8));
    let mut problems: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("problem "))
        .collect();
    problems.sort_unstable();
    let mut expected = vec![
        "GARDEFOU_ALERTS_MIN_LEVEL",
        "GARDEFOU_ALERTS_WEBHOOK_SECRET",
        "GARDEFOU_HEALTH_PERIOD",
        "GARDEFOU_JOURNAL_MAX_AGE",
        "GARDEFOU_MONITOR_RECENT_EVENTS",
        "GARDEFOU_STRICT",
        "environment variable",
    ];
    expected.extend(cfg!(unix).then_some("GARDEFOU_SHUTDOWN_DEADLINE"));
    expected.sort_unstable();
    assert_eq!(problems, expected);
    let error = lines
        .iter()
        .find_map(|line| line.strip_prefix("error "))
        .unwrap();
    assert!(
        error.contains("GARDEFOU_HEALTH_PERIODE") && error.contains("\"soon\""),
        "{error}"
    );
    assert!(
        lines.iter().all(|line| !line.contains("hunter2")),
        "{lines:?}"
    );
}

/// Runs in a child process without a log subscriber.
#[test]
fn child_whose_journal_cannot_be_written() {
    if !child::is_child() {
        return;
    }
    let guard = ErrorSystem::from_env().unwrap().init().unwrap();
    guard
        .warnings()
        .iter()
        .for_each(|warning| println!("\nwarning {warning}"));
    gardefou::report(&AppError::new(
        ErrorCode::SYNC_ERROR,
        "reported by the child",
    ));
}

#[test]
fn unwritable_journal_is_a_warning_of_the_start_and_on_the_standard_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let child = "environment::child_whose_journal_cannot_be_written";
    let output = child::command(child, "")
        .env("GARDEFOU_JOURNAL", file.path().join("nope"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(
        out.lines()
            .filter(|line| line.starts_with("warning journal: cannot write: "))
            .count(),
        1,
        "{out}"
    );
    let of_journal: Vec<_> = err
        .lines()
        .filter(|line| line.contains("nope: cannot write; errors wait"))
        .collect();
    assert_eq!(of_journal.len(), 1, "{err}");
    assert!(
        err.lines()
            .any(|line| line.starts_with("gardefou: journal: cannot write: ")),
        "{err}"
    );
}
