//! Reloads of the settings of the system: what changes at once, and what waits for the next start.

use gardefou::{
    AppError, ErrorCode, ErrorSystem, ErrorSystemGuard,
    alerts::{AlertsConfig, AlertsConfigBuilder, CallbackChannel, Notification, Rule},
    circuit_breakers,
    config::json_schema,
    error_monitor,
    health::health,
    report,
    system::Reloaded,
    time::ManualClock,
};
use gardefou_tests::testkit::child::in_own_process;
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

/// Two values of each setting of the system, as a file has them.
fn values(folder: &str) -> BTreeMap<&'static str, [String; 2]> {
    let text = |a: &str, b: &str| [format!("{a:?}"), format!("{b:?}")];
    let plain = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
    BTreeMap::from([
        ("system.service", text("orders", "billing")),
        ("system.release", text("1.0", "1.1")),
        ("system.environment", text("test", "production")),
        ("system.shutdown_deadline", plain("5", "6")),
        ("system.panic_hook", plain("false", "true")),
        ("system.strict", plain("false", "true")),
        ("monitor.recent_events", plain("100", "3")),
        ("telemetry.max_names", plain("200", "100")),
        ("journal.folder", text(folder, &format!("{folder}-2"))),
        ("journal.max_bytes", text("64MiB", "32MiB")),
        ("journal.max_age", text("7d", "8d")),
        ("journal.max_segment_bytes", text("8MiB", "4MiB")),
        ("journal.max_segment_age", text("1d", "2d")),
        ("health.period", plain("30", "20")),
        ("health.timeout", plain("5", "4")),
        ("health.deadline", plain("10", "11")),
        ("health.stale_after", plain("90", "80")),
        ("health.failure_threshold", plain("3", "2")),
        ("health.background", plain("true", "false")),
        ("alerts.enabled", plain("true", "false")),
        ("alerts.min_level", text("error", "warning")),
        ("alerts.throttle", text("5m", "4m")),
        ("alerts.source", text("orders", "billing")),
        (
            "alerts.webhook.url",
            text("https://example.com/a", "https://example.com/b"),
        ),
        (
            "alerts.webhook.secret",
            text("0123456789abcdef", "fedcba9876543210"),
        ),
        ("alerts.webhook.format", text("json", "slack")),
        ("alerts.webhook.timeout", plain("10", "9")),
        ("alerts.webhook.allow_http", plain("false", "true")),
        (
            "alerts.webhook.allow_private_addresses",
            plain("false", "true"),
        ),
        (
            "alerts.mail.host",
            text("mail.example.com", "post.example.com"),
        ),
        ("alerts.mail.port", plain("587", "588")),
        (
            "alerts.mail.hello_name",
            text("a.example.com", "b.example.com"),
        ),
        ("alerts.mail.tls", text("starttls", "implicit")),
        ("alerts.mail.from", text("a@example.com", "b@example.com")),
        ("alerts.mail.to", text("c@example.com", "d@example.com")),
        ("alerts.mail.user", text("a", "b")),
        ("alerts.mail.password", text("hidden-a", "hidden-b")),
    ])
}

/// The settings of the schema that belong to no guard, with what it says about each.
pub(super) fn settings() -> BTreeMap<String, String> {
    fn collect(section: &str, schema: &serde_json::Value, found: &mut BTreeMap<String, String>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{section}.{name}");
            if schema["properties"].is_object() {
                collect(&path, schema, found);
            } else {
                found.insert(path, schema["description"].as_str().unwrap().to_owned());
            }
        }
    }
    let schema = json_schema();
    let mut found = BTreeMap::new();
    for (section, schema) in schema["properties"].as_object().unwrap() {
        collect(section, schema, &mut found);
    }
    found
}

pub(super) const WAITS: &str = "Holds from the next start on.";

fn file(values: &BTreeMap<&str, String>) -> String {
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for (path, value) in values {
        let (section, name) = path.rsplit_once('.').unwrap();
        *sections.entry(section).or_default() += &format!("{name} = {value}\n");
    }
    let texts = sections
        .iter()
        .map(|(name, lines)| format!("[{name}]\n{lines}"));
    texts.collect()
}

#[test]
fn each_setting_either_changes_at_once_or_is_named_as_one_that_waits() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        let journal = folder.path().join("journal");
        let values = values(journal.to_str().unwrap());
        let settings = settings();
        assert_eq!(
            values
                .keys()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
            settings.keys().cloned().collect::<Vec<_>>()
        );
        let first: BTreeMap<_, _> = values
            .iter()
            .map(|(name, [first, _])| (*name, first.clone()))
            .collect();
        fs::write(&path, file(&first)).unwrap();
        let system = ErrorSystem::builder().config_file(&path).init().unwrap();
        let mut waiting = Vec::new();
        for (name, [_, second]) in &values {
            let mut changed = first.clone();
            changed.insert(name, second.clone());
            fs::write(&path, file(&changed)).unwrap();
            let done = system.reload().unwrap();
            let waits = settings[*name].ends_with(WAITS);
            // With alerts that are to end, what is changed of them waits too.
            assert_eq!(
                done.at_restart,
                if waits {
                    vec![(*name).to_owned()]
                } else {
                    vec![]
                },
                "{name}"
            );
            assert!(done.changed && done.guards == 0);
            waiting.extend(waits.then_some(*name));
        }
        assert!(waiting.len() < values.len() - 10, "{waiting:?}");
        // Back at what the system was started with, nothing waits.
        fs::write(&path, file(&first)).unwrap();
        assert!(system.reload().unwrap().at_restart.is_empty());
        // All at once.
        let second = values
            .iter()
            .map(|(name, [_, second])| (*name, second.clone()));
        let second: BTreeMap<_, _> = second.collect();
        fs::write(&path, file(&second)).unwrap();
        let all = system.reload().unwrap().at_restart;
        for name in &waiting {
            assert!(all.contains(&(*name).to_owned()), "{name}");
        }
        // The journal stays in its folder, so that its limits wait too.
        assert!(
            all.contains(&"journal.max_age".to_owned())
                && !all.contains(&"health.period".to_owned())
        );
        let shown = format!("{all:?}");
        assert!(
            !shown.contains("hidden") && !shown.contains("fedcba"),
            "{shown}"
        );
    });
}

struct Started {
    _folder: TempDir,
    path: PathBuf,
    system: ErrorSystemGuard,
}

impl Started {
    fn new(
        text: &str,
        configure: impl FnOnce(
            gardefou::system::ErrorSystemBuilder,
        ) -> gardefou::system::ErrorSystemBuilder,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gardefou.toml");
        fs::write(&path, text).unwrap();
        let system = configure(ErrorSystem::builder().config_file(&path))
            .init()
            .unwrap();
        Self {
            _folder: folder,
            path,
            system,
        }
    }

    fn reload(&self, text: &str) -> Reloaded {
        fs::write(&self.path, text).unwrap();
        self.system.reload().unwrap()
    }
}

fn error(level: &str) -> AppError {
    AppError::new(ErrorCode::SYNC_ERROR, format!("an error of {level}"))
}

#[test]
fn health_checks_follow_a_reload_and_a_bad_file_changes_nothing() {
    in_own_process(|| {
        let started = Started::new("[health]\ntimeout = 3\nbackground = false", |builder| {
            builder.health(gardefou::health::HealthConfig::builder().failure_threshold(9))
        });
        let text = || format!("{:?}", health().config());
        let has = |setting: &str| assert!(text().contains(setting), "{}", text());
        has("timeout: 3s");
        has("failure_threshold: 9");
        started.reload("[health]\ntimeout = 4\nfailure_threshold = 2\nbackground = false");
        has("timeout: 4s");
        has("failure_threshold: 2");
        let before = text();
        // The second is wrong beside the first, and the guards are right.
        fs::write(
            &started.path,
            "[breaker.a]\nfailure_threshold = 1\n[health]\ntimeout = 6\ndeadline = 5",
        )
        .unwrap();
        assert!(started.system.reload().is_err());
        assert_eq!(text(), before);
        // Whether checks run in the background waits, and is not half changed.
        let done = started.reload("[health]\ntimeout = 5");
        assert_eq!(done.at_restart, ["health.background"]);
        has("timeout: 5s");
        has("background: false");
        has("failure_threshold: 9");
        // A change by hand stays until the settings of health change.
        let by_hand = gardefou::health::HealthConfig::builder().period(Duration::from_secs(7));
        health().configure(by_hand.build().unwrap()).unwrap();
        started.reload("[health]\ntimeout = 5\n[monitor]\nrecent_events = 9");
        has("period: 7s");
        started.reload("[health]\ntimeout = 6\n[monitor]\nrecent_events = 9");
        has("period: 30s");
    });
}

#[test]
fn monitor_keeps_fewer_recent_errors_after_a_reload() {
    in_own_process(|| {
        let started = Started::new("", |builder| builder);
        (0..9).for_each(|_| report(&error("nine")));
        assert_eq!(error_monitor().stats().recent_errors.len(), 9);
        started.reload("[monitor]\nrecent_events = 4");
        (0..9).for_each(|_| report(&error("nine")));
        let stats = error_monitor().stats();
        assert_eq!((stats.recent_errors.len(), stats.total_errors), (4, 18));
    });
}

#[test]
fn files_of_the_journal_are_held_to_the_new_limit_of_size() {
    in_own_process(|| {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        let section = format!("[journal]\nfolder = {:?}\n", journal.to_str().unwrap());
        let started = Started::new(&section, |builder| builder);
        let files = || {
            let entries = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap());
            entries
                .filter(|entry| entry.metadata().unwrap().len() > 1000)
                .count()
        };
        let write = || (0..40).for_each(|_| report(&error(&"x".repeat(200))));
        write();
        assert_eq!(files(), 1);
        let done = started.reload(&format!("{section}max_segment_bytes = \"4KiB\""));
        assert!(done.at_restart.is_empty(), "{done:?}");
        write();
        assert!(files() > 2, "{}", files());
        let done = started.reload(&section.replace("journal\"", "other\""));
        assert_eq!(done.at_restart, ["journal.folder"]);
        assert!(!folder.path().join("other").exists());
        let counted = error_monitor().journal().unwrap().counts().unwrap();
        assert!(format!("{counted:?}").contains("80"), "{counted:?}");
    });
}

#[test]
fn severity_from_which_alerts_are_sent_follows_a_reload() {
    in_own_process(|| {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sent);
        let channel = CallbackChannel::new("test", move |notification: &Notification| {
            seen.lock().unwrap().push(notification.title.clone());
            Ok(())
        });
        let started = Started::new("[alerts]\nmin_level = \"critical\"", |builder| {
            builder.alerts(AlertsConfig::builder().channel(channel))
        });
        let flush = || drop(started.system.flush(Duration::from_secs(60)));
        report(&error("before"));
        flush();
        assert!(sent.lock().unwrap().is_empty());
        let done = started.reload("[alerts]\nmin_level = \"error\"\nthrottle = 60");
        assert!(done.at_restart.is_empty(), "{done:?}");
        report(&error("after"));
        flush();
        assert_eq!(sent.lock().unwrap().len(), 1, "{sent:?}");
    });
}

#[test]
fn rules_keep_what_they_have_counted_and_a_pause_under_way_ends_as_it_was_to() {
    in_own_process(|| {
        let clock = ManualClock::new();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&sent);
        let channel = CallbackChannel::new("test", move |notification: &Notification| {
            let sent = (notification.rule.clone(), notification.suppressed);
            seen.lock().unwrap().push(sent);
            Ok(())
        });
        let minute = Duration::from_secs(60);
        let rules = [
            Rule::ratio("ratio", "payments", 0.5, 10 * minute).min_calls(10),
            Rule::immediate("own").code(ErrorCode::SYNC_ERROR),
        ];
        let alerts = AlertsConfig::builder()
            .channel(channel)
            .clock(clock.clone())
            .background(false);
        let alerts = rules.into_iter().fold(alerts, AlertsConfigBuilder::rule);
        let started = Started::new("", |builder| builder.alerts(alerts));
        let look = |after: Duration| {
            clock.advance(after);
            drop(started.system.flush(minute));
            std::mem::take(&mut *sent.lock().unwrap())
        };
        let second = Duration::from_secs(1);
        let payments = circuit_breakers()
            .get_or_create("payments", |code| {
                code.failure_threshold(100).clock(clock.clone())
            })
            .unwrap();
        let fail = |calls| (0..calls).for_each(|_| payments.try_acquire().unwrap().failure());
        let of_own = |suppressed| vec![("own".to_owned(), suppressed)];
        fail(6);
        report(&error("first"));
        report(&error("first"));
        assert_eq!(look(2 * second), of_own(0));
        // Adds rules before and after them, and makes the pause longer.
        let file = "[alerts]\nmin_level = \"critical\"\nthrottle = \"1h\"";
        assert!(started.reload(file).at_restart.is_empty());
        fail(6);
        assert_eq!(
            look(2 * second),
            [("ratio".to_owned(), 0)],
            "12 calls, 6 of them before"
        );
        assert_eq!(look(5 * minute), of_own(1), "of the pause that ran already");
        report(&error("first"));
        assert_eq!(
            look(30 * minute),
            [("ratio".to_owned(), 0)],
            "back in bounds"
        );
        assert_eq!(look(31 * minute), of_own(1), "of the longer one");
        // Their rules end with the line: a critical error is none of theirs any more.
        assert!(started.reload("").at_restart.is_empty());
        let critical = AppError::new(ErrorCode::DB_INTEGRITY_ERROR, "another");
        report(&critical);
        assert_eq!(look(second), []);
    });
}

#[test]
fn settings_of_alerts_wait_where_there_are_none() {
    in_own_process(|| {
        let started = Started::new("", |builder| builder);
        let done = started.reload("[alerts]\nthrottle = 60");
        assert_eq!(done.at_restart, ["alerts.throttle"]);
        assert!(started.system.alerts_status().is_none());
    });
}

#[test]
fn parts_of_a_program_join_a_system_that_was_reloaded() {
    in_own_process(|| {
        let started = Started::new("[health]\ntimeout = 3", |builder| builder);
        started.reload("[health]\ntimeout = 4");
        let second = ErrorSystem::builder().config_file(&started.path).init();
        let second = second.unwrap();
        assert!(!second.reload().unwrap().changed);
        drop(started.system);
        fs::write(&started.path, "[health]\ntimeout = 5").unwrap();
        assert!(second.reload().unwrap().changed);
        assert!(format!("{:?}", health().config()).contains("timeout: 5s"));
    });
}
