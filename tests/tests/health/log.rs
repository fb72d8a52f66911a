//! Log lines of health checks and their levels.

use gardefou::{
    event::names::TARGET_HEALTH,
    health::{Check, CheckResult, Criticality, Health, HealthConfig},
    time::ManualClock,
};
use gardefou_tests::testkit::log::Lines;
use std::{
    sync::{
        Arc, LazyLock, Once,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The log of the whole program, since checks run on other threads.
static LINES: LazyLock<Lines> = LazyLock::new(Lines::default);

fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let of_health = LINES.listener(|line| line.target() == TARGET_HEALTH);
        of_health.install();
    });
}

/// Returns the lines in which a field has this value, in the form `LEVEL message; field=value; ..`
/// without that field.
fn lines_with(field: &str, value: &str) -> Vec<String> {
    let lines = LINES.all().into_iter();
    lines
        .filter(|line| line.field(field) == Some(value))
        .map(|line| line.text_without(field))
        .collect()
}

#[test]
fn change_is_logged_once_at_the_level_of_its_criticality() {
    subscribe();
    let table = [
        (Criticality::Critical, ["INFO", "WARN", "ERROR", "INFO"]),
        (Criticality::Important, ["INFO", "WARN", "WARN", "INFO"]),
        (Criticality::Informational, ["INFO", "INFO", "INFO", "INFO"]),
    ];
    for (criticality, levels) in table {
        // On a clock that stands still no check becomes slow.
        let config = HealthConfig::builder()
            .background(false)
            .clock(ManualClock::new());
        let health = Health::new(config.build().unwrap());
        let runs = AtomicUsize::new(0);
        // Each result twice; the second one is no change.
        let check = move || match runs.fetch_add(1, Ordering::SeqCst) / 2 {
            1 => CheckResult::warn("slow"),
            2 => CheckResult::fail("down: password=hunter2"),
            _ => CheckResult::pass(),
        };
        let name = format!("logged as {criticality}");
        health
            .register(
                Check::dependency(&name, check)
                    .criticality(criticality)
                    .failure_threshold(1),
            )
            .unwrap();
        for _ in 0..8 {
            let _ = health.run_check(&name);
        }
        let [first, slow, down, up] =
            levels.map(|level| format!("{level} health check changed its status"));
        let criticality = format!("criticality={criticality}");
        let expected = [
            format!("{first}; status.to=pass; {criticality}"),
            format!("{slow}; status.from=pass; status.to=warn; {criticality}; output=slow"),
            format!(
                "{down}; status.from=warn; status.to=fail; {criticality}; output=down: password=[redacted]"
            ),
            format!("{up}; status.from=fail; status.to=pass; {criticality}"),
        ];
        assert_eq!(lines_with("check", &name), expected);
    }
}

#[test]
fn panicking_check_is_logged_as_a_failure() {
    subscribe();
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    let line = line!() + 1;
    let bad = || -> bool { panic!("boom") };
    health
        .register(Check::dependency("logged panic", bad).critical())
        .unwrap();
    let _ = health.run_check("logged panic");
    let expected = "ERROR health check changed its status; status.to=fail; criticality=critical; output=panicked at";
    let [logged] = &lines_with("check", "logged panic")[..] else {
        panic!("one line")
    };
    assert!(
        logged.starts_with(&format!("{expected} {}:{line}:", file!()))
            && logged.ends_with(": boom"),
        "{logged}"
    );
}

#[test]
fn check_that_becomes_slow_is_logged_once_before_it_fails() {
    subscribe();
    let clock = ManualClock::new();
    let config = HealthConfig::builder()
        .background(false)
        .timeout(Duration::from_secs(5))
        .clock(clock.clone());
    let health = Health::new(config.build().unwrap());
    let millis = Arc::new(AtomicU64::new(0));
    let (needs, at) = (Arc::clone(&millis), clock.clone());
    health
        .register_check("logged slow", move || {
            at.advance(Duration::from_millis(needs.load(Ordering::SeqCst)));
        })
        .unwrap();
    let mut count = 0;
    let warnings: Vec<_> = [2_499, 2_500, 4_900, 100, 3_000]
        .map(|needed| {
            millis.store(needed, Ordering::SeqCst);
            let _ = health.run_check("logged slow");
            let lines = lines_with("check", "logged slow");
            let new = lines.iter().filter(|line| line.contains("is slow")).count() - count;
            count += new;
            new
        })
        .into();
    assert_eq!(
        warnings,
        [0, 1, 0, 0, 1],
        "{:?}",
        lines_with("check", "logged slow")
    );
    let line = "WARN health check is slow; duration=2.5; limit=5.0";
    assert!(
        lines_with("check", "logged slow")
            .iter()
            .any(|logged| logged == line)
    );
}

#[test]
fn refused_registration_is_logged_as_a_warning() {
    subscribe();
    let health = Health::new(HealthConfig::builder().background(false).build().unwrap());
    health.register_check("logged twice", || true).unwrap();
    let err = health.register_check("logged twice", || true).unwrap_err();
    assert_eq!(
        lines_with("error", &err.to_string()),
        ["WARN health check not registered"]
    );
}
