//! The catalogue of variables.

pub(super) const SERVICE: &str = "GARDEFOU_SERVICE";
pub(super) const RELEASE: &str = "GARDEFOU_RELEASE";
pub(super) const ENVIRONMENT: &str = "GARDEFOU_ENVIRONMENT";
pub(super) const HEALTH_PERIOD: &str = "GARDEFOU_HEALTH_PERIOD";
pub(super) const HEALTH_TIMEOUT: &str = "GARDEFOU_HEALTH_TIMEOUT";
pub(super) const HEALTH_DEADLINE: &str = "GARDEFOU_HEALTH_DEADLINE";
pub(super) const HEALTH_STALE_AFTER: &str = "GARDEFOU_HEALTH_STALE_AFTER";
pub(super) const HEALTH_FAILURE_THRESHOLD: &str = "GARDEFOU_HEALTH_FAILURE_THRESHOLD";
pub(super) const HEALTH_BACKGROUND: &str = "GARDEFOU_HEALTH_BACKGROUND";
pub(super) const MONITOR_RECENT_EVENTS: &str = "GARDEFOU_MONITOR_RECENT_EVENTS";
pub(super) const JOURNAL: &str = "GARDEFOU_JOURNAL";
pub(super) const JOURNAL_MAX_BYTES: &str = "GARDEFOU_JOURNAL_MAX_BYTES";
pub(super) const JOURNAL_MAX_AGE: &str = "GARDEFOU_JOURNAL_MAX_AGE";
pub(super) const JOURNAL_SEGMENT_BYTES: &str = "GARDEFOU_JOURNAL_SEGMENT_BYTES";
pub(super) const JOURNAL_SEGMENT_AGE: &str = "GARDEFOU_JOURNAL_SEGMENT_AGE";
pub(super) const ALERTS: &str = "GARDEFOU_ALERTS";
pub(super) const ALERTS_LEVEL: &str = "GARDEFOU_ALERTS_LEVEL";
pub(super) const ALERTS_THROTTLE: &str = "GARDEFOU_ALERTS_THROTTLE";
pub(super) const ALERTS_SOURCE: &str = "GARDEFOU_ALERTS_SOURCE";
pub(super) const WEBHOOK_URL: &str = "GARDEFOU_ALERTS_WEBHOOK_URL";
pub(super) const WEBHOOK_SECRET: &str = "GARDEFOU_ALERTS_WEBHOOK_SECRET";
pub(super) const WEBHOOK_FORMAT: &str = "GARDEFOU_ALERTS_WEBHOOK_FORMAT";
pub(super) const WEBHOOK_TIMEOUT: &str = "GARDEFOU_ALERTS_WEBHOOK_TIMEOUT";
pub(super) const WEBHOOK_ALLOW_HTTP: &str = "GARDEFOU_ALERTS_WEBHOOK_ALLOW_HTTP";
pub(super) const WEBHOOK_ALLOW_PRIVATE: &str = "GARDEFOU_ALERTS_WEBHOOK_ALLOW_PRIVATE";
pub(super) const MAIL_HOST: &str = "GARDEFOU_ALERTS_MAIL_HOST";
pub(super) const MAIL_PORT: &str = "GARDEFOU_ALERTS_MAIL_PORT";
pub(super) const MAIL_HELLO_NAME: &str = "GARDEFOU_ALERTS_MAIL_HELLO_NAME";
pub(super) const MAIL_TLS: &str = "GARDEFOU_ALERTS_MAIL_TLS";
pub(super) const MAIL_FROM: &str = "GARDEFOU_ALERTS_MAIL_FROM";
pub(super) const MAIL_TO: &str = "GARDEFOU_ALERTS_MAIL_TO";
pub(super) const MAIL_USER: &str = "GARDEFOU_ALERTS_MAIL_USER";
pub(super) const MAIL_PASSWORD: &str = "GARDEFOU_ALERTS_MAIL_PASSWORD";
pub(super) const SHUTDOWN_DEADLINE: &str = "GARDEFOU_SHUTDOWN_DEADLINE";
pub(super) const PANIC_HOOK: &str = "GARDEFOU_PANIC_HOOK";
pub(super) const STRICT: &str = "GARDEFOU_STRICT";

/// In the order of the table in the documentation of `from_env`, which a test holds against this.
pub(super) const ALL: [&str; 36] = [
    SERVICE,
    RELEASE,
    ENVIRONMENT,
    HEALTH_PERIOD,
    HEALTH_TIMEOUT,
    HEALTH_DEADLINE,
    HEALTH_STALE_AFTER,
    HEALTH_FAILURE_THRESHOLD,
    HEALTH_BACKGROUND,
    MONITOR_RECENT_EVENTS,
    JOURNAL,
    JOURNAL_MAX_BYTES,
    JOURNAL_MAX_AGE,
    JOURNAL_SEGMENT_BYTES,
    JOURNAL_SEGMENT_AGE,
    ALERTS,
    ALERTS_LEVEL,
    ALERTS_THROTTLE,
    ALERTS_SOURCE,
    WEBHOOK_URL,
    WEBHOOK_SECRET,
    WEBHOOK_FORMAT,
    WEBHOOK_TIMEOUT,
    WEBHOOK_ALLOW_HTTP,
    WEBHOOK_ALLOW_PRIVATE,
    MAIL_HOST,
    MAIL_PORT,
    MAIL_HELLO_NAME,
    MAIL_TLS,
    MAIL_FROM,
    MAIL_TO,
    MAIL_USER,
    MAIL_PASSWORD,
    SHUTDOWN_DEADLINE,
    PANIC_HOOK,
    STRICT,
];

/// What the names of all settings begin with, so that a misspelt one is told instead of ignored.
const PREFIX: &str = "GARDEFOU_";

/// Other variables of the project.
const NO_SETTINGS: [&str; 3] = ["GARDEFOU_EXPAND", "GARDEFOU_MODEL_", "GARDEFOU_TEST_"];

pub(super) fn is_setting(name: &str) -> bool {
    name.starts_with(PREFIX) && !NO_SETTINGS.iter().any(|other| name.starts_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_looked_for_and_nothing_else() {
        assert!(ALL.into_iter().all(is_setting));
        assert!(is_setting("GARDEFOU_HEALTH_PERIODE") && is_setting("GARDEFOU_JURNAL"));
        assert!(!is_setting("GARDEFOU_EXPAND") && !is_setting("PATH"));
    }

    #[test]
    fn the_table_in_the_documentation_has_every_variable_and_no_other() {
        let rows = include_str!("settings.rs")
            .lines()
            .filter_map(|line| line.trim().strip_prefix("/// | `"));
        let documented: Vec<&str> = rows
            .filter_map(|row| row.split_once('`').map(|(name, _)| name))
            .collect();
        assert_eq!(documented, ALL);
    }
}
